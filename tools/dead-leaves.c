/*
 * dead-leaves: labelled images of occluding leaves, the embedded default data of the study
 * (Lee, Mumford & Huang 2001; Gousseau & Roueff 2007). See lib/image/leaves.h.
 */
#include <stdlib.h>
#include "base/memory.h"
#include "base/number.h"
#include "base/progress.h"
#include "base/threads.h"
#include "base/tool.h"
#include "image/leaves.h"
#include "npys/npys.h"

#define CHUNK_BYTES (1 << 22) /* of images that are drawn before they are written */
#define GRATING_AMPLITUDE 16

static struct leaves_options leaves_options;
static size_t count, first, batch, threads;
static bool gratings, verbose;
static uint64_t seed;
static const char *output;

static const struct opt options[] = {
    OPT_COUNT('n', "count", &count, "1000", CLOSED(1, 1e12), "number", "images"),
    OPT_COUNT(0, "first", &first, "0", CLOSED(0, 1e12), "number", "number of the first image"),
    OPT_COUNT(0, "batch", &batch, "500", CLOSED(1, 1e6), "number", "images per record"),
    OPT_COUNT(0, "size", &leaves_options.size, "64", CLOSED(1, LEAVES_SIZE_MAX), "px",
	"side of the images"),
    OPT_COUNT(0, "classes", &leaves_options.classes, "6", CLOSED(1, LEAF_SHAPES), "number",
	"number of shapes, of six"),
    OPT_REAL(0, "purity", &leaves_options.purity, "0.92", CLOSED(0, 1), "share",
	"share of leaves with the class's shape"),
    OPT_REALS(0, "radius", leaves_options.radius, 2, "4.5,22", CLOSED(1, LEAVES_RADIUS_MAX),
	"px,px", "smallest and largest radius"),
    OPT_REALS(0, "front", leaves_options.front, 2, "10,20", CLOSED(0, LEAVES_RADIUS_MAX), "px,px",
	"radius of the leaf in front; 0,0: none"),
    OPT_REALS(0, "grey", leaves_options.grey, 2, "40,215", CLOSED(0, 255), "level,level",
	"darkest and lightest leaf"),
    OPT_REAL(0, "shading", &leaves_options.shading, "24", CLOSED(0, 255), "levels",
	"largest change from centre to edge"),
    OPT_REAL(0, "texture", &leaves_options.texture, "12", CLOSED(0, 255), "levels",
	"rms of the 1/f texture"),
    OPT_FLAG(0, "gratings", &gratings, "put a faint grating on each leaf"),
    OPT_REAL(0, "stretch", &leaves_options.stretch, "1", CLOSED(1. / 16, 16), "ratio",
	"how much longer all is along x"),
    OPT_SEED(&seed),
    OPT_THREADS(&threads, "1"),
    OPT_VERBOSE(&verbose),
    OPT_OUTPUT(&output),
    OPT_END,
};
static const struct opt_rule rules[] = {
    OPT_RULE("purity", NONE_OF("classes", "1")),
    OPT_RULES_END,
};
static const struct tool tool = {
    "dead-leaves", "draw labelled images of occluding leaves", "", 0, 0, options, rules};

struct work {
	const struct leaves *leaves;
	struct leaves_canvas **canvas; /* one per thread */
	uint8_t *images;
	size_t pixels;
	uint64_t first;
};

static int draw(size_t i, size_t worker, void *argument)
{
	const struct work *work = argument;
	leaves_draw(
	    work->leaves, work->first + i, work->canvas[worker], work->images + i * work->pixels);
	return 0;
}

/* One record of n images from `work->first` on, and its labels. */
static void write_batch(struct npys_out *out, struct work *work, size_t n, size_t chunk,
    uint8_t *labels, struct progress *progress)
{
	struct npys_header header;
	tool_check(npys_shape(
	    &header, NPYS_U1, 3, (size_t[]){n, leaves_options.size, leaves_options.size}));
	tool_check(npys_begin(out, &header));
	for (size_t i = 0; i < n; i++)
		labels[i] = (uint8_t)leaves_class(work->leaves, work->first + i);
	for (size_t done = 0, now; done < n; done += now, work->first += now) {
		now = size_min(chunk, n - done);
		tool_check(par_for(now, threads, draw, work));
		tool_check(npys_write_raw(out, work->images, now));
		progress_add(progress, now, NULL);
	}
	tool_check(npys_shape(&header, NPYS_U1, 1, &n));
	tool_check(npys_begin(out, &header));
	tool_check(npys_write_raw(out, labels, n));
	tool_check(npys_flush(out));
}

int main(int argc, char **argv)
{
	tool_start(&tool, argc, argv);
	leaves_options.gratings = gratings ? GRATING_AMPLITUDE : 0;
	if (leaves_check(&leaves_options) < 0)
		tool_usage("--%s", err_reason());
	struct leaves *leaves = tool_need(leaves_start(&leaves_options, seed));

	struct work work = {
	    .leaves = leaves, .pixels = leaves_options.size * leaves_options.size, .first = first};
	size_t chunk = size_min(size_min(batch, count), 1 + CHUNK_BYTES / work.pixels);
	uint8_t *labels = tool_need(mem_alloc(batch, 1));
	work.images = tool_need(mem_alloc(chunk, work.pixels));
	work.canvas = tool_need(mem_alloc(threads, sizeof *work.canvas));
	for (size_t i = 0; i < threads; i++)
		work.canvas[i] = tool_need(leaves_canvas(leaves));

	struct npys_out *out = tool_need(npys_create(output));
	struct progress progress = progress_start(verbose, "dead-leaves", "images", count);
	for (size_t done = 0; done < count; done += size_min(batch, count - done))
		write_batch(out, &work, size_min(batch, count - done), chunk, labels, &progress);
	progress_end(&progress);
	tool_check(npys_close(out));

	for (size_t i = 0; i < threads; i++)
		leaves_canvas_free(work.canvas[i]);
	free(work.canvas);
	free(work.images);
	free(labels);
	leaves_free(leaves);
	return STATUS_OK;
}
