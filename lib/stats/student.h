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
 * The mean of x over `splits` random halves, which share their data: the variance of the mean is taken as
 * (1/splits + ratio) times that of x, ratio = test size / training size (Nadeau and Bengio 2003, corrected resampled t
 * test). Splits without a value (nan) are left out; nan where fewer than 2 are left.
 */
struct split_mean split_mean(size_t splits, const double *x, double ratio);

#endif
