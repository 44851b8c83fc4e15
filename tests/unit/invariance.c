/* Left-invariant prediction and its permutation test on random banks. */
#include "bank.h"
#include "check.h"
#include <string.h>
#include <stdlib.h>
#include "indices/invariance.h"
#include "se2/kernel.h"
#include "se2/stream.h"

#define PI UNITS_PI

/* a left-invariant kernel, phase and all: its value for a tap */
static double invariant(const struct units *set, size_t i, size_t j, size_t t)
{
	struct units_tap tap = units_tap(set, i, j, t);
	double dtheta = set->pair[i * set->n + j].dtheta;
	return exp(-tap.r * tap.r / 8) *
	       (1 + cos(2 * tap.phi - dtheta) + .8 * cos(tap.dphase) + cos(2 * dtheta));
}

/* the same as a function of R Delta and dtheta alone, and of Delta in image axes */
static double smooth(const struct units *set, size_t i, size_t j, size_t t)
{
	struct units_tap tap = units_tap(set, i, j, t);
	double dtheta = set->pair[i * set->n + j].dtheta;
	return exp(
	    -tap.along * tap.along / 18 - tap.across * tap.across / 2 + .3 * cos(2 * dtheta));
}

static double image(const struct units *set, size_t i, size_t j, size_t t)
{
	struct units_tap tap = units_tap(set, i, j, t);
	return exp(-tap.x * tap.x / 18 - tap.y * tap.y / 2);
}

/* S of G1 (alpha .4, D .08) and G2 (D11 10, D22 .25) every .25 px, under the ladder's aperture */
enum { FINE = 81, ANGLES = 36 };
static struct orientation_kernel process[2];

static int make_processes(void)
{
	static const struct se2_model model[2] = {{.process = SE2_DIRECTION,
						      .travel = SE2_GAMMA,
						      .order = 1,
						      .harmonics = 40,
						      .alpha = .4,
						      .d = .08},
	    {.process = SE2_DIFFUSION,
		.travel = SE2_GAMMA,
		.order = 1,
		.harmonics = 40,
		.alpha = 1,
		.d11 = 10,
		.d = .25}};
	struct se2_aperture aperture = {sqrt(.49 + 1. / 12), 5 * PI / 180, false};
	float *k = malloc(sizeof(float) * ANGLES * FINE * FINE);
	for (int g = 0; g < 2; g++) {
		struct orientation_kernel *to = &process[g];
		*to =
		    (struct orientation_kernel){ANGLES, FINE, FINE, malloc(sizeof(double) * ANGLES),
			malloc(sizeof(double) * ANGLES * FINE * FINE), PI};
		se2_uniform(ANGLES, PI, to->theta);
		struct se2_grid grid = {.height = FINE,
		    .width = FINE,
		    .step = .25,
		    .angles = ANGLES,
		    .theta = to->theta,
		    .undirected = true};
		if (!CHECK(se2_kernel(&model[g], &grid, &aperture, 1, k) == 0))
			return -1;
		for (size_t p = 0; p < ANGLES * FINE * FINE; p++)
			to->k[p] = (double)k[p];
	}
	free(k);
	return 0;
}

static double of_process(int g, const struct units *set, size_t i, size_t j, size_t t)
{
	struct units_tap tap = units_tap(set, i, j, t);
	return orientation_at(
	    &process[g], 4 * tap.along, 4 * tap.across, set->pair[i * set->n + j].dtheta);
}

static double g1(const struct units *set, size_t i, size_t j, size_t t)
{
	return of_process(0, set, i, j, t);
}

static double g2(const struct units *set, size_t i, size_t j, size_t t)
{
	return of_process(1, set, i, j, t);
}

/* the kernel by value, plus noise times its sd: r of its value and the prediction over the disc,
 * and what it could be at most */
