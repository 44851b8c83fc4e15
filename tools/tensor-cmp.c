/* tensor-cmp: whether two npys streams or two safetensors files hold the same tensors within a tolerance. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/memory.h"
#include "base/number.h"
#include "base/tool.h"
#include "tensor/summary.h"
#include "tensor/tensors.h"

enum { SAME = 0, DIFFERENT = 1, TROUBLE = 2 };

static double absolute, relative;
static const struct opt options[] = {
    OPT_REAL('a', "atol", &absolute, "0", AT_LEAST(0), "number", "absolute tolerance"),
    OPT_REAL('r', "rtol", &relative, "0", AT_LEAST(0), "number",
	"tolerance relative to the second file's number"),
    OPT_END,
};
static const struct tool tool = {"tensor-cmp",
    "compare two npys streams or safetensors files number by number", "file1 file2", 2, 2, options,
    NULL};

static const char *names[2];

/* As cmp(1): trouble is 2, whatever it is. */
static void trouble(void)
{
	fprintf(stderr, "%s: %s\n", tool.name, err_reason());
	_exit(TROUBLE);
}

static int check(int status)
{
	if (status < 0)
		trouble();
	return status;
}

static void *need(void *pointer)
{
	if (!pointer)
		trouble();
	return pointer;
}

static void differ(const struct tensor *tensor, const char *why)
{
	char record[32];
	snprintf(record, sizeof record, "record %zu", tensor->record);
	fprintf(stderr, "%s: %s %s differ: %s: %s\n", tool.name, names[0], names[1],
	    tensor->name ? tensor->name : record, why);
	_exit(DIFFERENT);
}

/* "[3,0,7]": the place of number `at` in the tensor. */
static void place_text(const struct npys_header *h, size_t at, char *text, size_t size)
{
	size_t used = 0, rest = h->elements;
	text[used++] = '[';
	for (size_t i = 0; i < h->rank; i++) {
		rest /= h->shape[i];
		used +=
		    (size_t)snprintf(text + used, size - used, "%s%zu", i ? "," : "", at / rest);
		at %= rest;
	}
	snprintf(text + used, size - used, "]");
}

static void compare(struct tensors **in, const struct tensor *t)
{
	char text[3 * TENSOR_SHAPE_MAX], shape[2][TENSOR_SHAPE_MAX];
	const struct npys_header *h = &t[0].header;
	struct difference d = {0};
	if (strcmp(t[0].dtype, t[1].dtype) != 0) {
		snprintf(text, sizeof text, "types %s and %s", t[0].dtype, t[1].dtype);
		differ(t, text);
	}
	if (strcmp(tensor_shape(h, shape[0]), tensor_shape(&t[1].header, shape[1])) != 0) {
		snprintf(text, sizeof text, "shapes %s and %s", shape[0], shape[1]);
		differ(t, text);
	}
	if (!t[0].readable) {
		err_set(
		    "%s: %s: numbers of type %s cannot be read", names[0], t[0].name, t[0].dtype);
		trouble();
	}
	size_t chunk = tensors_chunk(h);
	double *a = need(mem_alloc(chunk, h->item * sizeof *a));
	double *b = need(mem_alloc(chunk, h->item * sizeof *b));
	for (size_t done = 0, n; done < h->items; done += n) {
		n = size_min(h->items - done, chunk);
		check(tensors_read(in[0], a, n));
		check(tensors_read(in[1], b, n));
		difference_add(&d, a, b, n * h->item, absolute, relative);
	}
	free(a);
	free(b);
	if (d.count) {
		place_text(h, d.first, shape[0], sizeof shape[0]);
		snprintf(text, sizeof text,
		    "%s is %.9g and %.9g; %zu of %zu numbers differ, by up to %.3g", shape[0], d.a,
		    d.b, d.count, d.compared, d.largest);
		differ(t, text);
	}
}

/* The next tensor of both files: by order in npys, by name in safetensors. 1, or 0 if both have no
 * more. */
static int next_pair(struct tensors **in, struct tensor *t)
{
	const struct model *first = tensors_model(in[0]), *second = tensors_model(in[1]);
	int more = check(tensors_next(in[0], &t[0]));
	if (!first) {
		int other = check(tensors_next(in[1], &t[1]));
		if (more != other)
			differ(more ? &t[0] : &t[1],
			    more ? "only in the first" : "only in the second");
		return more;
	}
	if (more) {
		if (tensors_seek(in[1], t[0].name) < 0)
			differ(&t[0], "only in the first");
		return check(tensors_next(in[1], &t[1]));
	}
	for (size_t i = 0; i < model_count(second); i++) {
		t[1].name = model_tensor(second, i)->name;
		if (!model_find(first, t[1].name))
			differ(&t[1], "only in the second");
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct tensors *in[2];
	struct tensor t[2] = {{0}};
	tool_on_fail(trouble);
	tool_start(&tool, argc, argv);
	if (strcmp(argv[1], "-") == 0 && strcmp(argv[2], "-") == 0)
		tool_usage("-: standard input can be only one of the two");
	for (size_t i = 0; i < 2; i++) {
		in[i] = need(tensors_open(argv[1 + i]));
		names[i] = tensors_file(in[i]);
	}
	if (!tensors_model(in[0]) != !tensors_model(in[1])) {
		err_set(
		    "%s and %s: one is npys, the other safetensors; tensor-get makes npys of both",
		    names[0], names[1]);
		trouble();
	}
	while (next_pair(in, t))
		compare(in, t);
	tensors_close(in[0]);
	tensors_close(in[1]);
	return SAME;
}
