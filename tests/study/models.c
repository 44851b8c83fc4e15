/*
 * Simulation study of compare-models: kernels with something planted beside overlap, and which group models are credited.
 *
 *	models KIND EFFECT[,EFFECT...] FIRST COUNT [FILTERS WIDTH]
 *
 * makes COUNT kernels with seeds from FIRST on, of FILTERS (24) random off-centre Gabors and WIDTH (9) taps a side, and prints a
 * line for each and for both sets of taps: kind, effect, seed, set, then for every group model its lead, the lower ends of
 * the intervals of lead, gain and lead over M5, and 1 where it is credited, .5 where another one is better, else 0. KIND: none,
 * M0, M1, M2, G1, G2, G3 and cocircular; EFFECT, or each of several, is the correlation of the planted part with the kernel. Overlap, the positive
 * part of C1, has a correlation of .35; what is left is noise smoothed over neighbouring taps (sigma .7 px). Targets have
 * gains, exp(.3 e), e normal. Each model is planted in four shapes, in turn.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/random.h"
#include "models/compare.h"
#include "se2/kernel.h"

#define STEP .25 /* px, between points of the planted processes */
#define OVERLAP .35
enum { FINE = 121, ANGLES = 72, SHAPES = 4, SPLITS = 20, NARROW = 9 };
enum kind { NONE, M0, M1, M2, G1, G2, G3, COCIRCULAR, KINDS };

static const char *const names[KINDS] = {"none", "M0", "M1", "M2", "G1", "G2", "G3", "cocircular"};
/* sigma, kappa; sigma_along, sigma_across, kappa; alpha, D; D11, D22; length, concentration */
static const double shapes[KINDS][SHAPES][3] = {[M0] = {{2, 1.5}, {.6, 6}, {1, .3}, {3, .8}},
    [M1] = {{3, 1.5, 1.5}, {3, .6, 4}, {1.5, .5, .5}, {2, .3, 1.5}},
    [M2] = {{3, 1.5, 1.5}, {3, .6, 4}, {1.5, .5, .5}, {3, .2, 1.5}},
    [G1] = {{.3, .06}, {.4, .08}, {.2, .1}, {.6, .2}},
    [G2] = {{10, .25}, {20, .5}, {6, .1}, {10, 1}},
    [G3] = {{3, 3}, {2, 2}, {4, 6}, {3, 1}},
    [COCIRCULAR] = {{4, 3}, {4, 3}, {4, 3}, {4, 3}}};

struct study {
	enum kind kind;
	double effect;
	size_t filters, width;
	struct orientation_kernel process[SHAPES]; /* of G1 and G2, every STEP px */
	struct bases *bases;
};

static void fail(void)
{
	fprintf(stderr, "models: %s\n", err_reason());
	exit(1);
}

static void *room(size_t count, size_t size)
{
	void *x = calloc(count, size);
	if (!x)
		exit(1);
	return x;
}

static void make_process(bool diffusion, const double *x, struct orientation_kernel *to)
{
	/* linear interpolation between points h apart smooths once more, by h^2/6 on average */
	struct se2_aperture aperture = {sqrt(.49 + 1. / 12 - STEP * STEP / 6),
	    sqrt(pow(5 * M_PI / 180, 2) - pow(M_PI / ANGLES, 2) / 6), false};
	float *k = room(ANGLES * FINE * FINE, sizeof *k);
	struct se2_model m = {.process = diffusion ? SE2_DIFFUSION : SE2_DIRECTION,
	    .travel = SE2_GAMMA,
	    .order = 1,
	    .alpha = diffusion ? 1 : x[0],
	    .d = x[1],
	    .d11 = diffusion ? x[0] : 0,
	    .harmonics = 40};
	*to = (struct orientation_kernel){ANGLES, FINE, FINE, room(ANGLES, sizeof(double)),
	    room(ANGLES * FINE * FINE, sizeof(double)), M_PI};
	se2_uniform(ANGLES, M_PI, to->theta);
	struct se2_grid grid = {.height = FINE,
	    .width = FINE,
	    .step = STEP,
	    .angles = ANGLES,
	    .theta = to->theta,
	    .undirected = true,
	    .reach = 16 + 5 * (diffusion ? sqrt(x[0]) : 1 / x[0])};
	if (se2_kernel(&m, &grid, &aperture, 1, k) < 0)
		fail();
	for (size_t p = 0; p < ANGLES * FINE * FINE; p++)
		to->k[p] = k[p];
	free(k);
}

