/* Normal equations: see normal.h. */
#include <math.h>
#include <stdlib.h>
#include <gsl/gsl_errno.h>
#include "base/memory.h"
#include "fit/normal.h"

struct normal {
	size_t p;
	double square[NORMAL_MAX][NORMAL_MAX]; /* J'J, lower part */
	double factor[NORMAL_MAX][NORMAL_MAX]; /* of J'J + mu D'D, lower; its diagonal inverted */
};

static void *normal_alloc(size_t n, size_t p)
{
	struct normal *s = n >= p && p <= NORMAL_MAX ? mem_alloc(1, sizeof *s) : NULL;
	if (s)
		s->p = p;
	return s;
}

static int normal_init(const void *trust, void *state)
{
	const gsl_matrix *j = ((const gsl_multifit_nlinear_trust_state *)trust)->J;
	struct normal *s = state;
	for (size_t a = 0; a < s->p; a++) {
		for (size_t b = 0; b <= a; b++) {
			double sum = 0;
			for (size_t i = 0; i < j->size1; i++)
				sum += j->data[i * j->tda + a] * j->data[i * j->tda + b];
			s->square[a][b] = sum;
		}
	}
	return GSL_SUCCESS;
}

static int normal_presolve(double mu, const void *trust, void *state)
{
	const gsl_vector *diagonal = ((const gsl_multifit_nlinear_trust_state *)trust)->diag;
	struct normal *s = state;
	for (size_t a = 0; a < s->p; a++) {
		double d = gsl_vector_get(diagonal, a), rest = s->square[a][a] + mu * d * d;
		for (size_t b = 0; b < a; b++) {
			double sum = s->square[a][b];
			for (size_t k = 0; k < b; k++)
				sum -= s->factor[a][k] * s->factor[b][k];
			sum *= s->factor[b][b];
			s->factor[a][b] = sum;
			rest -= sum * sum;
		}
		if (!(rest > 0))
			return GSL_EDOM; /* not positive definite: a larger mu is tried */
		s->factor[a][a] = 1 / sqrt(rest);
	}
	return GSL_SUCCESS;
}

/* x = -(J'J + mu D'D)^-1 J'f */
static int normal_solve(const gsl_vector *f, gsl_vector *x, const void *trust, void *state)
{
	const gsl_matrix *j = ((const gsl_multifit_nlinear_trust_state *)trust)->J;
	const struct normal *s = state;
	double t[NORMAL_MAX];
	for (size_t a = 0; a < s->p; a++) {
		double sum = 0;
		for (size_t i = 0; i < j->size1; i++)
			sum -= j->data[i * j->tda + a] * gsl_vector_get(f, i);
		for (size_t b = 0; b < a; b++)
			sum -= s->factor[a][b] * t[b];
		t[a] = sum * s->factor[a][a];
	}
	for (size_t a = s->p; a-- > 0;) {
		double sum = t[a];
		for (size_t b = a + 1; b < s->p; b++)
			sum -= s->factor[b][a] * t[b];
		t[a] = sum * s->factor[a][a];
		gsl_vector_set(x, a, t[a]);
	}
	return GSL_SUCCESS;
}

/* nobody asks for it */
static int normal_rcond(double *rcond, void *state)
{
	(void)state;
	*rcond = NAN;
	return GSL_SUCCESS;
}

const gsl_multifit_nlinear_solver normal_solver = {
    "normal", normal_alloc, normal_init, normal_presolve, normal_solve, normal_rcond, free};