static double predicted(struct units *set,
    double (*value)(const struct units *, size_t, size_t, size_t), double noise, bool rotated,
    double *ceiling)
{
	size_t taps = set->taps, total = set->n * set->n * taps, m = 0;
	double *w = calloc(total, sizeof(*w)), *fit = calloc(total, sizeof(*fit)),
	       *truth = calloc(total, sizeof(*truth)), sum = 0, square = 0, r;
	size_t outside = 0;
	struct rng rng = rng_start(17, RNG_TEST, 0, 0);
	for (size_t e = 0; e < total; e++) {
		truth[e] = value(set, e / taps / set->n, e / taps % set->n, e % taps);
		sum += truth[e];
		square += truth[e] * truth[e];
	}
	double sd = sqrt(square / (double)total - pow(sum / (double)total, 2));
	for (size_t e = 0; e < total; e++)
		w[e] = truth[e] + noise * sd * rng_normal(&rng);
	CHECK(!lateral_predict(set, w, rotated, 1, fit));
	for (size_t e = 0; e < total; e++) {
		size_t i = e / taps / set->n, j = e / taps % set->n;
		struct units_tap tap = units_tap(set, i, j, e % taps);
		if (i == j || tap.r > (double)(set->k / 2) + .5) {
			outside += fit[e] != 0;
			continue;
		}
		w[m] = w[e];
		truth[m] = truth[e];
		fit[m++] = fit[e];
	}
	CHECK(outside == 0 && m > total / 2);
	r = bank_correlation(w, fit, m);
	*ceiling = bank_correlation(w, truth, m);
	free(w);
	free(fit);
	free(truth);
	return r;
}

static void check_prediction(void)
{
	static const struct {
		const char *name;
		double (*value)(const struct units *, size_t, size_t, size_t);
	} kinds[] = {{"phase and all", invariant}, {"elongated", smooth}, {"G1", g1}, {"G2", g2}};
	static const double noise[] = {1.5, 4};
	for (size_t k = 9; k <= 15; k += 6) {
		struct units set = bank_set(32, k, k);
		double ceiling, r;
		for (size_t kind = 0; kind < 4; kind++) {
			r = predicted(&set, kinds[kind].value, 0, true, &ceiling);
			printf("# %s, %zu taps wide: r %.4f\n", kinds[kind].name, k, r);
			CHECK(r > .97);
		}
		/* what is not left-invariant is not; in image axes it is the other way round */
		double still = predicted(&set, smooth, 0, false, &ceiling),
		       turned = predicted(&set, image, 0, true, &ceiling);
		printf("# not invariant: r %.4f, %.4f\n", still, turned);
		CHECK(still < .9 && turned < .9);
		CHECK(predicted(&set, image, 0, false, &ceiling) > .99);
		/* in noise it comes near what the kernel itself reaches, and not above */
		for (size_t e = 0; e < 2; e++) {
			r = predicted(&set, g1, noise[e], true, &ceiling);
			printf("# G1, %zu taps wide, noise %g: r %.4f of %.4f\n", k, noise[e], r,
			    ceiling);
			CHECK(r > (e ? .9 : .95) * ceiling && r < 1.01 * ceiling);
		}
		units_free(&set);
	}
}

/* noise with row and column effects, `effects` times as large, rectified or not; w: (n, n, taps) */
static void draw_noise(
    const struct units *set, struct rng *rng, double effects, bool rectified, double *w)
{
	size_t n = set->n;
	double *effect = calloc(2 * n, sizeof(*effect));
	for (size_t i = 0; i < 2 * n; i++)
		effect[i] = effects * rng_normal(rng);
	for (size_t e = 0; e < n * n * set->taps; e++) {
		w[e] = rng_normal(rng) + effect[e / set->taps / n] + effect[n + e / set->taps % n];
		w[e] = rectified ? fmax(w[e], 0) : w[e];
	}
	free(effect);
}

/* White noise, and row and column effects rectified: p is at most .05 as often as it should be, for every row, and value is
 * above chance as often as below. */
static void check_level(void)
{
	enum { KERNELS = 100, UNITS = 12, KINDS = 2 };
	static const char *const name[KINDS] = {"white", "rectified effects"};
	const char *kernel = "K";
	struct lateral_plan plan = {.invariance_permutations = 19, .threads = 1};
	for (int kind = 0; kind < KINDS; kind++) {
		int rejected[3] = {0}, above[3] = {0};
		for (plan.seed = 0; plan.seed < KERNELS; plan.seed++) {
			struct units set = bank_set(UNITS, 5, 1000 + plan.seed);
			struct rng rng = rng_start(plan.seed, RNG_TEST, 2 + (uint32_t)kind, 0);
			double *w = calloc(UNITS * UNITS * set.taps, sizeof(*w));
			const double *weights = w;
			struct report report = {0};
			draw_noise(&set, &rng, kind ? 3 : 0, kind == 1, w);
			CHECK(!lateral_invariance(&set, 1, &kernel, &weights, &plan, &report));
			for (int row = 0; row < 3; row++) {
				rejected[row] += report.row[row].p <= .05;
				above[row] += report.row[row].value > report.row[row].chance;
			}
			report_free(&report);
			free(w);
			units_free(&set);
		}
		/* 5 and about 50 expected; P(more than 13) = .0005, P(50 +- 20) = .0001 */
		for (int row = 0; row < 3; row++) {
			printf("# %s: %d of %d at .05, %d above chance\n", name[kind],
			    rejected[row], KERNELS, above[row]);
			CHECK(rejected[row] <= 13 && abs(above[row] - 50) < 20);
		}
	}
}

