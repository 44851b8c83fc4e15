/* Least squares on few regressors from sums over taps, and how well a prediction does. */
#ifndef LATERAL_LEAST_H
#define LATERAL_LEAST_H

#include <stddef.h>

#define REGRESSION_TERMS 12

/* g = sum x x', b = sum x y of the regressors x (the first is 1) and y; yy = sum y^2 */
struct regression {
	size_t terms;
	double g[REGRESSION_TERMS][REGRESSION_TERMS], b[REGRESSION_TERMS], yy;
};

/* to += from */
void regression_add(struct regression *to, const struct regression *from);

/* Coefficients x (terms) by Cholesky's decomposition; a term that the others give already gets 0. */
void regression_solve(const struct regression *m, double *x);

struct regression_score {
	double r, cosine;
};

/* sums over taps of 1, the prediction p and y */
struct regression_sums {
	double n, p, pp, py, y, yy;
};
/* to += from */
void regression_sums_add(struct regression_sums *to, const struct regression_sums *from);
/* Of the prediction with coefficients x. */
struct regression_sums regression_sums(const struct regression *m, const double *x);
struct regression_score regression_sums_score(const struct regression_sums *all);
/* Derivatives of the score of `all` by the weight of some taps, whose sums are in part; 0 where it has no value. */
struct regression_score regression_influence(const struct regression_sums *all, const struct regression_sums *part);

/* Of the prediction with coefficients x; r is 0 where the prediction does not vary, nan where y does not. */
struct regression_score regression_score(const struct regression *m, const double *x);

#endif
