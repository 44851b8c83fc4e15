/* What a listing says of a tensor's numbers, and where two tensors differ. */
#ifndef TENSOR_SUMMARY_H
#define TENSOR_SUMMARY_H

#include <stddef.h>

/* Start from {0} with summary_start; finite numbers enter min, max, mean and sd. */
struct summary {
	size_t finite, nan, inf;
	double min, max, mean; /* NaN where no number is finite */
	double squares;        /* sum of squared deviations from the mean */
};
struct summary summary_start(void);
void summary_add(struct summary *summary, const double *x, size_t n);
/* With the divisor n, as NumPy's std; NaN where no number is finite. */
double summary_sd(const struct summary *summary);

/* Where b differs from a: |a - b| > atol + rtol |b|. Equal infinities agree, NaN agrees with nothing. */
struct difference {
	size_t compared, count; /* numbers compared, and those that differ */
	size_t first;           /* the first that differs */
	double a, b;            /* its values */
	double largest;         /* |a - b| over those that differ; NaN once one is NaN */
};
void difference_add(
    struct difference *d, const double *a, const double *b, size_t n, double atol, double rtol);

#endif
