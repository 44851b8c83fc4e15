/*
 * whiten: take the predictable part out of images: by a fixed filter for natural images (Olshausen & Field 1997), local
 * contrast normalisation (Jarrett et al. 2009) or the images' own components (Bell & Sejnowski 1997); or, as a control, leave
 * nothing but that part, by phase scrambling (Theiler et al. 1992).
 * See lib/conv/mirror.h, lib/conv/lcn.h, lib/conv/zca.h, lib/conv/scramble.h.
 */
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/threads.h"
#include "base/tool.h"
#include "conv/kernels.h"
#include "conv/lcn.h"
#include "conv/mirror.h"
#include "conv/scramble.h"
#include "conv/spectrum.h"
#include "conv/zca_images.h"
#include "npys/filter.h"
#include "table/table.h"

enum method { FOURIER, LCN, ZCA, SCRAMBLE, NONE };

static int method;
static double cutoff, sigma, shrinkage;
static size_t patch, threads;
static uint64_t seed;
static bool inverse, verbose;
static const char *save_file, *apply_file, *spectrum_file, *output;

static const struct opt options[] = {
    OPT_CHOICE(0, "method", &method, "fourier", "fourier,lcn,zca,scramble,none", "what to do"),
    OPT_REAL(0, "cutoff", &cutoff, "0.4", ABOVE(0, 10), "cpp",
	"fourier: f0 of f exp(-(f/f0)^4), cycles per pixel"),
    OPT_REAL(0, "sigma", &sigma, "2", CLOSED(KERNEL_SIGMA_MIN, KERNEL_SIGMA_MAX), "px",
	"lcn: Gaussian of the local mean and contrast"),
    OPT_REAL(0, "shrinkage", &shrinkage, "0.01", CLOSED(0, 1), "share",
	"zca: of the covariance replaced by its mean variance"),
    OPT_COUNT(0, "patch", &patch, NULL, CLOSED(1, 1000), "px",
	"zca: learn from all patches of that side [whole images]"),
    OPT_TEXT(0, "save", &save_file, NULL, "file", "zca: only learn the transform, and save it"),
    OPT_TEXT(0, "apply", &apply_file, NULL, "file", "zca: use a saved transform"),
    OPT_FLAG(0, "inverse", &inverse, "zca: apply the inverse, with --apply"),
    OPT_TEXT(0, "spectrum", &spectrum_file, NULL, "file",
	"write the radial power spectra before and after"),
    OPT_SEED(&seed),
    OPT_THREADS(&threads, "1"),
    OPT_VERBOSE(&verbose),
    OPT_OUTPUT(&output),
    OPT_END,
};
static const struct opt_rule rules[] = {
    OPT_RULE("cutoff", ONE_OF("method", "fourier")),
    OPT_RULE("sigma", ONE_OF("method", "lcn")),
    OPT_RULE("shrinkage,patch,save,apply", ONE_OF("method", "zca")),
    OPT_RULE("shrinkage,patch,save", ABSENT("apply")),
    OPT_RULE("inverse", GIVEN("apply")),
    OPT_RULE("spectrum,output", ABSENT("save")),
    OPT_RULES_END,
};
static const struct tool tool = {
    "whiten", "take the predictable part out of images", "[file ...]", 0, 1000000, options, rules};

struct whitener {
	size_t c, h, w; /* of the images it is ready for */
	struct mirror_filter *mirror;
	struct lcn *lcn;
	struct scramble *scramble;
	uint64_t images; /* images scrambled so far: an image's number determines its phases */
	struct zca zca;
	struct zca_filter *zca_filter; /* where images are larger than the transform's */
	struct spectrum *before, *after;
};

static void release(struct whitener *whitener)
{
	mirror_free(whitener->mirror);
	lcn_free(whitener->lcn);
	scramble_free(whitener->scramble);
	zca_filter_free(whitener->zca_filter);
	whitener->mirror = NULL;
	whitener->lcn = NULL;
	whitener->scramble = NULL;
	whitener->zca_filter = NULL;
}

static int start_zca(struct whitener *whitener, const struct batch *batch)
{
	const struct zca *zca = &whitener->zca;
	if (batch->c != zca->c || batch->h < zca->h || batch->w < zca->w)
		return err_set(
		    "the transform is of (%zu, %zu, %zu): images of (%zu, %zu, %zu) do not fit",
		    zca->c, zca->h, zca->w, batch->c, batch->h, batch->w);
	if (batch->h == zca->h && batch->w == zca->w)
		return 0;
	if (inverse)
		return err_set(
		    "--inverse: needs images of the transform's size, %zux%zu", zca->h, zca->w);
	whitener->zca_filter = zca_filter_plan(zca, batch->h, batch->w, threads);
	return whitener->zca_filter ? 0 : -1;
}

