/* Student's t distribution, and its use for repeated random splits. */
#ifndef STATS_STUDENT_H
#define STATS_STUDENT_H

#include <stddef.h>

/* P(T > t) for `degrees` > 0 degrees of freedom. */
double student_above(double t, double degrees);

/* The t with P(T > t) = p, 0 < p < 1. */
double student_quantile(double p, double degrees);

struct split_mean {
	double value;     /* mean */
	double low, high; /* 95 % interval */
	double p;         /* one-sided: that the mean is not above 0 */
};

/*
 * The mean of x over random splits of the same data. Scores of splits vary little where two halves change places, so their
 * spread does not tell what other data would give: `variance` is that of the mean over all splits, known with so many
 * `degrees`; the spread over the splits, divided by their number, is added. Splits without a value (nan) are left out; nan
 * where fewer than 2 are left.
 */
struct split_mean split_mean(size_t splits, const double *x, double variance, double degrees);

#endif
