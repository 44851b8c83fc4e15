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
#define VECTOR_LENGTH 8 /* doubles; memory is aligned to as many bytes */
#define DEPENDENT                                                                                  \
	1e-9 /* a basis function with less than this part outside the others' span is left out */
#define AT_ROUNDING 1e-28 /* of the sum of squares of y */

/* What GSL sees is small: with the residual r (n) and its projected Jacobian J (n, p), all it computes are norms and
 * products of their columns, and the Cholesky factor of the Gram matrix of (J, r), p + 1 rows, has the same ones. */
#define ROWS (SEPARABLE_SHAPE_MAX + 1)

struct separable {
	const struct separable_model *model;
	struct separable_pixels pixels;
	struct separable_bound bounds[SEPARABLE_SHAPE_MAX];
	double *memory;                 /* holds the arrays below and the pixels' coordinates */
	double *basis, *unit, *scratch; /* (linear, n), its orthonormal form, (4, n) */
	double *slopes;                 /* (shape + 1, n): the last one is the residual */
	double *y;                      /* (n), 0 beyond k*k, as are all rows */
	size_t real;                    /* k*k */
	double upper[SEPARABLE_LINEAR_MAX][SEPARABLE_LINEAR_MAX]; /* basis = unit * upper */
	double coefficient[SEPARABLE_LINEAR_MAX];
	double factor[ROWS][ROWS];      /* row-major, upper; column p belongs to the residual */
	double at[SEPARABLE_SHAPE_MAX]; /* the free variables that factor belongs to */
	gsl_multifit_nlinear_workspace *gsl;
};

