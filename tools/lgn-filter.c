/*
 * lgn-filter: filter images with the receptive profile of an LGN cell: a Laplacian of a Gaussian, a difference of
 * Gaussians, or any kernel, e.g. a trained model's (lib/conv/kernels.h, lib/conv/filter2d.h).
 */
#include <stdlib.h>
#include "base/memory.h"
#include "base/threads.h"
#include "base/tool.h"
#include "conv/filter2d.h"
#include "conv/kernels.h"
#include "image/rectify.h"
#include "npys/filter.h"

#define KERNEL_MAX ((size_t)1 << 26) /* numbers of a kernel file */

static double log_sigma, dog_sigmas[2], centre[2];
static bool log_given, dog_given, verbose;
static const char *kernel_file, *output;
static int border, rectified;
static size_t threads;

#define SIGMAS CLOSED(KERNEL_SIGMA_MIN, KERNEL_SIGMA_MAX)
static const struct opt options[] = {
    OPT_REAL_GIVEN(
	0, "log", &log_sigma, &log_given, SIGMAS, "px", "Laplacian of a Gaussian of that sigma"),
    OPT_REALS_GIVEN(0, "dog", dog_sigmas, 2, &dog_given, SIGMAS, "px,px",
	"difference of Gaussians: sigma of centre, surround"),
    OPT_REALS(0, "centre", centre, 2, "0,0", CLOSED(-KERNEL_CENTRE_MAX, KERNEL_CENTRE_MAX), "px,px",
	"where the --log's centre is: x to the right, y up"),
    OPT_TEXT(0, "kernel", &kernel_file, NULL, "file", "one kernel (k, k) as npys"),
    OPT_CHOICE(0, "border", &border, "zero", BORDER_WORDS, "values beyond the image"),
    OPT_CHOICE(
	0, "rectify", &rectified, "none", RECTIFY_WORDS, "ON, OFF or both halves of the response"),
    OPT_THREADS(&threads, "1"),
    OPT_VERBOSE(&verbose),
    OPT_OUTPUT(&output),
    OPT_END,
};
static const struct opt_rule rules[] = {
    OPT_RULE(NULL, GIVEN("log"), GIVEN("dog"), GIVEN("kernel")),
    OPT_RULE("log", ABSENT("dog")),
    OPT_RULE("log,dog", ABSENT("kernel")),
    OPT_RULE("centre", GIVEN("log")),
    OPT_RULES_END,
};
static const struct tool tool = {"lgn-filter", "filter images with an LGN cell's receptive profile",
    "[file ...]", 0, 1000000, options, rules};

struct lgn {
	double *kernel;
	size_t kh, kw;
	struct filter2d *filter;
	size_t c, h, w; /* of the filter's images */
	float *signed_response;
	size_t room;
};

/* The only record of a file: (k, k), leading axes of length 1 allowed. */
static double *load_kernel(const char *file, size_t *kh, size_t *kw)
{
	struct npys_array array;
	tool_check(npys_load(file, &array, KERNEL_MAX));
	const struct npys_header *h = &array.header;
	if (h->rank < 2 || h->elements != h->shape[h->rank - 2] * h->shape[h->rank - 1] ||
	    !h->elements) {
		err_set("%s: not one kernel (k, k)", file);
		tool_fail();
	}
	*kh = h->shape[h->rank - 2];
	*kw = h->shape[h->rank - 1];
	return array.x;
}

static int start(void *self, const struct batch *batch, size_t *channels)
{
	struct lgn *lgn = self;
	*channels *= rectify_channels((enum rectify)rectified);
	lgn->c = batch->c;
	if (lgn->filter && lgn->h == batch->h && lgn->w == batch->w)
		return 0;
	filter2d_free(lgn->filter);
	lgn->h = batch->h;
	lgn->w = batch->w;
	lgn->filter = filter2d_plan(
	    batch->h, batch->w, lgn->kh, lgn->kw, lgn->kernel, (enum border)border, threads);
	return lgn->filter ? 0 : -1;
}

static int run(void *self, const float *x, float *y, size_t images)
{
	struct lgn *lgn = self;
	size_t planes = images * lgn->c, pixels = lgn->h * lgn->w;
	if (rectified == RECTIFY_NONE)
		return filter2d_exec(lgn->filter, x, y, planes);
	if (lgn->room < planes * pixels) {
		free(lgn->signed_response);
		lgn->signed_response =
		    tool_need(mem_alloc(planes * pixels, sizeof *lgn->signed_response));
		lgn->room = planes * pixels;
	}
	if (filter2d_exec(lgn->filter, x, lgn->signed_response, planes) < 0)
		return -1;
	rectify((enum rectify)rectified, lgn->signed_response, y, planes, pixels);
	return 0;
}

int main(int argc, char **argv)
{
	size_t files = tool_start(&tool, argc, argv);
	if (dog_given && !(dog_sigmas[0] < dog_sigmas[1]))
		tool_usage("--dog %g,%g: the surround must be wider than the centre", dog_sigmas[0],
		    dog_sigmas[1]);

	struct lgn lgn = {0};
	if (kernel_file)
		lgn.kernel = load_kernel(kernel_file, &lgn.kh, &lgn.kw);
	else
		lgn.kernel =
		    tool_need(log_given ? kernel_log(log_sigma, centre[0], centre[1], &lgn.kh)
					: kernel_dog(dog_sigmas[0], dog_sigmas[1], &lgn.kh));
	lgn.kw = kernel_file ? lgn.kw : lgn.kh;

	struct npys_in *in = tool_need(npys_open(argv + 1, files));
	struct npys_out *out = tool_need(npys_create(output));
	struct progress progress = progress_start(verbose, tool.name, "images", 0);
	struct batch_filter filter = {start, run, &lgn, threads == 1};
	tool_check(batch_filter(in, out, &filter, &progress));
	progress_end(&progress);
	npys_close_in(in);
	tool_check(npys_close(out));
	filter2d_free(lgn.filter);
	free(lgn.kernel);
	free(lgn.signed_response);
	return STATUS_OK;
}
