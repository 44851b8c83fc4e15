/* What a statistic is worth: intervals from bootstrap samples, chance and p from permutations. */
#ifndef STATS_RESAMPLE_H
#define STATS_RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

enum resample_side {
	RESAMPLE_TWO_SIDED, /* as far from the mean of permutations and data together */
	RESAMPLE_GREATER,   /* at least as large */
	RESAMPLE_LESS,      /* at least as small */
};

struct resample_chance {
	double mean; /* of the permutations that have a value */
	double p;    /* (1 + #) / (1 + count) */
};

/* Chance of `observed` from permuted values x[0], x[stride], ... (count of them). A permutation without a value (nan)
 * counts as extreme, except to the RESAMPLE_LESS test, where nan means "none at all". p is nan where observed is or
 * count is 0. */
struct resample_chance resample_chance(
    double observed, const double *x, size_t count, size_t stride, enum resample_side side);

/* Percentile interval that covers `level` of the samples x[0], x[stride], ... that have a value (linear interpolation
 * between order statistics); both nan where fewer than 2 have one. 0, or -1 without memory. */
int resample_interval(const double *x, size_t count, size_t stride, double level, double *low,
    double *high) __attribute__((warn_unused_result));

/* Interval about value that covers `level`, from bootstrap samples of `units` units x[0], x[stride], ... (count of them): their
 * quantiles, less the shift of their median from value, by Student's t with units - 1 degrees over the normal law. A
 * bootstrap shifts what depends on the number of different units, and its plain quantiles may all lie on one side of value.
 * Both nan where value is or fewer than 2 samples have one. 0, or -1 without memory. */
int resample_value_interval(double value, const double *x, size_t units, size_t count,
    size_t stride, double level, double *low, double *high) __attribute__((warn_unused_result));

/*
 * Intervals for statistics of pairs of filters. In a bootstrap over filters, where pair (i, j) counts t_i t_j times, t how
 * often a filter was drawn, each pair's own noise comes in with both its filters and once more with their product: three
 * times in all (Owen, Ann. Appl. Stat. 1 (2007) 386). So pairs are drawn one by one as well. From both variances follow, by
 * moments for n filters, the variance a of what a filter adds to all its pairs and s of what is a pair's own, and
 * the right variance of a mean over pairs, 4 a / n + 2 s / (n (n - 1)); a and s are at least 0.
 */
/* Samples that go with `bootstrap` samples of filters: theirs first, then resample_dyads of them. */
size_t resample_dyads(size_t bootstrap);

/* Sample b of bootstrap + resample_dyads(bootstrap): weights of the pairs, f (n, n), 0 for i = j. times (n): how often a
 * filter was drawn, all 1 where single pairs {i, j} are (Poisson, mean 1, the same for (i, j) and (j, i)). */
void resample_pairs(uint64_t seed, size_t bootstrap, size_t b, size_t n, double *times, double *f);

/* Interval that covers `level`, from the bootstrap + resample_dyads(bootstrap) samples x[0], x[stride], ... for n filters: that
 * of resample_value_interval from the bootstrap over filters, drawn in or out about value to the right variance too. Both nan
 * where value is or fewer than 2 samples of filters have a value. 0, or -1 without memory. */
int resample_pair_interval(double value, const double *x, size_t n, size_t bootstrap, size_t stride,
    double level, double *low, double *high) __attribute__((warn_unused_result));

/* The same variance without samples, of a statistic that is smooth in the pairs' weights and blind to their common scale:
 * psi, its derivative by the weight of pair {i, j}, at i (i - 1)/2 + j, j < i < n; n >= 4. */
double resample_influence(const double *psi, size_t n);

/* n filters dealt out at random into groups of equal size, as far as that goes: group (n). 0, or -1 without memory. */
int resample_groups(uint64_t seed, size_t n, size_t groups, size_t *group)
    __attribute__((warn_unused_result));

/* Interval about value that covers `level`, by the jackknife: x[0], x[stride], ... (groups of them) are the values without one
 * group of filters each; Student's. Both nan where value is or with fewer than 2 groups. 0. */
int resample_jackknife(double value, const double *x, size_t groups, size_t stride, double level,
    double *low, double *high) __attribute__((warn_unused_result));

/* Bootstrap sample b of n filters: how often each was drawn, into times (n). */
void resample_times(uint64_t seed, size_t b, size_t n, double *times);

/* Permutation b of n filters, of the family `kind` (independent of other kinds), into order (n). */
void resample_order(uint64_t seed, size_t b, uint32_t kind, size_t n, size_t *order);

#endif
