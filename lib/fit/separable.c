/* Separable least squares: see separable.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_multifit_nlinear.h>
#include "base/error.h"
#include "base/memory.h"
#include "fit/bank.h"
#include "fit/separable.h"
#include "fit/vector.h"

#define SCRATCH 4
#define DEPENDENT                                                                                  \
	1e-9 /* a basis function with less than this part outside the others' span is left out */
#define AT_ROUNDING 1e-28 /* of the sum of squares of y */

struct separable {
	const struct separable_model *model;
	struct separable_pixels pixels;
	struct separable_bound bounds[SEPARABLE_SHAPE_MAX];
	double *memory; /* holds the arrays below and the pixels' coordinates */
	double *basis, *unit, *slopes,
	    *scratch; /* (linear, n), its orthonormal form, (shape, n), (4, n) */
	const double *y;
	double upper[SEPARABLE_LINEAR_MAX][SEPARABLE_LINEAR_MAX]; /* basis = unit * upper */
	double coefficient[SEPARABLE_LINEAR_MAX];
	double at
	    [SEPARABLE_SHAPE_MAX]; /* the shape that basis, unit, upper and coefficient belong to */
	bool known;                /* ... for y */
	gsl_multifit_nlinear_workspace *gsl;
};

VECTOR_CLONES static double dot(const double *a, const double *b, size_t n)
{
	double sum = 0;
#pragma omp simd reduction(+ : sum)
	for (size_t i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

VECTOR_CLONES static void subtract(
    double *restrict a, double factor, const double *restrict b, size_t n)
{
#pragma omp simd
	for (size_t i = 0; i < n; i++)
		a[i] -= factor * b[i];
}

/* the parameter's value for the free variable t, and its derivative */
static double bounded(const struct separable_bound *b, double t, double *slope)
{
	double half, value;
	switch (b->scale) {
	case SEPARABLE_BOUNDED:
		*slope = (b->hi - b->lo) / 2 * cos(t);
		return b->lo + (b->hi - b->lo) / 2 * (1 + sin(t));
	case SEPARABLE_LOGARITHMIC:
		half = log(b->hi / b->lo) / 2;
		value = b->lo * exp(half * (1 + sin(t)));
		*slope = value * half * cos(t);
		return value;
	default:
		*slope = 1;
		return t;
	}
}

/* the free variable for a value; starts stay a little off the bounds, where the slope vanishes */
static double unbounded(const struct separable_bound *b, double value)
{
	double part;
	if (b->scale == SEPARABLE_FREE)
		return value;
	if (b->scale == SEPARABLE_BOUNDED)
		part = 2 * (value - b->lo) / (b->hi - b->lo) - 1;
	else
		part = 2 * log(value / b->lo) / log(b->hi / b->lo) - 1;
	return asin(fmin(fmax(part, -.9), .9));
}

static double clamped(const struct separable_bound *b, double value)
{
	return b->scale == SEPARABLE_FREE ? value : fmin(fmax(value, b->lo), b->hi);
}

/* Coefficients and residual (n) at a shape: the basis is made orthonormal by modified Gram-Schmidt. */
static void project(struct separable *s, const double *shape, double *residual)
{
	size_t n = s->pixels.n, m = s->model->linear;
	double part[SEPARABLE_LINEAR_MAX];
	s->model->basis(shape, &s->pixels, s->basis, s->scratch);
	memcpy(s->at, shape, s->model->shape * sizeof *shape);
	s->known = true;
	memcpy(residual, s->y, n * sizeof *residual);
	for (size_t l = 0; l < m; l++) {
		double *q = s->unit + l * n;
		memcpy(q, s->basis + l * n, n * sizeof *q);
		double before = dot(q, q, n);
		for (size_t j = 0; j < l; j++) {
			s->upper[j][l] = dot(s->unit + j * n, q, n);
			subtract(q, s->upper[j][l], s->unit + j * n, n);
		}
		double norm = sqrt(dot(q, q, n));
		if (norm > DEPENDENT * sqrt(before)) {
			s->upper[l][l] = norm;
			for (size_t i = 0; i < n; i++)
				q[i] /= norm;
		} else { /* also for a function that vanishes on all pixels */
			s->upper[l][l] = 0;
			memset(q, 0, n * sizeof *q);
		}
		part[l] = dot(q, residual, n);
		subtract(residual, part[l], q, n);
	}
	for (size_t l = m; l-- > 0;) {
		double sum = part[l];
		for (size_t j = l + 1; j < m; j++)
			sum -= s->upper[l][j] * s->coefficient[j];
		s->coefficient[l] = s->upper[l][l] > 0 ? sum / s->upper[l][l] : 0;
	}
}

static int residual(const gsl_vector *t, void *params, gsl_vector *f)
{
	struct separable *s = params;
	double shape[SEPARABLE_SHAPE_MAX], slope;
	for (size_t i = 0; i < s->model->shape; i++) {
		double value = gsl_vector_get(t, i);
		if (!isfinite(value))
			return GSL_EDOM;
		shape[i] = bounded(&s->bounds[i], value, &slope);
	}
	project(s, shape, f->data);
	for (size_t i = 0; i < s->pixels.n; i++)
		f->data[i] = -f->data[i]; /* GSL's residual is model - y */
	return GSL_SUCCESS;
}

static int jacobian(const gsl_vector *t, void *params, gsl_matrix *jacobian_matrix)
{
	struct separable *s = params;
	size_t n = s->pixels.n, p = s->model->shape, m = s->model->linear;
	double shape[SEPARABLE_SHAPE_MAX] = {0}, slope[SEPARABLE_SHAPE_MAX];
	for (size_t i = 0; i < p; i++)
		shape[i] = bounded(&s->bounds[i], gsl_vector_get(t, i), &slope[i]);
	if (!s->known ||
	    memcmp(shape, s->at, p * sizeof *shape)) /* after a step that was refused */
		project(s, shape, s->slopes);
	s->model->slopes(shape, s->coefficient, &s->pixels, s->basis, s->scratch, s->slopes);
	for (size_t i = 0; i < p; i++) {
		double *d = s->slopes + i * n;
		for (size_t l = 0; l < m; l++)
			subtract(d, dot(s->unit + l * n, d, n), s->unit + l * n, n);
		for (size_t j = 0; j < n; j++)
			jacobian_matrix->data[j * jacobian_matrix->tda + i] = slope[i] * d[j];
	}
	return GSL_SUCCESS;
}

struct separable *separable_create(const struct separable_model *model, size_t k)
{
	size_t n, rows = SCRATCH + 4 + 2 * model->linear + model->shape;
	struct separable *s = mem_alloc(1, sizeof *s);
	if (!s || mem_multiply(k, k, &n) < 0)
		goto failed;
	if (n < model->shape) {
		err_set("a profile of %zu pixels: a fit of %zu shape parameters needs more", n,
		    model->shape);
		goto failed;
	}
	if (!(s->memory = mem_alloc(rows, n * sizeof *s->memory)))
		goto failed;
	s->model = model;
	s->scratch = s->memory;
	s->basis = s->scratch + SCRATCH * n;
	s->unit = s->basis + model->linear * n;
	s->slopes = s->unit + model->linear * n;
	double *x = s->slopes + model->shape * n, *y = x + n, *column = y + n, *row = column + n;
	for (size_t i = 0; i < n; i++) {
		x[i] = bank_x(k, i % k);
		y[i] = bank_y(k, i / k);
	}
	for (size_t i = 0; i < k; i++) {
		column[i] = bank_x(k, i);
		row[i] = bank_y(k, i);
	}
	s->pixels = (struct separable_pixels){k, n, x, y, column, row};
	for (size_t i = 0; model->offset && i < n; i++)
		s->basis[(model->linear - 1) * n + i] = 1;
	model->bounds(k, s->bounds);
	gsl_set_error_handler_off();
	gsl_multifit_nlinear_parameters parameters = gsl_multifit_nlinear_default_parameters();
	parameters.solver = gsl_multifit_nlinear_solver_cholesky;
	s->gsl =
	    gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &parameters, n, model->shape);
	if (s->gsl)
		return s;
	err_set("memory: no room for a fit of %zu pixels", n);
failed:
	separable_free(s);
	return NULL;
}

void separable_free(struct separable *separable)
{
	if (!separable)
		return;
	if (separable->gsl)
		gsl_multifit_nlinear_free(separable->gsl);
	free(separable->memory);
	free(separable);
}

const struct separable_pixels *separable_pixels(const struct separable *separable)
{
	return &separable->pixels;
}

double separable_solve(
    struct separable *s, const double *y, const double *shape, double *coefficient)
{
	double inside[SEPARABLE_SHAPE_MAX];
	for (size_t i = 0; i < s->model->shape; i++)
		inside[i] = clamped(&s->bounds[i], shape[i]);
	s->y = y;
	project(s, inside, s->slopes);
	if (coefficient)
		memcpy(coefficient, s->coefficient, s->model->linear * sizeof *coefficient);
	return dot(s->slopes, s->slopes, s->pixels.n);
}

int separable_minimise(
    struct separable *s, const double *y, double tolerance, size_t limit, struct separable_fit *fit)
{
	size_t n = s->pixels.n, p = s->model->shape;
	double start[SEPARABLE_SHAPE_MAX], slope, rounding = AT_ROUNDING * dot(y, y, n);
	for (size_t i = 0; i < p; i++)
		start[i] = unbounded(&s->bounds[i], fit->shape[i]);
	gsl_multifit_nlinear_fdf fdf = {
	    .f = residual, .df = jacobian, .fvv = NULL, .n = n, .p = p, .params = s};
	gsl_vector_view t = gsl_vector_view_array(start, p);
	s->y = y;
	int status = gsl_multifit_nlinear_init(&t.vector, &fdf, s->gsl);
	if (status)
		return err_set("fit: %s", gsl_strerror(status));
	double sse = dot(s->gsl->f->data, s->gsl->f->data, n);
	for (fit->iterations = 0; fit->iterations < limit && sse > rounding; fit->iterations++) {
		/* any other status than success: no step lowers the sum of squares */
		if (gsl_multifit_nlinear_iterate(s->gsl) != GSL_SUCCESS)
			break;
		double lower = dot(s->gsl->f->data, s->gsl->f->data, n);
		bool done = !(sse - lower > tolerance * sse);
		sse = lower;
		if (done)
			break;
	}
	for (size_t i = 0; i < p; i++)
		fit->shape[i] = bounded(&s->bounds[i], gsl_vector_get(s->gsl->x, i), &slope);
	fit->sse = separable_solve(s, y, fit->shape, fit->coefficient);
	return 0;
}
