/* Random Gabor banks with off-centre profiles, and the sets of pairs that lateral kernels on them make. */
#ifndef TESTS_UNIT_BANK_H
#define TESTS_UNIT_BANK_H

#include <stdlib.h>
#include "base/random.h"
#include "kernel/units.h"

/* Rows (n) whose parameters have nothing to do with one another: frequencies from .12 to .12 + band, centres in a square of
 * `spread` px. */
static inline void bank_random(
    struct gabor_row *row, size_t n, struct rng *rng, double band, double spread)
{
	for (size_t i = 0; i < n; i++) {
		struct gabor *g = &row[i].gabor;
		row[i] =
		    (struct gabor_row){.filter = i, .accepted = true, .gabor = {.amplitude = 1}};
		g->frequency = .12 + band * rng_uniform(rng);
		g->theta = M_PI * rng_uniform(rng);
		g->phase = M_PI * (2 * rng_uniform(rng) - 1);
		g->sigma_across = .4 / g->frequency;
		g->sigma_along = (.4 + .2 * rng_uniform(rng)) / g->frequency;
		g->x0 = spread * (rng_uniform(rng) - .5);
		g->y0 = spread * (rng_uniform(rng) - .5);
	}
}

/* n such filters and kernels of k x k taps, all weights 0. */
static inline struct units bank_set(size_t n, size_t k, uint64_t seed)
{
	size_t shape[] = {n, n, k, k};
	struct npys_array kernel;
	struct rng rng = rng_start(seed, RNG_TEST, 1, 0);
	struct gabor_row *row = calloc(n, sizeof(*row));
	struct units set;
	if (!row || npys_shape(&kernel.header, NPYS_F8, 4, shape) ||
	    !(kernel.x = calloc(kernel.header.elements, sizeof(double))))
		exit(1);
	bank_random(row, n, &rng, .13, 1.6);
	if (units_build(&set, &kernel, row, n, NULL))
		exit(1);
	free(kernel.x);
	free(row);
	return set;
}

/* Pearson's r of x and y (n) */
static inline double bank_correlation(const double *x, const double *y, size_t n)
{
	double sx = 0, sy = 0, sxx = 0, syy = 0, sxy = 0, m = (double)n;
	for (size_t i = 0; i < n; i++) {
		sx += x[i], sy += y[i];
		sxx += x[i] * x[i], syy += y[i] * y[i], sxy += x[i] * y[i];
	}
	return (sxy - sx * sy / m) / sqrt((sxx - sx * sx / m) * (syy - sy * sy / m));
}

#endif
