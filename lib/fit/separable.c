/* Separable least squares: see separable.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_multifit_nlinear.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/vector.h"
#include "fit/bank.h"
#include "fit/normal.h"
#include "fit/separable.h"

#define SCRATCH 4
#define ROWS (SEPARABLE_LINEAR_MAX + 1 + SEPARABLE_SHAPE_MAX)
#define SPARE 4 /* blocks of products reach that far beyond the last row */
/* Of its own square, what a basis function must have outside the others' span, else it is left out, and what a slope must
 * have outside the others' and the basis' to have a row in the Jacobian. */
#define BASIS_PART 1e-13
#define SLOPE_PART 1e-15
#define AT_ROUNDING 1e-28 /* of the sum of squares of y */

/* All sums over pixels are products of rows: of the basis, the residual and the slopes, in this order. The Cholesky
 * factor of their Gram matrix begins with the basis', by which y is solved, and ends with that of the residual and of the
 * slopes projected off the basis (Kaufman's Jacobian). That end is what GSL is given in place of the n pixels: a residual
 * (its norm, 0, ...) and the Jacobian that belongs to it, p + 1 rows. All norms and products of columns are the same. */
struct separable {
	const struct separable_model *model;
	struct separable_pixels pixels;
	struct separable_bound bounds[SEPARABLE_SHAPE_MAX];
	double half[SEPARABLE_SHAPE_MAX];  /* of a bounded parameter's range, on its scale */
	double *memory;                    /* holds the arrays below and the pixels' coordinates */
	double *basis, *residual, *slopes; /* (linear, n), (n), (shape, n): rows in one block */
	double *scratch;                   /* (4, n) */
	double *y;                         /* (n), 0 beyond h*w, as are all rows */
	size_t real;                       /* h*w */
	double gram[ROWS + SPARE][ROWS + SPARE];   /* lower part */
	double factor[ROWS + SPARE][ROWS + SPARE]; /* lower */
	double inverse[ROWS];                      /* of its diagonal, 0 where that is */
	double coefficient[SEPARABLE_LINEAR_MAX];
	double sse;
	double at[SEPARABLE_SHAPE_MAX];    /* the free variables that all this belongs to */
	double slope[SEPARABLE_SHAPE_MAX]; /* of the parameters by them */
	double shape[SEPARABLE_SHAPE_MAX];
	gsl_multifit_nlinear_workspace *gsl;
};

/* the parameter's value for the free variable t, and its derivative; half: of its range */
static double bounded(const struct separable_bound *b, double half, double t, double *slope)
{
	double value;
	switch (b->scale) {
	case SEPARABLE_BOUNDED:
		*slope = half * cos(t);
		return b->lo + half * (1 + sin(t));
	case SEPARABLE_LOGARITHMIC:
		value = b->lo * exp(half * (1 + sin(t)));
		*slope = value * half * cos(t);
		return value;
	default:
		*slope = 1;
		return t;
	}
}

