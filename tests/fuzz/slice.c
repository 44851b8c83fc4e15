/* Any text as a slice of a (4, 3, 5) record: refused with a reason, or a plan whose items add up. */
#define FUZZ_NAME "slice"
#include "fuzz.h"
#include "base/error.h"
#include "tensor/slice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct npys_header h;
	char text[64] = "";
	int32_t item[15] = {0}, out[15];
	struct slice slice;
	struct slice_plan plan;
	size_t numbers = 0;
	memcpy(text, data, size < sizeof text ? size : sizeof text - 1);
	FUZZ_CHECK(npys_shape(&h, NPYS_I4, 3, (size_t[]){4, 3, 5}) == 0);
	err_set("%s", "");
	if (slice_parse(text, &slice) < 0 || slice_plan(&slice, &h, &plan) < 0) {
		FUZZ_CHECK(err_reason()[0]);
		return 0;
	}
	for (size_t i = 0; i < h.items; i++)
		numbers += slice_takes(&plan, i) ? slice_item(&plan, item, out) : 0;
	FUZZ_CHECK(numbers == plan.out.elements);
	return 0;
}