VECTOR_INLINE double dot(const double *restrict a, const double *restrict b, size_t n)
{
	double sum = 0;
#pragma omp simd reduction(+ : sum)
	for (size_t i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

VECTOR_INLINE void subtract(double *restrict a, double factor, const double *restrict b, size_t n)
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

static void take(struct separable *s, const double *y)
{
	memcpy(s->y, y, s->real * sizeof *y);
}

/* rows (count, n) made 0 beyond the pixels */
static void clear_rest(const struct separable *s, double *rows, size_t count)
{
	for (size_t l = 0; l < count; l++)
		for (size_t i = s->real; i < s->pixels.n; i++)
			rows[l * s->pixels.n + i] = 0;
}

static void basis_at(struct separable *s, const double *shape)
{
	s->model->basis(shape, &s->pixels, s->basis, s->scratch);
	clear_rest(s, s->basis, s->model->linear);
}

/* Coefficients and residual (n) for the basis as it stands: made orthonormal by modified Gram-Schmidt. */
VECTOR_CLONES static void project(struct separable *s, double *restrict r)
{
	size_t n = s->pixels.n, m = s->model->linear;
	double part[SEPARABLE_LINEAR_MAX];
	memcpy(r, s->y, n * sizeof *r);
	for (size_t l = 0; l < m; l++) {
		double *restrict q = s->unit + l * n;
		memcpy(q, s->basis + l * n, n * sizeof *q);
		double before = dot(s->basis + l * n, s->basis + l * n, n);
		for (size_t j = 0; j < l; j++) {
			s->upper[j][l] = dot(s->unit + j * n, q, n);
			subtract(q, s->upper[j][l], s->unit + j * n, n);
		}
		double square = 0;
#pragma omp simd reduction(+ : square)
		for (size_t i = 0; i < n; i++)
			square += q[i] * q[i];
		/* false also for a function that vanishes on all pixels */
		bool independent = square > DEPENDENT * DEPENDENT * before;
		double scale = independent ? 1 / sqrt(square) : 0;
#pragma omp simd
		for (size_t i = 0; i < n; i++)
			q[i] *= scale;
		s->upper[l][l] = independent ? sqrt(square) : 0;
		part[l] = dot(q, r, n);
		subtract(r, part[l], q, n);
	}
	for (size_t l = m; l-- > 0;) {
		double sum = part[l];
		for (size_t j = l + 1; j < m; j++)
			sum -= s->upper[l][j] * s->coefficient[j];
		s->coefficient[l] = s->upper[l][l] > 0 ? sum / s->upper[l][l] : 0;
	}
}

/* Products of d (n) with three others at once: d is read once. */
VECTOR_INLINE void dots(const double *restrict d, const double *restrict a,
    const double *restrict b, const double *restrict c, size_t n, double *product)
{
	double x = 0, y = 0, z = 0;
#pragma omp simd reduction(+ : x, y, z)
	for (size_t i = 0; i < n; i++) {
		x += d[i] * a[i];
		y += d[i] * b[i];
		z += d[i] * c[i];
	}
	product[0] = x;
	product[1] = y;
	product[2] = z;
}

/* The slopes projected (Kaufman's Jacobian, up to its sign), and the Gram matrix of them and the residual, its lower
 * part. Where a group of three is not full its first member stands in, and what it gives is not used. */
VECTOR_CLONES static void gram(struct separable *s, const double *slope, double (*restrict g)[ROWS])
{
	size_t n = s->pixels.n, p = s->model->shape, m = s->model->linear;
	const double *a = s->unit, *b = m > 1 ? a + n : a, *c = m > 2 ? a + 2 * n : a;
	double product[3], by_b, by_c;
	for (size_t i = 0; i < p; i++) {
		double *restrict d = s->slopes + i * n;
		dots(d, a, b, c, n, product);
		by_b = m > 1 ? product[1] : 0;
		by_c = m > 2 ? product[2] : 0;
#pragma omp simd
		for (size_t k = 0; k < n; k++)
			d[k] -= product[0] * a[k] + by_b * b[k] + by_c * c[k];
	}
	for (size_t i = 0; i <= p; i++) {
		for (size_t j = 0; j <= i; j += 3) {
			const double *first = s->slopes + j * n;
			dots(s->slopes + i * n, first, j + 1 <= i ? first + n : first,
			    j + 2 <= i ? first + 2 * n : first, n, product);
			for (size_t l = 0; l < 3 && j + l <= i; l++)
				g[i][j + l] = product[l] * slope[i] * slope[j + l];
		}
	}
}

/* Everything at the free variables t. */
static void evaluate(struct separable *s, const double *t)
{
	size_t p = s->model->shape;
	double shape[SEPARABLE_SHAPE_MAX] = {0}, slope[ROWS], g[ROWS][ROWS];
	for (size_t i = 0; i < p; i++)
		shape[i] = bounded(&s->bounds[i], t[i], &slope[i]);
	slope[p] = -1; /* GSL's residual is model - y */
	basis_at(s, shape);
	project(s, s->slopes + p * s->pixels.n);
	s->model->slopes(shape, s->coefficient, &s->pixels, s->basis, s->scratch, s->slopes);
	clear_rest(s, s->slopes, p);
	gram(s, slope, g);
	/* Cholesky; a column that others make up has no row of its own */
	for (size_t j = 0; j <= p; j++) {
		double rest = g[j][j];
		for (size_t i = 0; i < j; i++) {
			double sum = g[j][i];
			for (size_t k = 0; k < i; k++)
				sum -= s->factor[k][i] * s->factor[k][j];
			s->factor[i][j] = s->factor[i][i] > 0 ? sum / s->factor[i][i] : 0;
			rest -= s->factor[i][j] * s->factor[i][j];
		}
		s->factor[j][j] = rest > 1e-15 * g[j][j] ? sqrt(rest) : 0;
		for (size_t i = j + 1; i <= p; i++)
			s->factor[i][j] = 0;
	}
	memcpy(s->at, t, p * sizeof *t);
}

static int residual(const gsl_vector *t, void *params, gsl_vector *f)
{
	struct separable *s = params;
	double free[SEPARABLE_SHAPE_MAX];
	for (size_t i = 0; i < s->model->shape; i++) {
		free[i] = gsl_vector_get(t, i);
		if (!isfinite(free[i]))
			return GSL_EDOM;
	}
	evaluate(s, free);
	for (size_t i = 0; i <= s->model->shape; i++)
		gsl_vector_set(f, i, s->factor[i][s->model->shape]);
	return GSL_SUCCESS;
}

static int jacobian(const gsl_vector *t, void *params, gsl_matrix *matrix)
{
	struct separable *s = params;
	size_t p = s->model->shape;
	double free[SEPARABLE_SHAPE_MAX];
	for (size_t i = 0; i < p; i++)
		free[i] = gsl_vector_get(t, i);
	if (memcmp(free, s->at, p * sizeof *free))
		evaluate(s, free);
	for (size_t i = 0; i <= p; i++)
		memcpy(matrix->data + i * matrix->tda, s->factor[i], p * sizeof *matrix->data);
	return GSL_SUCCESS;
}

struct separable *separable_create(const struct separable_model *model, size_t k)
{
	size_t real, rows = SCRATCH + 6 + 2 * model->linear + model->shape;
	struct separable *s = mem_alloc(1, sizeof *s);
	if (!s || mem_multiply(k, k, &real) < 0)
		goto failed;
	size_t n = (real + VECTOR_LENGTH - 1) / VECTOR_LENGTH * VECTOR_LENGTH;
	if (real < model->shape) {
		err_set("a profile of %zu pixels: a fit of %zu shape parameters needs more", real,
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
	double *x = s->slopes + (model->shape + 1) * n, *y = x + n, *column = y + n,
	       *row = column + n;
	for (size_t i = 0; i < real; i++) {
		x[i] = bank_x(k, i % k);
		y[i] = bank_y(k, i / k);
	}
	for (size_t i = 0; i < k; i++) {
		column[i] = bank_x(k, i);
		row[i] = bank_y(k, i);
	}
	s->pixels = (struct separable_pixels){k, n, x, y, column, row};
	s->y = row + n;
	s->real = real;
	for (size_t i = 0; model->offset && i < real; i++)
		s->basis[(model->linear - 1) * n + i] = 1;
	model->bounds(k, s->bounds);
	gsl_set_error_handler_off();
	gsl_multifit_nlinear_parameters parameters = gsl_multifit_nlinear_default_parameters();
	parameters.solver = gsl_multifit_nlinear_solver_cholesky;
	parameters.scale =
	    gsl_multifit_nlinear_scale_levenberg; /* the free variables have similar ranges */
	s->gsl = gsl_multifit_nlinear_alloc(
	    gsl_multifit_nlinear_trust, &parameters, model->shape + 1, model->shape);
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
	double inside[SEPARABLE_SHAPE_MAX], *r = s->slopes + s->model->shape * s->pixels.n;
	for (size_t i = 0; i < s->model->shape; i++)
		inside[i] = clamped(&s->bounds[i], shape[i]);
	take(s, y);
	basis_at(s, inside);
	project(s, r);
	if (coefficient)
		memcpy(coefficient, s->coefficient, s->model->linear * sizeof *coefficient);
	return dot(r, r, s->pixels.n);
}

/* The Gram matrix of the basis and y, and from it what the best coefficients leave of y. */
VECTOR_CLONES static double score(const struct separable *s)
{
	size_t n = s->pixels.n, m = s->model->linear;
	double g[SEPARABLE_LINEAR_MAX + 1][SEPARABLE_LINEAR_MAX + 1], rest = 0;
	for (size_t i = 0; i <= m; i++) {
		const double *a = i < m ? s->basis + i * n : s->y,
			     *b = i > 1 ? s->basis + n : s->basis;
		double product[3];
		dots(a, s->basis, b, a, n, product);
		memcpy(g[i], product, (i < 2 ? i : 2) * sizeof *product);
		g[i][i] = product[2];
		if (i == 3)
			g[3][2] = dot(a, s->basis + 2 * n, n);
	}
	/* Cholesky in place; the last pivot is the sum of squares that is left */
	for (size_t j = 0; j <= m; j++) {
		rest = g[j][j];
		for (size_t i = 0; i < j; i++) {
			double sum = g[j][i];
			for (size_t k = 0; k < i; k++)
				sum -= g[i][k] * g[j][k];
			g[j][i] = g[i][i] > 0 ? sum / g[i][i] : 0;
			rest -= g[j][i] * g[j][i];
		}
		g[j][j] = rest > 1e-12 * g[j][j] ? sqrt(rest) : 0;
	}
	return rest;
}

double separable_score(struct separable *s, const double *y, const double *shape)
{
	double inside[SEPARABLE_SHAPE_MAX];
	for (size_t i = 0; i < s->model->shape; i++)
		inside[i] = clamped(&s->bounds[i], shape[i]);
	take(s, y);
	basis_at(s, inside);
	return score(s);
}

int separable_minimise(
    struct separable *s, const double *y, double tolerance, size_t limit, struct separable_fit *fit)
{
	size_t p = s->model->shape;
	double start[SEPARABLE_SHAPE_MAX], slope, rounding = AT_ROUNDING * dot(y, y, s->real);
	for (size_t i = 0; i < p; i++)
		start[i] = unbounded(&s->bounds[i], fit->shape[i]);
	gsl_multifit_nlinear_fdf fdf = {
	    .f = residual, .df = jacobian, .fvv = NULL, .n = p + 1, .p = p, .params = s};
	gsl_vector_view t = gsl_vector_view_array(start, p);
	take(s, y);
	s->at[0] = NAN; /* of another profile */
	int status = gsl_multifit_nlinear_init(&t.vector, &fdf, s->gsl);
	if (status)
		return err_set("fit: %s", gsl_strerror(status));
	double sse = dot(s->gsl->f->data, s->gsl->f->data, p + 1);
	for (fit->iterations = 0; fit->iterations < limit && sse > rounding; fit->iterations++) {
		/* any other status than success: no step lowers the sum of squares */
		if (gsl_multifit_nlinear_iterate(s->gsl) != GSL_SUCCESS)
			break;
		double lower = dot(s->gsl->f->data, s->gsl->f->data, p + 1);
		bool done = !(sse - lower > tolerance * sse);
		sse = lower;
		if (done)
			break;
	}
	for (size_t i = 0; i < p; i++)
		fit->shape[i] = bounded(&s->bounds[i], gsl_vector_get(s->gsl->x, i), &slope);
	fit->sse = sse;
	return 0;
}
