#include "stats/resample.h"
#include <math.h>
#include <stdlib.h>
#include "base/memory.h"
#include "base/random.h"

struct resample_chance resample_chance(
    double observed, const double *x, size_t count, size_t stride, enum resample_side side)
{
	double sum = 0;
	size_t valued = 0, extreme = 0;
	for (size_t b = 0; b < count; b++)
		if (!isnan(x[b * stride])) {
			sum += x[b * stride];
			valued++;
		}
	struct resample_chance chance = {valued ? sum / (double)valued : NAN, NAN};
	if (isnan(observed) || count == 0)
		return chance;
	/* the data belong to the mean, so that all count + 1 arrangements are treated alike */
	double centre = (sum + observed) / ((double)valued + 1), distance = fabs(observed - centre);
	/* rounding, here and in sums over taps, must not separate arrangements that give the same number */
	double slack = 1e-7 * (fabs(observed) + fabs(centre));
	for (size_t b = 0; b < count; b++) {
		double value = x[b * stride];
		if (side == RESAMPLE_LESS)
			extreme += value <= observed + slack;
		else if (side == RESAMPLE_GREATER)
			extreme += !(value < observed - slack);
		else
			extreme += !(fabs(value - centre) < distance - slack);
	}
	chance.p = (1 + (double)extreme) / (1 + (double)count);
	return chance;
}

int resample_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	if (isnan(x) || isnan(y))
		return isnan(x) - isnan(y);
	return (x > y) - (x < y);
}

double resample_quantile(const double *x, size_t n, double q)
{
	if (n == 0)
		return NAN;
	double at = q * (double)(n - 1);
	size_t i = (size_t)at;
	if (i + 1 >= n)
		return x[n - 1];
	return x[i] + (at - (double)i) * (x[i + 1] - x[i]);
}

int resample_interval(
    const double *x, size_t count, size_t stride, double level, double *low, double *high)
{
	*low = *high = NAN;
	double *sorted = mem_alloc(count, sizeof(*sorted));
	if (!sorted)
		return -1;
	size_t n = 0;
	for (size_t b = 0; b < count; b++)
		if (!isnan(x[b * stride]))
			sorted[n++] = x[b * stride];
	if (n >= 2) {
		qsort(sorted, n, sizeof(*sorted), resample_compare);
		*low = resample_quantile(sorted, n, (1 - level) / 2);
		*high = resample_quantile(sorted, n, (1 + level) / 2);
	}
	free(sorted);
	return 0;
}

void resample_times(uint64_t seed, size_t b, size_t n, double *times)
{
	struct rng rng = rng_start(seed, RNG_BOOTSTRAP, 0, b);
	for (size_t i = 0; i < n; i++)
		times[i] = 0;
	for (size_t i = 0; i < n; i++)
		times[rng_below(&rng, (uint32_t)n)]++;
}

void resample_order(uint64_t seed, size_t b, uint32_t kind, size_t n, size_t *order)
{
	struct rng rng = rng_start(seed, RNG_PERMUTATION, kind, b);
	rng_permutation(&rng, order, n);
}
