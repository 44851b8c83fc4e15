/*
 * The shapes of a model that fit some dyads best: least squares of a response on the base columns, M, and where the response
 * is signed M' cos dphase, the term locked to phase, whose shape is another one of the same family. r^2 of the fit is a
 * smooth function of a shape; it is searched from SHAPE_SCAN places an axis (and, of kappa, its nodes), then
 * refined about the best by quadratic functions: M alone, M' beside it, each once more beside the other one.
 */
#ifndef MODELS_FIT_H
#define MODELS_FIT_H

#include "models/design.h"
#include "stats/regression.h"

struct fit_task {
	size_t base;     /* columns 0 to base - 1 are regressors */
	size_t response; /* the column that is fitted */
	bool locked;     /* with a term locked to phase */
	enum design_set set;
	bool coarse;  /* the best of the shapes at which a search starts */
	size_t kinds; /* the first kinds of shapes are searched; 0: all */
};

struct fit {
	struct shape blind, locked;           /* of M and M' */
	double r;                             /* -1: the response does not vary */
	double coefficient[REGRESSION_TERMS]; /* of the base columns, M, M' cos dphase */
};

/* The best fit to gathered dyads. */
struct fit fit_best(const struct gathered *gathered, const struct fit_task *task);
/* The best one near `from`. */
struct fit fit_near(
    const struct gathered *gathered, const struct fit_task *task, const struct fit *from);
/* Least squares on the base columns alone. */
struct fit fit_base(const struct gathered *gathered, const struct fit_task *task);

/* A fit with the numbers that its sums over dyads take. */
struct fitted {
	const struct design *design;
	size_t model; /* SIZE_MAX: the base alone */
	const struct fit_task *task;
	const struct fit *fit;
	float blind[BASIS_TERMS], locked[BASIS_TERMS], blind2[BASIS_PRODUCTS],
	    cross[BASIS_PRODUCTS], locked2[BASIS_PRODUCTS];
	double kappa, kappa_locked;
};
void fitted_prepare(struct fitted *fitted, const struct design *design, size_t model,
    const struct fit_task *task, const struct fit *fit);
/* Sums of its prediction and the response over the taps of a dyad. */
struct regression_sums fitted_sums(const struct fitted *fitted, size_t dyad);
/* The sum of its prediction times a column over the taps of a dyad. */
double fitted_product(const struct fitted *fitted, size_t dyad, size_t column);
/* Its prediction for all pairs, w (n, n, taps), 0 for i = j. 0 or -1. */
int fitted_kernel(const struct fitted *fitted, double *w) __attribute__((warn_unused_result));

#endif
