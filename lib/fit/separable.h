/*
 * Separable least squares (variable projection: Golub and Pereyra 1973, Kaufman 1975) for profiles on an (h, w)
 * array: y ~ sum over l of coefficient_l basis_l(shape). For given shape parameters the coefficients are a linear
 * problem, solved exactly; GSL's trust region (Levenberg-Marquardt) moves only the shape, with the analytic Jacobian
 * of the projected residual. Bounds hold by re-parameterisation: a bounded parameter is lo + (hi - lo)(1 + sin t)/2,
 * on a logarithmic scale for widths, with t free.
 */
#ifndef FIT_SEPARABLE_H
#define FIT_SEPARABLE_H

#include <stdbool.h>
#include <stddef.h>
#include "fit/extent.h"

#define SEPARABLE_SHAPE_MAX 6
#define SEPARABLE_LINEAR_MAX 3

enum separable_scale { SEPARABLE_FREE, SEPARABLE_BOUNDED, SEPARABLE_LOGARITHMIC };

struct separable_bound {
	enum separable_scale scale;
	double lo, hi;
};

/* The array's pixels: x and y (n) as in bank.h. n is h*w rounded up to whole vectors; what a model computes beyond h*w, at
 * (0, 0), is not used. */
struct separable_pixels {
	size_t n;
	const double *x, *y;
};

struct separable_model {
	size_t shape, linear; /* parameters of each kind */
	bool offset; /* the last linear one is a constant, which is not of the model's own making */
	/* basis (linear, n; without the constant) at the shape parameters; scratch (4, n) is kept for `slopes` */
	void (*basis)(const double *shape, const struct separable_pixels *pixels, double *basis,
	    double *scratch);
	/* slopes (shape, n): derivatives of sum coefficient_l basis_l by each shape parameter, after `basis` there */
	void (*slopes)(const double *shape, const double *coefficient,
	    const struct separable_pixels *pixels, const double *basis, const double *scratch,
	    double *slopes);
	/* bounds (shape) for arrays of that size */
	void (*bounds)(struct extent size, struct separable_bound *bounds);
};

/* Workspace for one model and array size; one per thread. */
struct separable;

struct separable *separable_create(const struct separable_model *model, struct extent size)
    __attribute__((warn_unused_result));
void separable_free(struct separable *separable);
const struct separable_pixels *separable_pixels(const struct separable *separable);

struct separable_fit {
	double shape[SEPARABLE_SHAPE_MAX];
	double sse; /* sum of squared residuals */
	size_t iterations;
};

/* The best coefficients at the given shape; gives the sum of squared residuals. y (h, w). Shape parameters outside
 * the bounds are moved inside. coefficient (linear) may be NULL. */
double separable_solve(
    struct separable *separable, const double *y, const double *shape, double *coefficient);

/* The same sum of squares alone, quicker and good to 1e-10 of the sum of y^2: for ranking starts. */
double separable_score(struct separable *separable, const double *y, const double *shape);

/* Minimise from fit->shape; fills the rest of *fit (separable_solve gives the coefficients). Ends when a step lowers the sum of squares by less than
 * `tolerance` of it, when it is below 1e-28 of the sum of y^2 (rounding), or after `limit` steps: all of these are
 * results. -1 only where GSL refuses the problem. */
int separable_minimise(struct separable *separable, const double *y, double tolerance, size_t limit,
    struct separable_fit *fit) __attribute__((warn_unused_result));

#endif
