/*
 * stl10-read: STL-10's binary files as batches of grey images with their labels (Coates, Lee & Ng 2011).
 * See lib/image/stl10.h.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/progress.h"
#include "base/tool.h"
#include "image/resize.h"
#include "image/split.h"
#include "image/stl10.h"
#include "npys/npys.h"

enum part { PART_ALL, PART_TRAIN, PART_VALIDATION };

static size_t size, side, batch;
static bool size_given, verbose;
static int part;
static const char *output;

static const struct opt options[] = {
    OPT_COUNT_GIVEN(0, "size", &size, &size_given, CLOSED(1, 4096), "px",
	"resize to this side by area (as they are)"),
    OPT_CHOICE(0, "part", &part, "all", "all,train,validation",
	"images to read: train has nine in ten, validation one"),
    OPT_COUNT(0, "side", &side, "96", CLOSED(1, 4096), "px", "side of the images in the file"),
    OPT_COUNT(0, "batch", &batch, "500", CLOSED(1, 1e6), "number", "images per record"),
    OPT_VERBOSE(&verbose),
    OPT_OUTPUT(&output),
    OPT_END,
};
static const struct tool tool = {"stl10-read",
    "read STL-10's binary files as grey images with labels", "[images [labels]]", 0, 2, options,
    NULL};

/* Is the next image of that label (-1: unlabelled, all one class) wanted? */
static bool in_part(int label)
{
	static uint64_t count[STL10_CLASSES];
	uint64_t class = label < 0 ? 0 : (uint64_t)label;
	bool held_out = split_is_validation(class, count[class]++, SPLIT_PART);
	return part == PART_ALL || (part == PART_VALIDATION) == held_out;
}

static void write_batch(
    struct npys_out *out, const uint8_t *images, const uint8_t *labels, size_t n)
{
	struct npys_header header;
	tool_check(npys_shape(&header, NPYS_U1, 3, (size_t[]){n, size, size}));
	tool_check(npys_begin(out, &header));
	tool_check(npys_write_raw(out, images, n));
	if (labels) {
		tool_check(npys_shape(&header, NPYS_U1, 1, &n));
		tool_check(npys_begin(out, &header));
		tool_check(npys_write_raw(out, labels, n));
	}
	tool_check(npys_flush(out));
}

int main(int argc, char **argv)
{
	size_t files = tool_start(&tool, argc, argv);
	const char *images_file = files > 0 ? argv[1] : "-",
		   *labels_file = files > 1 ? argv[2] : NULL;
	if (labels_file && !strcmp(images_file, "-") && !strcmp(labels_file, "-"))
		tool_usage("-: images and labels cannot both come from standard input");
	size = size_given ? size : side;

	struct stl10_in *in = tool_need(stl10_open(images_file, labels_file, side));
	float *grey = tool_need(mem_alloc(side * side, sizeof *grey));
	float *resized = tool_need(mem_alloc(size * size, sizeof *resized));
	uint8_t *images = tool_need(mem_alloc(batch, size * size));
	uint8_t *labels = tool_need(mem_alloc(batch, 1));
	struct npys_out *out = tool_need(npys_create(output));
	struct progress progress = progress_start(verbose, "stl10-read", "images", 0);
	size_t held = 0, total = 0;
	int label;
	while (tool_check(stl10_next(in, grey, &label))) {
		progress_add(&progress, 1, NULL);
		if (!in_part(label))
			continue;
		tool_check(resize_area(grey, 1, side, side, resized, size, size));
		for (size_t i = 0; i < size * size; i++)
			images[held * size * size + i] = (uint8_t)lrintf(resized[i]);
		labels[held++] = (uint8_t)label;
		total++;
		if (held == batch) {
			write_batch(out, images, labels_file ? labels : NULL, held);
			held = 0;
		}
	}
	if (!total)
		tool_check(err_set("%s: no image in this part", images_file));
	if (held)
		write_batch(out, images, labels_file ? labels : NULL, held);
	progress_end(&progress);
	tool_check(npys_close(out));

	free(grey);
	free(resized);
	free(images);
	free(labels);
	stl10_close(in);
	return STATUS_OK;
}
