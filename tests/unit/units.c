/* What is beyond C1 on planted banks, and kernels that do not fit. tests/golden/lateral.py has units, pairs, C1 and residuals. */
#include "bank.h"
#include "check.h"
#include <string.h>
#include <stdlib.h>
#include "kernel/overlap.h"
#include "kernel/residual.h"

#define PI M_PI

enum { F = 12, WIDTH = 7, TAPS = WIDTH * WIDTH, SIZE = 13 };

static struct gabor_row rows[F];

static struct npys_array kernel_of(size_t k, double (*value)(size_t i, size_t j, size_t t))
{
	size_t shape[] = {F, F, k, k};
	struct npys_array kernel;
	if (npys_shape(&kernel.header, NPYS_F8, 4, shape) ||
	    !(kernel.x = calloc(kernel.header.elements, sizeof(double))))
		exit(1);
	for (size_t e = 0; e < kernel.header.elements; e++)
		kernel.x[e] = value(e / (k * k) / F, e / (k * k) % F, e % (k * k));
	return kernel;
}

static double name_of(size_t i, size_t j, size_t t)
{
	return (double)(10000 * i + 100 * j + t);
}

static void check_pairs(void)
{
	struct npys_array kernel = kernel_of(WIDTH, name_of), rms = {0};
	size_t shape[] = {F};
	double volume[F];
	for (size_t i = 0; i < F; i++)
		volume[i] = (double)(i + 1);
	volume[4] = 0;
	rows[7].accepted = false;
	CLAIM("rejected and silent filters are left out, displacements and gauge are of those that "
	      "stay");
	CHECK(!npys_shape(&rms.header, NPYS_F8, 1, shape));
	rms.x = volume;
	struct units set;
	CHECK(!units_build(&set, &kernel, rows, F, &rms));
	CHECK(set.n == F - 2 && set.rejected == 1 && set.silent == 1);
	CHECK(set.unit[4].channel == 5 && set.unit[6].channel == 8);
	/* tap (row 0, column 5): d = (5 - 3, 3 - 0), y up */
	CHECK_CLOSE(set.dx[5], 2, 0);
	CHECK_CLOSE(set.dy[5], 3, 0);
	/* i = 0, j = unit 4 = channel 5, gauge rms_j / rms_i */
	CHECK_CLOSE(units_weights(&set, set.weight, 0, 4)[5], 505 * 6., 1e-9);
	struct units_tap tap = units_tap(&set, 0, 4, 5);
	CHECK_CLOSE(tap.x, 2 + rows[5].gabor.x0 - rows[0].gabor.x0, 1e-12);
	CHECK_CLOSE(tap.y, 3 + rows[5].gabor.y0 - rows[0].gabor.y0, 1e-12);

	CLAIM("a wider kernel is cropped about its centre, a narrower one refused, as are counts "
	      "that do not fit");
	struct npys_array wide = kernel_of(9, name_of), narrow = kernel_of(5, name_of);
	double *w = calloc(set.n * set.n * TAPS, sizeof(*w));
	CHECK(!units_select(&set, &wide, UNITS_KERNEL, w) && w[0] == 10 && w[24] == 40);
	CHECK(!units_select(&set, &wide, UNITS_COVARIANCE, w));
	CHECK_CLOSE(units_weights(&set, w, 1, 2)[24], 10240. / 6, 1e-9);
	CHECK(units_select(&set, &narrow, UNITS_COVARIANCE, w) == -1);
	free(w);
	free(wide.x);
	free(narrow.x);
	units_free(&set);

	volume[4] = -1;
	CHECK(units_build(&set, &kernel, rows, F, &rms) == -1);
	units_free(&set);
	CHECK(units_build(&set, &kernel, rows, F - 1, NULL) == -1);
	units_free(&set);
	kernel.header.shape[1]--;
	CHECK(units_build(&set, &kernel, rows, F, NULL) == -1);
	units_free(&set);
	free(kernel.x);
	rows[7].accepted = true;
	CLAIM("angles are wrapped to (-90, 90] and (-180, 180] degrees");
	CHECK_CLOSE(units_wrap_axis(-PI / 2), PI / 2, 1e-15);
	CHECK_CLOSE(units_wrap(-PI), PI, 1e-15);
	CHECK_CLOSE(units_wrap_axis(2), 2 - PI, 1e-15);
}

/* what the target and the source of the pair at place e add to its weights */
static double effects(size_t e)
{
	size_t i = e / TAPS / F, j = e / TAPS % F;
	return sin((double)(i * i)) - 2 * cos((double)(3 * j));
}