static double half_of(const struct separable_bound *b)
{
	return b->scale == SEPARABLE_BOUNDED       ? (b->hi - b->lo) / 2
	       : b->scale == SEPARABLE_LOGARITHMIC ? log(b->hi / b->lo) / 2
						   : 0;
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

/* Products of the rows from..to - 1 with those up to themselves. */
FOR_AVX512 static void products(struct separable *s, size_t from, size_t to)
{
	size_t n = s->pixels.n;
	double block[2][4];
	for (size_t i = from; i < to; i += 2) {
		for (size_t j = 0; j < i + 2; j += 4) {
			vector_products(s->basis + i * n, s->basis + j * n, n, block);
			memcpy(&s->gram[i][j], block[0], sizeof block[0]);
			memcpy(&s->gram[i + 1][j], block[1], sizeof block[1]);
		}
	}
}

/* Row i of the factor but for its diagonal; gives what is left of the row's square. */
static double factorise(struct separable *s, size_t i)
{
	double *restrict row = s->factor[i], rest = s->gram[i][i];
	for (size_t j = 0; j < i; j++) {
		double sum = s->gram[i][j];
		for (size_t k = 0; k < j; k++)
			sum -= row[k] * s->factor[j][k];
		row[j] = sum * s->inverse[j];
		rest -= row[j] * row[j];
	}
	return rest;
}

static void set_diagonal(struct separable *s, size_t i, double square)
{
	s->factor[i][i] = sqrt(square);
	s->inverse[i] = square > 0 ? 1 / s->factor[i][i] : 0;
}

static void factorise_basis(struct separable *s)
{
	for (size_t l = 0; l < s->model->linear; l++) {
		double rest = factorise(s, l);
		set_diagonal(s, l, rest > BASIS_PART * s->gram[l][l] ? rest : 0);
	}
}

/* The best coefficients of the residual row, added to the others and taken off it; gives its sum of squares. */
FOR_AVX512 static double reduce(struct separable *s)
{
	size_t m = s->model->linear, n = s->pixels.n;
	double part[SEPARABLE_LINEAR_MAX] = {0}, sum;
	for (size_t l = 0; l < m; l++) {
		sum = s->gram[m][l];
		for (size_t k = 0; k < l; k++)
			sum -= s->factor[l][k] * part[k];
		part[l] = sum * s->inverse[l];
	}
	for (size_t l = m; l-- > 0;) {
		sum = part[l];
		for (size_t k = l + 1; k < m; k++)
			sum -= s->factor[k][l] * part[k];
		part[l] = sum * s->inverse[l];
		s->coefficient[l] += part[l];
	}
	vector_lanes squares = {0};
	for (size_t i = 0; i < n; i += VECTOR_LENGTH) {
		vector_lanes *r = (vector_lanes *)(s->residual + i), value = *r;
		for (size_t l = 0; l < m; l++)
			value -= part[l] * *(const vector_lanes *)(s->basis + l * n + i);
		*r = value;
		squares += value * value;
	}
	return vector_sum(&squares);
}

/* Basis, coefficients and residual at a shape; the basis is factorised. */
static void solve(struct separable *s, const double *shape)
{
	size_t m = s->model->linear;
	s->model->basis(shape, &s->pixels, s->basis, s->scratch);
	clear_rest(s, s->basis, m);
	memcpy(s->residual, s->y, s->pixels.n * sizeof *s->y);
	memset(s->coefficient, 0, sizeof s->coefficient);
	products(s, 0, m + 1);
	factorise_basis(s);
	s->sse = reduce(s);
}

static void move(struct separable *s, const double *t)
{
	for (size_t i = 0; i < s->model->shape; i++)
		s->shape[i] = bounded(&s->bounds[i], s->half[i], t[i], &s->slope[i]);
	solve(s, s->shape);
	memcpy(s->at, t, s->model->shape * sizeof *t);
}

static int get_free(const struct separable *s, const gsl_vector *t, double *free)
{
	for (size_t i = 0; i < s->model->shape; i++) {
		free[i] = gsl_vector_get(t, i);
		if (!isfinite(free[i]))
			return GSL_EDOM;
	}
	return GSL_SUCCESS;
}

static int residual(const gsl_vector *t, void *params, gsl_vector *f)
{
	struct separable *s = params;
	double free[SEPARABLE_SHAPE_MAX];
	if (get_free(s, t, free))
		return GSL_EDOM;
	move(s, free);
	gsl_vector_set_zero(f);
	gsl_vector_set(f, 0, sqrt(s->sse));
	return GSL_SUCCESS;
}

static int jacobian(const gsl_vector *t, void *params, gsl_matrix *matrix)
{
	struct separable *s = params;
	size_t p = s->model->shape, m = s->model->linear;
	double free[SEPARABLE_SHAPE_MAX];
	if (get_free(s, t, free))
		return GSL_EDOM;
	if (memcmp(free, s->at, p * sizeof *free))
		move(s, free);
	s->model->slopes(s->shape, s->coefficient, &s->pixels, s->basis, s->scratch, s->slopes);
	clear_rest(s, s->slopes, p);
	products(s, m + 1, m + 1 + p);
	/* the residual is orthogonal to the basis already */
	memset(s->factor[m], 0, m * sizeof *s->factor[m]);
	set_diagonal(s, m, s->sse);
	for (size_t i = 0; i < p; i++) {
		size_t at = m + 1 + i;
		const double *row = s->factor[at];
		double rest = factorise(s, at);
		set_diagonal(s, at, rest > SLOPE_PART * s->gram[at][at] ? rest : 0);
		/* GSL's residual is model - y */
		gsl_matrix_set(matrix, 0, i, -s->slope[i] * row[m]);
		for (size_t k = 0; k < p; k++)
			gsl_matrix_set(matrix, k + 1, i, k <= i ? s->slope[i] * row[m + 1 + k] : 0);
	}
	return GSL_SUCCESS;
}

struct separable *separable_create(const struct separable_model *model, struct extent size)
{
	size_t real, rows = model->linear + 1 + model->shape + SPARE + SCRATCH + 3;
	struct separable *s = mem_alloc(1, sizeof *s);
	if (!s || mem_multiply(size.h, size.w, &real) < 0)
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
	s->basis = s->memory;
	s->residual = s->basis + model->linear * n;
	s->slopes = s->residual + n;
	s->scratch = s->slopes + (model->shape + SPARE) * n;
	double *x = s->scratch + SCRATCH * n, *y = x + n;
	for (size_t i = 0; i < real; i++) {
		x[i] = bank_x(size.w, i % size.w);
		y[i] = bank_y(size.h, i / size.w);
	}
	s->pixels = (struct separable_pixels){n, x, y};
	s->y = y + n;
	s->real = real;
	for (size_t i = 0; model->offset && i < real; i++)
		s->basis[(model->linear - 1) * n + i] = 1;
	model->bounds(size, s->bounds);
	for (size_t i = 0; i < model->shape; i++)
		s->half[i] = half_of(&s->bounds[i]);
	gsl_set_error_handler_off();
	gsl_multifit_nlinear_parameters parameters = gsl_multifit_nlinear_default_parameters();
	parameters.solver = &normal_solver;
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

static void inside(const struct separable *s, const double *shape, double *moved)
{
	for (size_t i = 0; i < s->model->shape; i++)
		moved[i] = clamped(&s->bounds[i], shape[i]);
}

double separable_solve(
    struct separable *s, const double *y, const double *shape, double *coefficient)
{
	size_t m = s->model->linear;
	double moved[SEPARABLE_SHAPE_MAX];
	inside(s, shape, moved);
	take(s, y);
	solve(s, moved);
	/* what rounding has left in the basis' span */
	products(s, m, m + 1);
	double sse = reduce(s);
	if (coefficient)
		memcpy(coefficient, s->coefficient, m * sizeof *coefficient);
	return sse;
}

double separable_score(struct separable *s, const double *y, const double *shape)
{
	size_t m = s->model->linear;
	double moved[SEPARABLE_SHAPE_MAX];
	inside(s, shape, moved);
	take(s, y);
	s->model->basis(moved, &s->pixels, s->basis, s->scratch);
	clear_rest(s, s->basis, m);
	memcpy(s->residual, s->y, s->pixels.n * sizeof *s->y);
	products(s, 0, m + 1);
	factorise_basis(s);
	return factorise(s, m);
}

static double sum_of_squares(const gsl_multifit_nlinear_workspace *gsl)
{
	double norm = gsl_vector_get(gsl->f, 0); /* the others are 0 */
	return norm * norm;
}

int separable_minimise(
    struct separable *s, const double *y, double tolerance, size_t limit, struct separable_fit *fit)
{
	size_t p = s->model->shape;
	double start[SEPARABLE_SHAPE_MAX], slope, rounding = 0;
	for (size_t i = 0; i < s->real; i++)
		rounding += AT_ROUNDING * y[i] * y[i];
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
	double sse = sum_of_squares(s->gsl);
	for (fit->iterations = 0; fit->iterations < limit && sse > rounding; fit->iterations++) {
		/* any other status than success: no step lowers the sum of squares */
		if (gsl_multifit_nlinear_iterate(s->gsl) != GSL_SUCCESS)
			break;
		double lower = sum_of_squares(s->gsl);
		bool done = !(sse - lower > tolerance * sse);
		sse = lower;
		if (done)
			break;
	}
	for (size_t i = 0; i < p; i++)
		fit->shape[i] =
		    bounded(&s->bounds[i], s->half[i], gsl_vector_get(s->gsl->x, i), &slope);
	fit->sse = sse;
	return 0;
}
