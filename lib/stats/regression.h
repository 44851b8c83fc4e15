/* Least squares on few regressors, and correlations, from sums over observations. */
#ifndef STATS_REGRESSION_H
#define STATS_REGRESSION_H

#include <stddef.h>

#define REGRESSION_TERMS 12

/* g = sum x x', b = sum x y of the regressors x (the first is 1) and y; yy = sum y^2 */
struct regression {
	size_t terms;
	double g[REGRESSION_TERMS][REGRESSION_TERMS], b[REGRESSION_TERMS], yy;
};

/* Cholesky's factor of the positive semidefinite a (m, m), in place: the lower triangle of L, a = L L', a row every
 * `stride` numbers. A row that the rows before it give already, up to `tolerance` times its diagonal element, gets 0 on
 * the diagonal and in its column. */
void regression_cholesky(size_t m, size_t stride, double *a, double tolerance);

/* Coefficients x (terms) by Cholesky's decomposition; a term that the others give already gets 0. */
void regression_solve(const struct regression *m, double *x);

/* Partial correlation of the last two of m variables (3 to REGRESSION_TERMS) given those before them, the first of which is
 * 1: g is the lower triangle of sum x x'. nan where either of the two does not vary beyond the others. */
double regression_partial(size_t m, double g[REGRESSION_TERMS][REGRESSION_TERMS]);

/* sums over observations of 1, the prediction p and y */
struct regression_sums {
	double n, p, pp, py, y, yy;
};
/* to += from; to += times from */
void regression_sums_add(struct regression_sums *to, const struct regression_sums *from);
void regression_sums_scaled(
    struct regression_sums *to, double times, const struct regression_sums *from);
/* Of the prediction with coefficients x. */
struct regression_sums regression_sums(const struct regression *m, const double *x);

/* Pearson's correlation of p and y; nan where either does not vary. */
double regression_r(const struct regression_sums *sums);

/* The score of a prediction p of y: r, but 0 where p does not vary, nan where y does not. */
double regression_sums_score(const struct regression_sums *all);
double regression_score(const struct regression *m, const double *x);

/* Derivative of the score of `all` by the weight of some observations, whose sums are in part; 0 where it has no value. */
double regression_influence(const struct regression_sums *all, const struct regression_sums *part);

#endif
