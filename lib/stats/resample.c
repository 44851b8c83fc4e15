/* Chance, intervals and random draws. */
#include "stats/resample.h"
#include <math.h>
#include <stdlib.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include "base/memory.h"
#include "base/random.h"
#include "stats/student.h"

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

/* The n numbers among x[0], x[stride], ... (count of them) that have a value, ascending, into y. */
static size_t valued(const double *x, size_t count, size_t stride, double *y)
{
	size_t n = 0;
	for (size_t b = 0; b < count; b++)
		if (!isnan(x[b * stride]))
			y[n++] = x[b * stride];
	gsl_sort(y, 1, n);
	return n;
}

int resample_interval(
    const double *x, size_t count, size_t stride, double level, double *low, double *high)
{
	*low = *high = NAN;
	double *y = mem_alloc(count, sizeof(*y));
	if (!y)
		return -1;
	size_t n = valued(x, count, stride, y);
	if (n >= 2) {
		*low = gsl_stats_quantile_from_sorted_data(y, 1, n, (1 - level) / 2);
		*high = gsl_stats_quantile_from_sorted_data(y, 1, n, (1 + level) / 2);
	}
	free(y);
	return 0;
}

size_t resample_dyads(size_t bootstrap)
{
	return (bootstrap + 3) / 4;
}

void resample_pairs(uint64_t seed, size_t bootstrap, size_t b, size_t n, double *times, double *f)
{
	if (b < bootstrap) {
		resample_times(seed, b, n, times);
		for (size_t p = 0; p < n * n; p++)
			f[p] = p / n == p % n ? 0 : times[p / n] * times[p % n];
		return;
	}
	struct rng rng = rng_start(seed, RNG_BOOTSTRAP, 1, b);
	for (size_t i = 0; i < n; i++) {
		times[i] = 1;
		f[i * n + i] = 0;
		for (size_t j = 0; j < i; j++) {
			double left = rng_uniform(&rng), share = exp(-1), count = 0;
			for (; left > share && count < 20; share /= count) {
				left -= share;
				count++;
			}
			f[i * n + j] = f[j * n + i] = count;
		}
	}
}

/* Of a mean over pairs from P and S (below). */
static double from_squares(double squares, double sums, double n)
{
	double pairs = n * (n - 1) / 2;
	double a = (sums / ((n - 1) * (n - 2)) - squares / (pairs - 1)) /
		   (n - 2 - (n - 1) * (n - 2) / (pairs - 1));
	a = fmin(fmax(a, 0), squares / ((n - 1) * (n - 2)));
	double s = (squares - (n - 1) * (n - 2) * a) / (pairs - 1);
	return 4 * a / n + s / pairs;
}

double resample_influence(const double *psi, size_t filters)
{
	double n = (double)filters, pairs = n * (n - 1) / 2, squares = 0, sums = 0;
	for (size_t i = 0; i < filters; i++) {
		double sum = 0;
		for (size_t j = 0; j < filters; j++)
			if (j < i)
				sum += psi[i * (i - 1) / 2 + j];
			else if (j > i)
				sum += psi[j * (j - 1) / 2 + i];
		sums += sum * sum;
	}
	for (size_t p = 0; p < filters * (filters - 1) / 2; p++)
		squares += psi[p] * psi[p];
	/* psi is 1/pairs of what enters the mean */
	return from_squares(pairs * pairs * squares, pairs * pairs * sums, n);
}

/*
 * Variance of a mean over pairs of `filters` filters from that of the bootstrap over filters and that over pairs. With psi of
 * the N pairs {i, j} (mean 0), P the sum of their squares and S that of the squares of each filter's sum: pairs drawn one
 * by one have the variance P / N^2, filters (P (v0 - 2 v1 + v2) + S (v1 - v2)) / (N q2)^2 with the moments of t, and
 * psi_ij = a_i + a_j + e_ij gives E S = (n - 1)(n - 2)((n - 2) a + s) and E P = (n - 1)(n - 2) a + (N - 1) s.
 */