static double bell(double x, double sigma)
{
	return exp(-.5 * x * x / (sigma * sigma + .49 + 1. / 12));
}

/* What is planted, at a tap. */
static double planted(
    const struct study *s, size_t shape, const struct units_tap *tap, double dtheta)
{
	const double *x = shapes[s->kind][shape];
	double u = tap->along, v = tap->across, c = cos(dtheta / 2), e = sin(dtheta / 2);
	switch (s->kind) {
	case M0:
		return bell(tap->r, x[0]) * exp(x[1] * (cos(2 * dtheta) - 1));
	case M1:
		return bell(u, x[0]) * bell(v, x[1]) * exp(x[2] * (cos(2 * dtheta) - 1));
	case M2:
		return bell(u * c + v * e, x[0]) * bell(v * c - u * e, x[1]) *
		       exp(x[2] * (cos(2 * dtheta) - 1));
	case G1:
	case G2:
		return orientation_at(&s->process[shape], u / STEP, v / STEP, dtheta);
	case G3:
	case COCIRCULAR:
		return exp(x[1] * (cos(2 * (dtheta - 2 * atan2(v, u))) - 1) - tap->r / x[0]);
	default:
		return 0;
	}
}

/* The pairs' values at unit sd, mean 0 (i != j). */
static void standardise(double *w, size_t n, size_t taps)
{
	double sum = 0, squares = 0, count = (double)(n * (n - 1) * taps);
	for (size_t k = 0; k < n * n * taps; k++)
		if (k / taps / n != k / taps % n) {
			sum += w[k];
			squares += w[k] * w[k];
		}
	double mean = sum / count, sd = sqrt(squares / count - mean * mean);
	for (size_t k = 0; k < n * n * taps; k++)
		w[k] = sd > 0 ? (w[k] - mean) / sd : 0;
}

/* Normal numbers of width x width taps, smoothed. */
static void smooth_noise(struct rng *rng, size_t width, double *out)
{
	enum { MARGIN = 2 };
	size_t wide = width + 2 * MARGIN;
	double *e = room(wide * wide, sizeof *e);
	for (size_t p = 0; p < wide * wide; p++)
		e[p] = rng_normal(rng);
	for (size_t p = 0; p < width * width; p++)
		for (size_t q = 0; q < (2 * MARGIN + 1) * (2 * MARGIN + 1); q++) {
			size_t r = q / (2 * MARGIN + 1), c = q % (2 * MARGIN + 1);
			double y = (double)r - MARGIN, x = (double)c - MARGIN;
			out[p] += exp(-(x * x + y * y) / (2 * .49)) *
				  e[(p / width + r) * wide + p % width + c];
		}
	free(e);
}