static int start(void *self, const struct batch *batch, size_t *channels)
{
	struct whitener *whitener = self;
	(void)channels;
	bool ready = whitener->h == batch->h && whitener->w == batch->w && whitener->c == batch->c;
	whitener->c = batch->c;
	if (ready)
		return 0;
	release(whitener);
	whitener->h = batch->h;
	whitener->w = batch->w;
	switch (method) {
	case FOURIER:
		whitener->mirror =
		    mirror_plan(batch->h, batch->w, mirror_whitening, &cutoff, threads);
		return whitener->mirror ? 0 : -1;
	case LCN:
		whitener->lcn = lcn_plan(batch->h, batch->w, sigma, threads);
		return whitener->lcn ? 0 : -1;
	case ZCA:
		return start_zca(whitener, batch);
	case SCRAMBLE:
		whitener->scramble = scramble_plan(batch->c, batch->h, batch->w, threads);
		return whitener->scramble ? 0 : -1;
	default:
		return 0;
	}
}

static int exec(struct whitener *whitener, const float *x, float *y, size_t images)
{
	size_t planes = images * whitener->c;
	if (whitener->mirror)
		return mirror_exec(whitener->mirror, x, y, planes);
	if (whitener->lcn)
		return lcn_exec(whitener->lcn, x, y, planes);
	if (whitener->scramble) {
		whitener->images += images;
		return scramble_exec(
		    whitener->scramble, x, y, images, seed, whitener->images - images);
	}
	if (whitener->zca_filter)
		return zca_filter_exec(whitener->zca_filter, x, y, images);
	if (method == ZCA)
		return (inverse ? zca_unwhiten : zca_exec)(&whitener->zca, x, y, images, threads);
	memcpy(y, x, planes * whitener->h * whitener->w * sizeof *y);
	return 0;
}

static int run(void *self, const float *x, float *y, size_t images)
{
	struct whitener *whitener = self;
	size_t planes = images * whitener->c;
	if (exec(whitener, x, y, images) < 0)
		return -1;
	if (!whitener->before)
		return 0;
	return spectrum_add(whitener->before, x, planes, whitener->h, whitener->w) < 0
		   ? -1
		   : spectrum_add(whitener->after, y, planes, whitener->h, whitener->w);
}

static void write_spectra(struct table_out *table, const struct whitener *whitener)
{
	for (size_t i = 0; i < SPECTRUM_RINGS; i++) {
		double count, frequency, before, after;
		spectrum_ring(whitener->before, i, &count, &frequency, &before);
		spectrum_ring(whitener->after, i, &count, &frequency, &after);
		TABLE_REALS(table, frequency, before, after, count);
	}
	tool_check(table_close(table));
}

int main(int argc, char **argv)
{
	size_t files = tool_start(&tool, argc, argv);
	struct whitener whitener = {0};
	struct npys_in *in = tool_need(npys_open(argv + 1, files));
	if (save_file) {
		tool_check(zca_learn_stream(in, NULL, patch, shrinkage, threads, &whitener.zca));
		npys_close_in(in);
		tool_check(zca_save(&whitener.zca, save_file));
		zca_free(&whitener.zca);
		return STATUS_OK;
	}
	struct npys_out *out = tool_need(npys_create(output));
	struct table_out *table = NULL;
	if (spectrum_file) {
		table = tool_need(
		    table_create(spectrum_file, "frequency_cpp before after coefficients"));
		whitener.before = tool_need(spectrum_start());
		whitener.after = tool_need(spectrum_start());
	}
	if (apply_file) {
		tool_check(zca_load(&whitener.zca, apply_file));
	} else if (method == ZCA) {
		struct npys_out *spool = tool_need(npys_spool());
		tool_check(zca_learn_stream(in, spool, patch, shrinkage, threads, &whitener.zca));
		npys_close_in(in);
		in = tool_need(npys_replay(spool));
	}
	struct progress progress = progress_start(verbose, tool.name, "images", 0);
	struct batch_filter filter = {start, run, &whitener, method != ZCA && threads == 1};
	tool_check(batch_filter(in, out, &filter, &progress));
	progress_end(&progress);
	npys_close_in(in);
	tool_check(npys_close(out));
	if (table)
		write_spectra(table, &whitener);
	release(&whitener);
	zca_free(&whitener.zca);
	spectrum_free(whitener.before);
	spectrum_free(whitener.after);
	return STATUS_OK;
}