static double pair_variance(double by_filters, double by_pairs, size_t filters)
{
	double n = (double)filters, pairs = n * (n - 1) / 2;
	if (filters < 4)
		return by_filters;
	double q2 = (n - 1) / n, q3 = q2 * (n - 2) / n, q4 = q3 * (n - 3) / n;
	double v0 = q4 + 2 * q3 + q2 - q2 * q2, v1 = q4 + q3 - q2 * q2, v2 = q4 - q2 * q2;
	double squares = by_pairs * pairs * pairs;
	double sums =
	    (by_filters * pairs * q2 * pairs * q2 - squares * (v0 - 2 * v1 + v2)) / (v1 - v2);
	return from_squares(squares, sums, n);
}

/* Quantiles of y (n, ascending), less the shift of their median from value; drawn out about value by scale and
 * because their variance is an estimate from so many units. */
static void about_value(double value, double *y, size_t n, size_t units, double scale, double level,
    double *low, double *high)
{
	if (units > 1)
		scale *= student_quantile((1 - level) / 2, (double)units - 1) /
			 gsl_cdf_ugaussian_Qinv((1 - level) / 2);
	double median = gsl_stats_quantile_from_sorted_data(y, 1, n, .5);
	*low = value +
	       scale * (gsl_stats_quantile_from_sorted_data(y, 1, n, (1 - level) / 2) - median);
	*high = value +
		scale * (gsl_stats_quantile_from_sorted_data(y, 1, n, (1 + level) / 2) - median);
}

int resample_value_interval(double value, const double *x, size_t units, size_t count,
    size_t stride, double level, double *low, double *high)
{
	*low = *high = NAN;
	double *y = mem_alloc(count, sizeof(*y));
	if (!y)
		return -1;
	size_t n = valued(x, count, stride, y);
	if (n >= 2 && !isnan(value))
		about_value(value, y, n, units, 1, level, low, high);
	free(y);
	return 0;
}

int resample_pair_interval(double value, const double *x, size_t filters, size_t bootstrap,
    size_t stride, double level, double *low, double *high)
{
	size_t dyads = resample_dyads(bootstrap);
	*low = *high = NAN;
	double *y = mem_alloc(bootstrap + dyads, sizeof(*y));
	if (!y)
		return -1;
	size_t n = valued(x, bootstrap, stride, y);
	size_t m = valued(x + bootstrap * stride, dyads, stride, y + n);
	if (n >= 2 && !isnan(value)) {
		double whole = gsl_stats_variance(y, 1, n),
		       single = m >= 2 ? gsl_stats_variance(y + n, 1, m) : 0;
		double right = m >= 2 ? pair_variance(whole, single, filters) : whole;
		about_value(
		    value, y, n, filters, whole > 0 ? sqrt(right / whole) : 1, level, low, high);
	}
	free(y);
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

int resample_groups(uint64_t seed, size_t n, size_t groups, size_t *group)
{
	size_t *order = mem_alloc(n, sizeof *order);
	if (!order)
		return -1;
	struct rng rng = rng_start(seed, RNG_HALVES, 1, 0);
	rng_permutation(&rng, order, n);
	for (size_t i = 0; i < n; i++)
		group[order[i]] = i % groups;
	free(order);
	return 0;
}

int resample_jackknife(double value, const double *x, size_t groups, size_t stride, double level,
    double *low, double *high)
{
	double mean = 0, squares = 0, g = (double)groups;
	*low = *high = NAN;
	if (groups < 2 || isnan(value))
		return 0;
	for (size_t i = 0; i < groups; i++)
		mean += x[i * stride] / g;
	for (size_t i = 0; i < groups; i++)
		squares += pow(x[i * stride] - mean, 2);
	double reach = sqrt((g - 1) / g * squares) * student_quantile((1 - level) / 2, g - 1);
	*low = value - reach;
	*high = value + reach;
	return 0;
}
