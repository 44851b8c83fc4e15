#include "stats/regression.h"
#include <math.h>
#include <stdbool.h>

void least_add(struct least *to, const struct least *from)
{
	to->terms = from->terms;
	to->yy += from->yy;
	for (size_t i = 0; i < from->terms; i++) {
		to->b[i] += from->b[i];
		for (size_t j = 0; j < from->terms; j++)
			to->g[i][j] += from->g[i][j];
	}
}

void least_solve(const struct least *m, double *x)
{
	double l[LEAST_TERMS][LEAST_TERMS] = {{0}}, z[LEAST_TERMS];
	for (size_t i = 0; i < m->terms; i++) {
		for (size_t j = 0; j <= i; j++) {
			double sum = m->g[i][j];
			for (size_t k = 0; k < j; k++)
				sum -= l[i][k] * l[j][k];
			if (i == j)
				l[i][i] = sum > 1e-10 * m->g[i][i] && sum > 0 ? sqrt(sum) : 0;
			else
				l[i][j] = l[j][j] > 0 ? sum / l[j][j] : 0;
		}
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

void least_sums_add(struct least_sums *to, const struct least_sums *from)
{
	to->n += from->n;
	to->p += from->p;
	to->pp += from->pp;
	to->py += from->py;
	to->y += from->y;
	to->yy += from->yy;
}

struct least_sums least_sums(const struct least *m, const double *x)
{
	struct least_sums s = {.n = m->g[0][0], .y = m->b[0], .yy = m->yy};
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

static struct spread spread_of(const struct least_sums *s)
{
	double n = s->n;
	struct spread v = {.py = s->py - s->p * s->y / n,
	    .pp = s->pp - s->p * s->p / n,
	    .yy = s->yy - s->y * s->y / n};
	v.known = n > 0 && v.yy > 1e-12 * s->yy;
	v.varies = v.pp > 1e-12 * s->pp;
	return v;
}

struct least_score least_sums_score(const struct least_sums *s)
{
	struct spread v = spread_of(s);
	if (!v.known)
		return (struct least_score){NAN, NAN};
	return (struct least_score){
	    v.varies ? v.py / sqrt(v.pp * v.yy) : 0, s->pp > 0 ? s->py / sqrt(s->pp * s->yy) : 0};
}

struct least_score least_influence(const struct least_sums *s, const struct least_sums *part)
{
	struct spread v = spread_of(s);
	struct least_score score = least_sums_score(s), out = {0, 0};
	double p = s->p / s->n, y = s->y / s->n;
	if (v.known && v.varies) {
		double py = part->py - p * part->y - y * part->p + p * y * part->n,
		       pp = part->pp - 2 * p * part->p + p * p * part->n,
		       yy = part->yy - 2 * y * part->y + y * y * part->n;
		out.r = py / sqrt(v.pp * v.yy) - score.r / 2 * (pp / v.pp + yy / v.yy);
	}
	if (v.known && s->pp > 0)
		out.cosine = part->py / sqrt(s->pp * s->yy) -
			     score.cosine / 2 * (part->pp / s->pp + part->yy / s->yy);
	return out;
}

struct least_score least_score(const struct least *m, const double *x)
{
	struct least_sums s = least_sums(m, x);
	return least_sums_score(&s);
}
