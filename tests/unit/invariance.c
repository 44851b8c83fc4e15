/* Left-invariant prediction on random banks; tests/lateral-stats.bats has its chance, tests/long-lateral-stats.bats its level. */
#include "bank.h"
#include "check.h"
#include <string.h>
#include <stdlib.h>
#include "indices/invariance.h"
#include "se2/kernel.h"
#include "se2/stream.h"

#define PI M_PI

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

/* the quantities of up to two kernels w (n, n, taps) of a set */
static struct resampling measure(const struct units *set, const struct resampling_plan *plan,
    const double *first, const double *second)
{
	struct subject other = {.set = set, .plan = plan, .sign = SIGN_BOTH, .w = second};
	struct subject subject = {.set = set,
	    .plan = plan,
	    .sign = SIGN_BOTH,
	    .w = first,
	    .beside = second ? &other : NULL};
	struct resampling r;
	CHECK(!resampling_run(&r, &invariance_family, &subject));
	return r;
}

static struct measure worth(const struct resampling *r, size_t kernel, size_t quantity)
{
	struct measure m;
	CHECK(!resampling_measure(r, kernel * NUMBERS + PLACE(quantity, 0), LARGE, &m));
	return m;
}

/* Q_inv or Q_unrotated of the kernel by value plus noise times its sd, and the r of that with the kernel itself, which it
 * could be at most */
static double predicted(struct units *set,
    double (*value)(const struct units *, size_t, size_t, size_t), double noise, bool rotated,
    double *ceiling)
{
	size_t taps = set->taps, total = set->n * set->n * taps, m = 0;
	double *w = calloc(total, sizeof(*w)), *truth = calloc(total, sizeof(*truth)), sum = 0,
	       square = 0;
	struct resampling_plan plan = {.seed = 1, .threads = 2};
	struct rng rng = rng_start(17, RNG_TEST, 0, 0);
	for (size_t e = 0; e < total; e++) {
		truth[e] = value(set, e / taps / set->n, e / taps % set->n, e % taps);
		sum += truth[e];
		square += truth[e] * truth[e];
	}
	double sd = sqrt(square / (double)total - pow(sum / (double)total, 2));
	for (size_t e = 0; e < total; e++)
		w[e] = truth[e] + noise * sd * rng_normal(&rng);
	struct resampling r = measure(set, &plan, w, NULL);
	double q = r.value[PLACE(rotated ? QUANTITY_Q_INV : QUANTITY_Q_UNROTATED, 0)];
	for (size_t e = 0; e < total; e++) {
		size_t i = e / taps / set->n, j = e / taps % set->n;
		if (i == j || units_tap(set, i, j, e % taps).r > (double)(set->k / 2) + .5)
			continue;
		w[m] = w[e];
		truth[m++] = truth[e];
	}
	*ceiling = bank_correlation(w, truth, m);
	resampling_free(&r);
	free(w);
	free(truth);
	return q;
}

static void check_prediction(void)
{
	static const struct {
		const char *name;
		double (*value)(const struct units *, size_t, size_t, size_t);
	} kinds[] = {{"phase and all", invariant}, {"elongated", smooth}, {"G1", g1}, {"G2", g2}};
	static const double noise[] = {1.5, 4};
	CLAIM("left-invariant kernels are predicted, in noise nearly as well as by themselves; "
	      "others are not");
	for (size_t k = 9; k <= 13; k += 4) {
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

static const size_t quantities[] = {QUANTITY_Q_INV, QUANTITY_Q_UNROTATED, QUANTITY_Q_LEAD};

static bool same(struct measure a, struct measure b)
{
	return a.value == b.value && a.low == b.low && a.high == b.high && a.p == b.p;
}

static void check_rows(void)
{
	struct units set = bank_set(14, 9, 3);
	size_t total = set.n * set.n * set.taps;
	double *w = calloc(total, sizeof(*w)), *zero = calloc(total, sizeof(*zero));
	struct resampling_plan plan = {.bootstrap = 50, .refits = 99, .seed = 1, .threads = 1};
	for (size_t e = 0; e < total; e++)
		w[e] = smooth(&set, e / set.taps / set.n, e / set.taps % set.n, e % set.taps);
	struct resampling one = measure(&set, &plan, w, w);
	plan.threads = 3;
	struct resampling two = measure(&set, &plan, w, w), beside = measure(&set, &plan, zero, w);
	plan.refits = 0;
	struct resampling none = measure(&set, &plan, w, NULL);
	struct measure inv = worth(&one, 0, QUANTITY_Q_INV),
		       plain = worth(&one, 0, QUANTITY_Q_UNROTATED),
		       lead = worth(&one, 0, QUANTITY_Q_LEAD);
	CLAIM("threads change nothing, nor does another kernel beside it; one without weights has "
	      "no number");
	for (int q = 0; q < 3; q++) {
		struct measure m = worth(&one, 0, quantities[q]),
			       empty = worth(&beside, 0, quantities[q]);
		CHECK(same(m, worth(&two, 0, quantities[q])) &&
		      same(m, worth(&two, 1, quantities[q])));
		CHECK(m.chance == worth(&two, 0, quantities[q]).chance);
		/* its chance may differ: a width is tried in permutations where it may be the best of either kernel */
		CHECK(same(m, worth(&beside, 1, quantities[q])));
		CHECK(m.low < m.value && m.value < m.high);
		CHECK(isnan(empty.value) && isnan(empty.low) && isnan(empty.high) &&
		      isnan(empty.chance) && isnan(empty.p));
		CHECK(isnan(worth(&none, 0, quantities[q]).p) &&
		      isnan(worth(&none, 0, quantities[q]).chance));
	}
	CLAIM("a kernel that is elongated along its targets is left-invariant, and beyond chance");
	CHECK(inv.value > .95 && plain.value < inv.value - .1);
	CHECK_CLOSE(lead.value, inv.value - plain.value, 1e-12);
	CHECK_CLOSE(inv.p, .01, 1e-12);
	CHECK_CLOSE(lead.p, .01, 1e-12);
	CHECK(inv.chance < .8 && fabs(lead.chance) < .1);
	resampling_free(&one);
	resampling_free(&two);
	resampling_free(&beside);
	resampling_free(&none);
	free(zero);
	free(w);
	units_free(&set);
}

int main(void)
{
	if (make_processes() == 0)
		check_prediction();
	check_rows();
	return check_end();
}
