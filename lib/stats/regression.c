/* Least squares and correlations: everything from sums. */
#include "stats/regression.h"
#include <math.h>
#include <stdbool.h>
#include <string.h>

#define VARIES 1e-12 /* share of a sum of squares that rounding may leave of what does not vary */

void regression_cholesky(size_t m, size_t stride, double *a, double tolerance)
{
	for (size_t i = 0; i < m; i++) {
		double *row = a + i * stride, whole = row[i];
		for (size_t j = 0; j <= i; j++) {
			const double *other = a + j * stride;
			double sum = row[j];
			for (size_t k = 0; k < j; k++)
				sum -= row[k] * other[k];
			if (i == j)
				row[i] = sum > tolerance * whole && sum > 0 ? sqrt(sum) : 0;
			else
				row[j] = other[j] > 0 ? sum / other[j] : 0;
		}
	}
}

void regression_solve(const struct regression *m, double *x)
{
	double l[REGRESSION_TERMS][REGRESSION_TERMS], z[REGRESSION_TERMS];
	memcpy(l, m->g, sizeof l);
	regression_cholesky(m->terms, REGRESSION_TERMS, l[0], 1e-10);
	for (size_t i = 0; i < m->terms; i++) {
		double sum = m->b[i];
		for (size_t k = 0; k < i; k++)
			sum -= l[i][k] * z[k];
		z[i] = l[i][i] > 0 ? sum / l[i][i] : 0;
	}
	for (size_t i = m->terms; i-- > 0;) {
		double sum = z[i];
		for (size_t k = i + 1; k < m->terms; k++)
			sum -= l[k][i] * x[k];
		x[i] = l[i][i] > 0 ? sum / l[i][i] : 0;
	}
}

double regression_partial(size_t m, double g[REGRESSION_TERMS][REGRESSION_TERMS])
{
	size_t x = m - 2, y = m - 1;
	double yy = g[y][y];
	regression_cholesky(m, REGRESSION_TERMS, g[0], VARIES);
	/* the rows of L are what x and y have beyond those before them, in a common orthonormal basis */
	double along = g[y][x], across = g[y][y], left = along * along + across * across;
	return g[x][x] > 0 && left > VARIES * yy ? along / sqrt(left) : NAN;
}

void regression_sums_add(struct regression_sums *to, const struct regression_sums *from)
{
	regression_sums_scaled(to, 1, from);
}

void regression_sums_scaled(
    struct regression_sums *to, double times, const struct regression_sums *from)
{
	to->n += times * from->n;
	to->p += times * from->p;
	to->pp += times * from->pp;
	to->py += times * from->py;
	to->y += times * from->y;
	to->yy += times * from->yy;
}

struct regression_sums regression_sums(const struct regression *m, const double *x)
{
	struct regression_sums s = {.n = m->g[0][0], .y = m->b[0], .yy = m->yy};
	for (size_t i = 0; i < m->terms; i++) {
		s.p += x[i] * m->g[0][i];
		s.py += x[i] * m->b[i];
		for (size_t j = 0; j < m->terms; j++)
			s.pp += x[i] * x[j] * m->g[i][j];
	}
	return s;
}

/* n times the covariance and the variances */
struct spread {
	double py, pp, yy;
	bool known, varies; /* y does, p does */
};

static struct spread spread_of(const struct regression_sums *s)
{
	double n = s->n;
	struct spread v = {.py = s->py - s->p * s->y / n,
	    .pp = s->pp - s->p * s->p / n,
	    .yy = s->yy - s->y * s->y / n};
	v.known = n > 0 && v.yy > VARIES * s->yy;
	v.varies = v.pp > VARIES * s->pp;
	return v;
}

double regression_r(const struct regression_sums *s)
{
	struct spread v = spread_of(s);
	return v.known && v.varies ? v.py / sqrt(v.pp * v.yy) : NAN;
}

double regression_sums_score(const struct regression_sums *s)
{
	struct spread v = spread_of(s);
	return !v.known ? NAN : v.varies ? v.py / sqrt(v.pp * v.yy) : 0;
}

double regression_influence(const struct regression_sums *s, const struct regression_sums *part)
{
	struct spread v = spread_of(s);
	if (!v.known || !v.varies)
		return 0;
	double p = s->p / s->n, y = s->y / s->n;
	double py = part->py - p * part->y - y * part->p + p * y * part->n,
	       pp = part->pp - 2 * p * part->p + p * p * part->n,
	       yy = part->yy - 2 * y * part->y + y * y * part->n;
	return py / sqrt(v.pp * v.yy) - regression_sums_score(s) / 2 * (pp / v.pp + yy / v.yy);
}

double regression_score(const struct regression *m, const double *x)
{
	struct regression_sums s = regression_sums(m, x);
	return regression_sums_score(&s);
}