static void check_beyond(void)
{
	CLAIM("C1 of fitted Gabors is nearly their overlap in closed form");
	struct npys_array kernel = kernel_of(WIDTH, name_of);
	struct units set;
	double *x = calloc(F * SIZE * SIZE, sizeof(*x));
	struct bank bank = {.filters = F, .channels = 1, .size = {SIZE, SIZE}, .x = x};
	for (size_t i = 0; i < F; i++)
		gabor_sample(&rows[i].gabor, extent_square(SIZE), bank_filter(&bank, i));
	CHECK(!units_build(&set, &kernel, rows, F, NULL));
	size_t total = F * F * TAPS;
	double *c = calloc(total, sizeof(*c)), *w = calloc(total, sizeof(*w)),
	       *rest = calloc(total, sizeof(*rest)), worst = 0;
	CHECK(!overlap_correlation(&set, &bank, 2, c));
	for (size_t p = 0; p < F * F; p++)
		for (size_t t = 0; t < TAPS; t++) {
			struct units_tap tap = units_tap(&set, p / F, p % F, t);
			w[p * TAPS + t] = tap.overlap * cos(tap.dphase);
		}
	CHECK(bank_correlation(w, c, total) > .97);

	CLAIM("what is a function of C leaves nothing: relu has its kink on a knot");
	for (size_t e = 0; e < total; e++)
		w[e] = fmax(c[e], 0) - .3 * c[e] + .01;
	const double *confounds[] = {c};
	struct spline spline;
	CHECK(!spline_make(&set, confounds, 1, &spline));
	struct residual *all = residual_create(&set, &spline, RESIDUAL_ALL, 1, 2);
	CHECK(all && !residual_of(all, w, rest));
	worst = 0;
	for (size_t e = 0; e < total; e++)
		worst = check_largest(worst, fabs(rest[e]));
	CHECK_CLOSE(worst, 0, 1e-5);
	CLAIM("a function of C and effects of targets and sources: the effects alone are left, "
	      "whatever units a fold has");
	for (enum residual_pairs pairs = RESIDUAL_ALL; pairs <= RESIDUAL_SECOND; pairs++) {
		struct residual *part = residual_create(&set, &spline, pairs, 1, 1);
		/* a half has not all of C's range: no f there */
		for (size_t e = 0; e < total; e++)
			w[e] = effects(e) + (pairs == RESIDUAL_ALL ? fmax(c[e], 0) - .3 * c[e] : 0);
		CHECK(part && !residual_of(part, w, rest));
		double level = rest[TAPS] - effects(TAPS); /* f's: the same for all pairs */
		worst = 0;
		for (size_t e = 0; e < total; e++)
			if (e / TAPS / F != e / TAPS % F)
				worst = check_largest(worst, fabs(rest[e] - effects(e) - level));
		CHECK_CLOSE(worst, 0, 1e-5);
		residual_free(part);
	}
	CLAIM("a confound that is a multiple of another has no more to say than its own spline");
	struct spline twice;
	for (size_t e = 0; e < total; e++)
		w[e] = .3 * c[e];
	CHECK(!spline_make(&set, (const double *[]){c, w}, 2, &twice));
	CHECK(twice.rest[1].knots.count == 1 && twice.coarse[1].knots.count == 1);
	CHECK(twice.terms ==
	      spline.terms + spline.own[0].knots.count - 1 + twice.coarse[0].knots.count);
	residual_free(all);
	free(rest);
	free(w);
	free(c);
	free(x);
	units_free(&set);
	free(kernel.x);
}

/* White noise on small banks, where hardly a tap is at the end of C's range: what a fit takes of it is little, and bounded. */
static void check_small_banks(void)
{
	enum { N = 8, BANKS = 24 };
	double worst = 0, largest = 0, left = 0;
	CLAIM("of white noise on small banks a fit takes little, and no more than bounded");
	for (uint64_t seed = 1; seed <= BANKS; seed++)
		for (enum residual_pairs pairs = RESIDUAL_ALL; pairs <= RESIDUAL_FIRST; pairs++) {
			struct units set = bank_set(N, WIDTH, seed);
			size_t total = N * N * TAPS;
			double *c = calloc(3 * total, sizeof(*c)), *w = c + total,
			       *rest = w + total;
			double own = 0, squares = 0, phase;
			struct rng rng = rng_start(seed, RNG_TEST, 7, 0);
			struct spline spline;
			for (size_t e = 0; e < total; e++) {
				c[e] = units_overlap(&set, e / TAPS, e % TAPS, &phase);
				c[e] *= cos(phase);
				w[e] = e / TAPS / N == e / TAPS % N ? 0 : rng_normal(&rng);
			}
			const double *confounds[] = {c};
			CHECK(!spline_make(&set, confounds, 1, &spline));
			struct residual *part = residual_create(&set, &spline, pairs, seed, 1);
			CHECK(part && !residual_of(part, w, rest));
			for (size_t e = 0; e < total; e++) {
				own += w[e] * w[e];
				squares += rest[e] * rest[e];
				largest = check_largest(largest, fabs(w[e] - rest[e]));
			}
			worst = check_largest(worst, squares / own);
			left += pairs == RESIDUAL_ALL ? squares / own / BANKS : 0;
			residual_free(part);
			units_free(&set);
			free(c);
		}
	printf("# white noise, %d filters: %.4f is left, at most %.4f, |f| to %.2f sd\n", N, left,
	    worst, largest);
	CHECK(fabs(left - 1) < .02 && worst < 1.2);
	CHECK(largest < 3);
}

int main(void)
{
	struct rng rng = rng_start(3, RNG_TEST, 0, 0);
	bank_random(rows, F, &rng, .1, 2);
	check_pairs();
	check_beyond();
	check_small_banks();
	return check_end();
}
