/* tensor-info: list the tensors of npys streams and safetensors files with a summary of their numbers. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/number.h"
#include "base/tool.h"
#include "table/table.h"
#include "tensor/summary.h"
#include "tensor/tensors.h"

static const char *output;
static bool metadata;
static const struct opt options[] = {
    OPT_FLAG(0, "metadata", &metadata, "list the metadata of safetensors instead"),
    OPT_OUTPUT(&output),
    OPT_END,
};
static const struct tool tool = {"tensor-info",
    "list the tensors of npys streams and safetensors files", "[file ...]", 0, SIZE_MAX, options,
    NULL};

/* Metadata are free text: one cell, with backslash, tab and newline as \\, \t and \n. */
static void put_text(struct table_out *table, const char *text)
{
	char *cell = tool_need(mem_alloc(2 * strlen(text) + 1, 1)), *to = cell;
	for (; *text; text++) {
		const char *letter = *text == '\\'   ? "\\"
				     : *text == '\t' ? "t"
				     : *text == '\n' ? "n"
				     : *text == '\r' ? "r"
						     : NULL;
		if (letter)
			*to++ = '\\';
		*to++ = letter ? *letter : *text;
	}
	table_text(table, cell);
	free(cell);
}

static void list_metadata(struct table_out *table, struct tensors *in, const char *file)
{
	const char *key, *value;
	const struct model *model = tensors_model(in);
	if (!model) {
		err_set("%s: an npys stream has no metadata", tensors_file(in));
		tool_fail();
	}
	for (size_t i = 0; model_meta_pair(model, i, &key, &value); i++) {
		table_text(table, file);
		put_text(table, key);
		put_text(table, value);
	}
}

static struct summary summarise(struct tensors *in, const struct tensor *tensor)
{
	struct summary summary = summary_start();
	const struct npys_header *h = &tensor->header;
	size_t chunk = tensors_chunk(h);
	double *x = tool_need(mem_alloc(chunk, h->item * sizeof *x));
	for (size_t done = 0, n; tensor->readable && done < h->items; done += n) {
		n = size_min(h->items - done, chunk);
		tool_check(tensors_read(in, x, n));
		summary_add(&summary, x, n * h->item);
	}
	free(x);
	return summary;
}

static void list_tensors(struct table_out *table, struct tensors *in, const char *file)
{
	char shape[TENSOR_SHAPE_MAX];
	struct tensor tensor;
	while (tool_check(tensors_next(in, &tensor))) {
		struct summary summary = summarise(in, &tensor);
		table_text(table, file);
		table_int(table, (long long)tensor.record);
		if (tensor.name)
			put_text(table, tensor.name);
		else
			table_text(table, NULL);
		table_text(table, tensor.dtype);
		table_text(table, tensor_shape(&tensor.header, shape));
		table_int(table, (long long)tensor.header.elements);
		TABLE_REALS(table, summary.min, summary.max, summary.mean, summary_sd(&summary));
		table_int(table, (long long)summary.nan);
		table_int(table, (long long)summary.inf);
		tool_check(table_flush(table));
	}
}

int main(int argc, char **argv)
{
	size_t files = tool_start(&tool, argc, argv);
	struct table_out *table = tool_need(table_create(
	    output, metadata ? "file key value"
			     : "file record name dtype shape elements min max mean sd nan inf"));
	for (size_t i = 0; i < files || i == 0; i++) {
		const char *file = files ? argv[1 + i] : "-";
		struct tensors *in = tool_need(tensors_open(file));
		if (metadata)
			list_metadata(table, in, file);
		else
			list_tensors(table, in, file);
		tensors_close(in);
	}
	tool_check(table_close(table));
	return STATUS_OK;
}