/* Rows: what they hold, that threads change nothing, and that a test without permutations has no p. */
static void check_rows(void)
{
	struct units set = bank_set(14, 9, 3);
	size_t total = set.n * set.n * set.taps;
	double *w = calloc(total, sizeof(*w));
	const double *weights[] = {w, w};
	const char *name[] = {"K", "L"};
	struct report one = {0}, two = {0}, none = {0};
	struct lateral_plan plan = {
	    .bootstrap = 50, .invariance_permutations = 99, .seed = 1, .threads = 1};
	for (size_t e = 0; e < total; e++)
		w[e] = smooth(&set, e / set.taps / set.n, e / set.taps % set.n, e % set.taps);
	CHECK(!lateral_invariance(&set, 2, name, weights, &plan, &one) && one.count == 6);
	plan.threads = 3;
	CHECK(!lateral_invariance(&set, 2, name, weights, &plan, &two) && two.count == 6);
	plan.invariance_permutations = 0;
	CHECK(!lateral_invariance(&set, 1, name, weights, &plan, &none) && none.count == 3);
	for (size_t q = 0; q < 6; q++) {
		const struct report_row *a = &one.row[q], *b = &two.row[q];
		CHECK(a->value == b->value && a->p == b->p && a->chance == b->chance &&
		      a->low == b->low);
		CHECK(a->value == one.row[q % 3].value && a->n == set.n * (set.n - 1));
		CHECK(a->low < a->value && a->value < a->high);
	}
	CHECK(one.row[0].value > .95 && one.row[1].value < one.row[0].value - .1);
	CHECK_CLOSE(one.row[2].value, one.row[0].value - one.row[1].value, 1e-12);
	CHECK_CLOSE(one.row[0].p, .01, 1e-12);
	CHECK_CLOSE(one.row[2].p, .01, 1e-12);
	CHECK(one.row[0].chance < .8 && fabs(one.row[2].chance) < .1);
	CHECK(isnan(none.row[0].p) && isnan(none.row[0].chance));
	/* without weights nothing has a value, and another kernel beside it the one it has alone */
	double *zero = calloc(total, sizeof(*zero));
	const double *beside[] = {zero, w};
	report_free(&none);
	plan.invariance_permutations = 99;
	CHECK(!lateral_invariance(&set, 2, name, beside, &plan, &none) && none.count == 6);
	for (size_t q = 0; q < 3; q++) {
		const struct report_row *empty = &none.row[q], *full = &none.row[3 + q],
					*alone = &one.row[q];
		CHECK(isnan(empty->value) && isnan(empty->low) && isnan(empty->high));
		CHECK(isnan(empty->chance) && isnan(empty->p));
		CHECK(full->value == alone->value && full->p == alone->p &&
		      full->low == alone->low && full->high == alone->high);
	}
	/* predicted is nothing, which is no number: not 0, which might be compared with something */
	double *fit = calloc(total, sizeof(*fit));
	CHECK(!lateral_predict(&set, zero, true, 1, fit));
	size_t numbers = 0;
	for (size_t e = 0; e < total; e++) {
		size_t i = e / set.taps / set.n, j = e / set.taps % set.n;
		bool inside =
		    i != j && units_tap(&set, i, j, e % set.taps).r <= (double)(set.k / 2) + .5;
		numbers += (inside ? !isnan(fit[e]) : fit[e] != 0) ? 1 : 0;
	}
	CHECK(numbers == 0);
	report_free(&one);
	report_free(&two);
	report_free(&none);
	free(zero);
	free(fit);
	free(w);
	units_free(&set);
}

int main(void)
{
	if (make_processes() == 0)
		check_prediction();
	check_level();
	check_rows();
	return check_end();
}
