/* image-degrade: contrast, blur, occlusion and noise as train-v1 has them, on any images. See lib/image/degrade.h. */
#include <string.h>
#include "base/threads.h"
#include "base/tool.h"
#include "image/degrade.h"
#include "npys/filter.h"

static struct degrade degrade;
static uint64_t seed;
static size_t threads;
static bool verbose;
static const char *output;

static const struct opt options[] = {
    OPT_REALS('c', "contrast", degrade.contrast, 2, "1,1", ABOVE(0, 100), "low,high",
	"factor of each image's contrast, drawn between"),
    OPT_REAL(
	'b', "blur", &degrade.blur, "0", CLOSED(0, DEGRADE_BLUR_MAX), "px", "sigma of a Gaussian"),
    OPT_REAL(0, "occlude", &degrade.occlude, "0", CLOSED(0, DEGRADE_OCCLUDE_MAX), "share",
	"of each image covered by grey discs and bars"),
    OPT_REAL(0, "noise", &degrade.noise, "0", CLOSED(0, 1e6), "sd",
	"of noise added to pixels, in units of --sd"),
    OPT_REAL(0, "mean", &degrade.mean, "127.5", ANY, "level", "mean luminance of the images"),
    OPT_REAL(
	0, "sd", &degrade.sd, "1", OPEN(0, INFINITY), "level", "standard deviation of the images"),
    OPT_SEED(&seed),
    OPT_THREADS(&threads, "1"),
    OPT_VERBOSE(&verbose),
    OPT_OUTPUT(&output),
    OPT_END,
};
static const struct tool tool = {"image-degrade", "contrast, blur, occlusion and noise for images",
    "[file ...]", 0, SIZE_MAX, options, NULL};

struct chunk {
	size_t c, h, w;
	uint64_t images; /* of the stream, before this chunk */
	float *y;
};

static int start(void *self, const struct batch *batch, size_t *channels)
{
	struct chunk *chunk = self;
	(void)channels;
	chunk->c = batch->c;
	chunk->h = batch->h;
	chunk->w = batch->w;
	return 0;
}

/* Each channel is degraded as an image of its own: channel k of image i has stream i + k 2^40. */
static int one(size_t p, size_t worker, void *argument)
{
	const struct chunk *chunk = argument;
	struct rng rng = rng_start(
	    seed, RNG_DEGRADE, 0, chunk->images + p / chunk->c + ((uint64_t)(p % chunk->c) << 40));
	(void)worker;
	return degrade_image(
	    &degrade, &rng, chunk->h, chunk->w, chunk->y + p * chunk->h * chunk->w);
}

static int run(void *self, const float *x, float *y, size_t images)
{
	struct chunk *chunk = self;
	memcpy(y, x, images * chunk->c * chunk->h * chunk->w * sizeof *y);
	chunk->y = y;
	int status = par_for(images * chunk->c, threads, one, chunk);
	chunk->images += images;
	return status;
}

int main(int argc, char **argv)
{
	size_t files = tool_start(&tool, argc, argv);
	struct chunk chunk = {0};
	if (degrade.contrast[0] > degrade.contrast[1])
		tool_usage("--contrast: %g,%g: the lower factor comes first", degrade.contrast[0],
		    degrade.contrast[1]);
	struct npys_in *in = tool_need(npys_open(argv + 1, files));
	struct npys_out *out = tool_need(npys_create(output));
	struct progress progress = progress_start(verbose, tool.name, "images", 0);
	const struct batch_filter filter = {start, run, &chunk, false};
	tool_check(batch_filter(in, out, &filter, &progress));
	progress_end(&progress);
	npys_close_in(in);
	tool_check(npys_close(out));
	return STATUS_OK;
}
