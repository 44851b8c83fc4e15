/* tensor-get: take tensors out of an npys stream or a safetensors file, whole or sliced, as npys. */
#include <stdlib.h>
#include <string.h>
#include "base/list.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/tool.h"
#include "tensor/slice.h"
#include "tensor/tensors.h"

static const char *output, *name, *slice_text, *take_text;
static size_t record;
static bool has_record;
static struct slice slice;
static struct list order;
static const struct opt options[] = {
    OPT_TEXT(0, "name", &name, NULL, "name", "copy this tensor of a safetensors file"),
    OPT_COUNT_GIVEN(0, "record", &record, &has_record, AT_LEAST(0), "number",
	"copy this record or tensor, counted from 0"),
    OPT_TEXT(0, "slice", &slice_text, NULL, "slice", "a part of each, as in NumPy: 0:8,:,3"),
    OPT_TEXT(0, "take", &take_text, NULL, "list", "items in this order: 3,0,0 or 7:0:8"),
    OPT_OUTPUT(&output),
    OPT_END,
};
static const struct opt_rule rules[] = {
    OPT_RULE("record", ABSENT("name")),
    OPT_RULE("take", ABSENT("slice")),
    OPT_RULES_END,
};
static const struct tool tool = {"tensor-get",
    "take tensors out of an npys stream or a safetensors file", "[file]", 0, 1, options, rules};

/* Copy the current tensor, or what the slice takes of it, a chunk of items at a time. */
static void copy(struct tensors *in, const struct tensor *tensor, struct npys_out *out)
{
	struct slice_plan plan;
	const struct npys_header *h = &tensor->header;
	size_t chunk = tensors_chunk(h), size = npys_type_size(h->type);
	if (slice_plan(&slice, h, &plan) < 0) {
		err_context("%s: record %zu", tensors_file(in), tensor->record);
		tool_fail();
	}
	unsigned char *from = tool_need(mem_alloc(chunk, h->item * size));
	unsigned char *to = tool_need(mem_alloc(chunk, h->item * size));
	tool_check(npys_begin(out, &plan.out));
	for (size_t done = 0, n; done < h->items; done += n) {
		size_t numbers = 0;
		n = size_min(h->items - done, chunk);
		tool_check(tensors_read_raw(in, from, n));
		for (size_t i = 0; i < n; i++) {
			if (slice_takes(&plan, done + i))
				numbers += slice_item(
				    &plan, from + i * h->item * size, to + numbers * size);
		}
		/* an item of the output may be smaller than one of the input, where an index took the first
		 * axis away: count in the output's own items */
		if (numbers)
			tool_check(npys_write_raw(out, to, numbers / plan.out.item));
	}
	tool_check(npys_flush(out));
	free(from);
	free(to);
}

/* The listed items in their order; the tensor is held in memory. */
static void take(struct tensors *in, const struct tensor *tensor, struct npys_out *out)
{
	struct npys_header header;
	const struct npys_header *h = &tensor->header;
	size_t shape[NPYS_RANK_MAX], bytes = h->item * npys_type_size(h->type);
	memcpy(shape, h->shape, sizeof shape);
	shape[0] = order.count;
	for (size_t i = 0; i < order.count; i++) {
		if (h->rank == 0 || !(order.x[i] < (double)h->items)) {
			err_set("%s: record %zu: no item %g among %zu", tensors_file(in),
			    tensor->record, order.x[i], h->rank ? h->items : 0);
			tool_fail();
		}
	}
	tool_check(npys_shape(&header, h->type, h->rank, shape));
	unsigned char *items = tool_need(mem_alloc(h->items, bytes));
	tool_check(npys_begin(out, &header));
	tool_check(tensors_read_raw(in, items, h->items));
	for (size_t i = 0; i < order.count; i++)
		tool_check(npys_write_raw(out, items + (size_t)order.x[i] * bytes, 1));
	free(items);
}

static void read_order(void)
{
	struct opt_range places = AT_LEAST(0);
	if (list_parse(take_text, false, places, &order) < 0)
		tool_check(err_context("--take"));
	for (size_t i = 0; i < order.count; i++)
		if (order.x[i] != (double)(size_t)order.x[i])
			tool_usage("--take: %g is not a whole number", order.x[i]);
}

int main(int argc, char **argv)
{
	size_t files = tool_start(&tool, argc, argv), copied = 0;
	struct tensor tensor;
	if (take_text)
		read_order();
	if (slice_text && slice_parse(slice_text, &slice) < 0) {
		err_context("--slice");
		tool_fail();
	}
	struct npys_out *out = tool_need(npys_create(output));
	struct tensors *in = tool_need(tensors_open(files ? argv[1] : "-"));
	const struct model *model = tensors_model(in);
	if (name)
		tool_check(tensors_seek(in, name));
	else if (model && !has_record && model_count(model) != 1) {
		err_set("%s: it holds %zu tensors; choose one with --name (tensor-info lists them)",
		    tensors_file(in), model_count(model));
		tool_fail();
	}
	while (tool_check(tensors_next(in, &tensor))) {
		if (has_record && tensor.record != record)
			continue;
		if (!tensor.readable) {
			err_set("%s: %s: numbers of type %s cannot be read; in PyTorch: x.float()",
			    tensors_file(in), tensor.name, tensor.dtype);
			tool_fail();
		}
		(take_text ? take : copy)(in, &tensor, out);
		copied++;
		if (name)
			break;
	}
	if (!copied) {
		err_set("%s: no record %zu", tensors_file(in), record);
		tool_fail();
	}
	tensors_close(in);
	free(order.x);
	tool_check(npys_close(out));
	return STATUS_OK;
}
