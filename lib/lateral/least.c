#include "lateral/least.h"
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

struct least_score least_score(const struct least *m, const double *x)
{
	double n = m->g[0][0], p = 0, pp = 0, py = 0;
	for (size_t i = 0; i < m->terms; i++) {
		p += x[i] * m->g[0][i];
		py += x[i] * m->b[i];
		for (size_t j = 0; j < m->terms; j++)
			pp += x[i] * x[j] * m->g[i][j];
	}
	double y = m->b[0], vy = m->yy - y * y / n, vp = pp - p * p / n;
	if (!(n > 0 && vy > 1e-12 * m->yy))
		return (struct least_score){NAN, NAN};
	bool varies = vp > 1e-12 * pp;
	return (struct least_score){
	    varies ? (py - p * y / n) / sqrt(vp * vy) : 0, pp > 0 ? py / sqrt(pp * m->yy) : 0};
}
