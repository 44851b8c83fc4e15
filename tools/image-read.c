/* image-read: PNM, PAM, JPEG and PNG images from files, folders or standard input as batches on an npys stream. */
#include <stdio.h>
#include <stdlib.h>
#include "base/memory.h"
#include "base/progress.h"
#include "base/tool.h"
#include "image/batcher.h"
#include "image/source.h"
#include "image/split.h"
#include "table/table.h"

enum part { PART_ALL, PART_TRAIN, PART_VALIDATION };
enum type { TYPE_AUTO, TYPE_U1, TYPE_F4 };

static const char *output, *classes_file;
static struct source_options how;
static size_t count;
static bool has_count, verbose;
static int part, type;
static const struct opt options[] = {
    OPT_FLAG(0, "colour", &how.colour, "keep red, green and blue: (N, 3, H, W)"),
    OPT_COUNT(
	0, "size", &how.size, NULL, CLOSED(1, 65536), "px", "make the shorter side that long"),
    OPT_COUNT(0, "crop", &how.crop, NULL, CLOSED(1, 65536), "px", "keep the centred square"),
    OPT_FLAG(0, "label-dirs", &how.label_dirs, "label each image by the folder that holds it"),
    OPT_TEXT(0, "classes", &classes_file, NULL, "file", "write a table of the labels' folders"),
    OPT_CHOICE(
	0, "part", &part, "all", "all,train,validation", "train has nine in ten, validation one"),
    OPT_CHOICE(0, "type", &type, "auto", "auto,u1,f4", "of all images; auto: each has its own"),
    OPT_FLAG(0, "skip-broken", &how.skip_broken, "pass over files that cannot be read"),
    OPT_COUNT_GIVEN(
	'n', "count", &count, &has_count, AT_LEAST(1), "number", "stop after so many images"),
    OPT_VERBOSE(&verbose),
    OPT_OUTPUT(&output),
    OPT_END,
};
static const struct opt_rule rules[] = {OPT_RULE("classes", GIVEN("label-dirs")), OPT_RULES_END};
static const struct tool tool = {
    "image-read", "read images as batches", "[file or folder ...]", 0, SIZE_MAX, options, rules};

static bool wanted(const struct source_image *image)
{
	return part == PART_ALL || (part == PART_VALIDATION) ==
				       split_is_validation(image->class, image->index, SPLIT_PART);
}

/* The table of --classes: label, folder, images written. */
static void write_classes(const struct source *source, const size_t *images)
{
	struct table_out *table = tool_need(table_create(classes_file, "label folder images"));
	for (size_t i = 0; i < source_classes(source); i++) {
		table_int(table, (long long)i);
		table_text(table, source_class_name(source, i));
		table_int(table, (long long)images[i]);
	}
	tool_check(table_close(table));
}

int main(int argc, char **argv)
{
	size_t operands = tool_start(&tool, argc, argv), done = 0, skipped;
	const char *first;
	struct source_image image;
	struct npys_out *out = tool_need(npys_create(output));
	struct source *source = tool_need(source_open(argv + 1, operands, &how));
	struct batcher *batcher =
	    tool_need(batcher_start(out, how.colour, how.label_dirs, source_classes(source)));
	size_t *images = tool_need(mem_alloc(source_classes(source), sizeof *images));
	struct progress progress = progress_start(verbose, "image-read", "images", count);
	while ((!has_count || done < count) && tool_check(source_next(source, &image))) {
		if (!wanted(&image))
			continue;
		tool_check(batcher_add(batcher, image.x, image.c, image.h, image.w,
		    type == TYPE_U1 || (type == TYPE_AUTO && image.exact) ? NPYS_U1 : NPYS_F4,
		    image.class));
		images[image.class]++;
		done++;
		progress_add(&progress, 1, NULL);
	}
	progress_end(&progress);
	skipped = source_skipped(source, &first);
	if (!done) {
		if (first)
			err_set("%s; no file could be read", first);
		else
			err_set("%s: no image of this part", source_file(source));
		tool_fail();
	}
	tool_check(batcher_finish(batcher));
	if (classes_file)
		write_classes(source, images);
	tool_check(npys_close(out));
	if (first)
		fprintf(
		    stderr, "image-read: files passed over: %zu, the first: %s\n", skipped, first);
	source_close(source);
	free(images);
	return STATUS_OK;
}