static void plant(const struct study *s, uint64_t seed, struct units *set, double *c1)
{
	size_t n = s->filters, taps = s->width * s->width, shape = seed % SHAPES,
	       sizes[] = {n, n, s->width, s->width};
	struct rng rng = rng_start(seed, RNG_TEST, (uint32_t)s->kind, 0);
	struct gabor_row *rows = room(n, sizeof *rows);
	struct npys_array kernel;
	for (size_t i = 0; i < n; i++)
		rows[i] = (struct gabor_row){.filter = i,
		    .accepted = true,
		    .gabor = {.amplitude = 1,
			.theta = M_PI * rng_uniform(&rng),
			.phase = M_PI * (2 * rng_uniform(&rng) - 1),
			.frequency = .12 + .13 * rng_uniform(&rng),
			.sigma_across = 1.3 + .7 * rng_uniform(&rng),
			.sigma_along = 1.6 + rng_uniform(&rng),
			.x0 = .8 * rng_normal(&rng),
			.y0 = .8 * rng_normal(&rng)}};
	if (npys_shape(&kernel.header, NPYS_F8, 4, sizes) < 0)
		fail();
	kernel.x = room(kernel.header.elements, sizeof(double));
	if (units_build(set, &kernel, rows, n, NULL) < 0)
		fail();
	double *overlap = room(n * n * taps, sizeof *overlap),
	       *part = room(n * n * taps, sizeof *part), *noise = room(n * n * taps, sizeof *noise);
	for (size_t p = 0; p < n * n; p++) {
		smooth_noise(&rng, s->width, noise + p * taps);
		for (size_t t = 0; t < taps; t++) {
			struct units_tap tap = units_tap(set, p / n, p % n, t);
			c1[p * taps + t] = tap.overlap * cos(tap.dphase);
			overlap[p * taps + t] = fmax(c1[p * taps + t], 0);
			part[p * taps + t] = planted(s, shape, &tap, set->pair[p].dtheta);
		}
	}
	for (size_t i = 0; i < n; i++) {
		double gain = exp(.3 * rng_normal(&rng));
		for (size_t k = i * n * taps; k < (i + 1) * n * taps; k++) {
			overlap[k] *= gain;
			part[k] *= gain;
		}
	}
	standardise(overlap, n, taps);
	standardise(part, n, taps);
	standardise(noise, n, taps);
	double effect = s->kind == NONE ? 0 : s->effect,
	       left = sqrt(1 - OVERLAP * OVERLAP - effect * effect);
	for (size_t k = 0; k < n * n * taps; k++)
		set->weight[k] = k / taps / n == k / taps % n
				     ? 0
				     : OVERLAP * overlap[k] + effect * part[k] + left * noise[k];
	free(overlap);
	free(part);
	free(noise);
	free(rows);
	free(kernel.x);
}

static void study_one(const struct study *s, uint64_t seed)
{
	struct units set;
	struct crossval x;
	double *c1 = room(s->filters * s->filters * s->width * s->width, sizeof *c1);
	plant(s, seed, &set, c1);
	struct compare_plan plan = {.c = {c1}, .bases = s->bases, .threads = 1};
	struct crossval_plan halves = {.splits = SPLITS, .seed = seed};
	struct design design = compare_design(&set, &plan);
	if (design_create(&design) < 0 || crossval_run(&x, &design, &halves) < 0)
		fail();
	for (size_t tapset = DESIGN_SETS; tapset-- > 0;) {
		printf("%s\t%g\t%llu\t%s", names[s->kind], s->effect, (unsigned long long)seed,
		    tapset == DESIGN_ALL ? "all" : "far");
		for (size_t m = 0; m < models_count; m++)
			if (models[m].role == MODEL_GROUP) {
				struct credit c = compare_credit(&x, m, tapset);
				printf("\t%s\t%.5f\t%.5f\t%.5f\t%.5f\t%g", models[m].name,
				    c.lead.value, c.lead.low, c.gain.low, c.over_coaxial.low,
				    !c.credited ? 0
				    : c.better  ? .5
						: 1);
			}
		printf("\n");
	}
	fflush(stdout);
	crossval_free(&x);
	design_free(&design);
	units_free(&set);
	free(c1);
}

int main(int argc, char **argv)
{
	struct study s = {.kind = KINDS};
	for (int k = 0; argc > 4 && k < KINDS; k++)
		if (!strcmp(argv[1], names[k]))
			s.kind = (enum kind)k;
	if (s.kind == KINDS) {
		fprintf(
		    stderr, "usage: models KIND EFFECT[,EFFECT...] FIRST COUNT [FILTERS WIDTH]\n");
		return 2;
	}
	s.filters = argc > 6 ? strtoul(argv[5], NULL, 10) : 24;
	s.width = argc > 6 ? strtoul(argv[6], NULL, 10) : NARROW;
	if (!(s.bases = bases_create(s.width > NARROW ? 22 : 11, 1)))
		fail();
	for (size_t k = 0; k < SHAPES && (s.kind == G1 || s.kind == G2); k++)
		make_process(s.kind == G2, shapes[s.kind][k], &s.process[k]);
	size_t first = strtoul(argv[3], NULL, 10), count = strtoul(argv[4], NULL, 10);
	for (char *effect = argv[2], *end = NULL; effect != end; effect = end + (*end == ',')) {
		s.effect = strtod(effect, &end);
		for (size_t seed = first; seed < first + count; seed++)
			study_one(&s, seed);
	}
	bases_free(s.bases);
	return 0;
}
