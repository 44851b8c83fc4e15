/*
 * A kernel as sums over taps, from which the models are fitted. The columns of a design are functions of a tap: 1, the
 * functions of overlap, and the responses. Of every dyad of filters {i, j}, both ways round, the sums are kept from which
 * least squares needs no tap: products of columns, of columns with the functions phi_k of a model's basis (shape.h), and of
 * phi_k with phi_l; so a fit to one of many halves of the filters only adds dyads. Two sets of taps: those
 * with |Delta| >= DESIGN_NEAR, and all.
 */
#ifndef MODELS_DESIGN_H
#define MODELS_DESIGN_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include "kernel/units.h"
#include "models/shape.h"
#include "se2/stream.h"

#define DESIGN_NEAR 1.5 /* px */
enum design_set { DESIGN_FAR, DESIGN_ALL, DESIGN_SETS };

enum column_form { COLUMN_ONE, COLUMN_VALUE, COLUMN_POSITIVE, COLUMN_NEGATIVE, COLUMN_SQUARE };
struct column {
	enum column_form form; /* of w at the tap; the negative part is max(0, -w) */
	const double *w;       /* (n, n, taps); of COLUMN_ONE NULL */
};
#define DESIGN_COLUMNS 16

/* Every model's basis: depends on nothing of a kernel but how far its taps reach. */
struct bases {
	struct basis of[MODELS_MOST];
};
/* Main thread (FFTW). NULL with a reason. */
struct bases *bases_create(double reach, size_t threads) __attribute__((warn_unused_result));
void bases_free(struct bases *bases);

struct design {
	const struct units *set;
	const struct orientation_kernel *edges; /* of M4; NULL: none */
	const struct bases *bases;              /* that reach as far as the taps */
	size_t threads;
	/* columns 0 to overlap are 1 and functions of overlap */
	struct column column[DESIGN_COLUMNS];
	size_t columns, overlap;

	/* n (n - 1)/2 dyads {i, j}; pairs 2 q and 2 q + 1 of dyad q = i (i - 1)/2 + j, j < i, are (i, j) and (j, i) */
	size_t dyads, pairs;
	size_t *target, *source; /* (pairs) */
	struct tap *tap;         /* (pairs, taps) */
	double *gram;            /* (dyads, DESIGN_SETS, columns, columns) */
	/* (dyads, DESIGN_SETS, design_record), without the factor of kappa; NULL: the model does not take part */
	float *sums[MODELS_MOST];
};

/* A record: sums over taps of phi_k times a column, and that times cos dphase: (columns, 2, padded); of phi_k phi_l times
 * 1, cos dphase and its square: (3, products). */
static inline size_t design_linear(const struct design *design, const struct basis *basis)
{
	return design->columns * 2 * basis->padded;
}
static inline size_t design_record(const struct design *design, const struct basis *basis)
{
	return design_linear(design, basis) + 3 * basis->products;
}

/* What set, edges, bases, threads and columns of *design say, tabulated. 0 or -1; free also after -1. */
int design_create(struct design *design) __attribute__((warn_unused_result));
void design_free(struct design *design);

/* The largest |Delta| of the taps of pairs i != j, px. */
double design_reach(const struct units *set);

static inline double design_dtheta(const struct design *d, size_t pair)
{
	return d->set->pair[units_index(d->set, d->target[pair], d->source[pair])].dtheta;
}
/* exp(kappa (cos 2 dtheta - 1)), the same for both pairs of a dyad */
static inline double design_factor(const struct design *d, size_t dyad, double kappa)
{
	return kappa > 0 ? exp(kappa * (cos(2 * design_dtheta(d, 2 * dyad)) - 1)) : 1;
}
/* The values of a column at the taps of a pair: (taps). */
void design_column(const struct design *design, size_t column, size_t pair, double *value);

static inline enum design_set design_set_of(const struct tap *tap)
{
	return tap->along * tap->along + tap->across * tap->across >= DESIGN_NEAR * DESIGN_NEAR
		   ? DESIGN_FAR
		   : DESIGN_ALL;
}

/* The values of a model's functions at the taps of a pair: value[t * of_tap + k * of_function]. grid: made by
 * density_taps_create for the model's basis, one per thread. */
void design_values(const struct design *design, size_t model, size_t pair,
    struct density_taps *grid, float *value, size_t of_tap, size_t of_function);
int design_grid(const struct design *design, size_t model, struct density_taps *grid)
    __attribute__((warn_unused_result));

/* Sums of some dyads in every set: products of columns, and of a model at every node of kappa. */
struct gathered {
	const struct basis *basis;
	size_t columns;
	double gram[DESIGN_SETS][DESIGN_COLUMNS][DESIGN_COLUMNS];
	float *linear;   /* (kappas, DESIGN_SETS, columns, 2, padded) */
	float *products; /* (sums of kappas, DESIGN_SETS, 3, products) */
};
/* Room for any model of the design. 0 or -1; free also after -1. */
int gathered_create(struct gathered *gathered, const struct design *design)
    __attribute__((warn_unused_result));
void gathered_free(struct gathered *gathered);
void design_gather_columns(
    const struct design *design, const size_t *dyad, size_t count, struct gathered *to);
void design_gather(const struct design *design, size_t model, const size_t *dyad, size_t count,
    struct gathered *to);
/* Of a model with `columns` columns from `column` on alone: (kappas, DESIGN_SETS, columns, 2, padded). */
void design_gather_linear(const struct design *design, size_t model, const size_t *dyad,
    size_t count, size_t column, size_t columns, float *to);

#endif
