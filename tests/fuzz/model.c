/* Any bytes as a safetensors file: every tensor and pair of metadata read, or the file refused with a reason. */
#define FUZZ_NAME "model"
#include <string.h>
#include "fuzz.h"
#include "base/error.h"
#include "base/memory.h"
#include "model/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct model *model = model_open(fuzz_file(data, size));
	if (!model) {
		FUZZ_CHECK(err_reason()[0]);
		return 0;
	}
	size_t end = 0;
	for (size_t i = 0; i < model_count(model); i++) {
		const struct model_tensor *tensor = model_tensor(model, i);
		size_t product = 1;
		FUZZ_CHECK(
		    tensor->rank <= MODEL_RANK_MAX && model_find(model, tensor->name) == tensor);
		for (size_t j = 0; j < tensor->rank; j++)
			FUZZ_CHECK(!__builtin_mul_overflow(product, tensor->shape[j], &product));
		FUZZ_CHECK(product == tensor->elements);
		/* no gap, no overlap, nothing outside the file */
		FUZZ_CHECK(tensor->begin == end && tensor->end >= end && tensor->end <= size);
		end = tensor->end;
		double *x = mem_alloc(tensor->elements, sizeof *x);
		FUZZ_CHECK(x && (model_read_double(model, tensor, x) == 0 ||
				    strstr(err_reason(), "cannot be read")));
		free(x);
	}
	const char *key, *value;
	for (size_t i = 0; model_meta_pair(model, i, &key, &value); i++)
		FUZZ_CHECK(strcmp(model_meta(model, key), value) == 0);
	model_close(model);
	return 0;
}
