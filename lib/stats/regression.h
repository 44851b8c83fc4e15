/* Least squares on few regressors from sums over taps, and how well a prediction does. */
#ifndef LATERAL_LEAST_H
#define LATERAL_LEAST_H

#include <stddef.h>

#define LEAST_TERMS 10

/* g = sum x x', b = sum x y of the regressors x (the first is 1) and y; yy = sum y^2 */
struct least {
	size_t terms;
	double g[LEAST_TERMS][LEAST_TERMS], b[LEAST_TERMS], yy;
};

/* to += from */
void least_add(struct least *to, const struct least *from);

/* Coefficients x (terms) by Cholesky's decomposition; a term that the others give already gets 0. */
void least_solve(const struct least *m, double *x);

struct least_score {
	double r, cosine;
};

/* sums over taps of 1, the prediction p and y */
struct least_sums {
	double n, p, pp, py, y, yy;
};
/* to += from */
void least_sums_add(struct least_sums *to, const struct least_sums *from);
/* Of the prediction with coefficients x. */
struct least_sums least_sums(const struct least *m, const double *x);
struct least_score least_sums_score(const struct least_sums *all);
/* Derivatives of the score of `all` by the weight of some taps, whose sums are in part; 0 where it has no value. */
struct least_score least_influence(const struct least_sums *all, const struct least_sums *part);

/* Of the prediction with coefficients x; r is 0 where the prediction does not vary, nan where y does not. */
struct least_score least_score(const struct least *m, const double *x);

#endif
