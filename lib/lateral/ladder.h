/*
 * The models of models.h as sums over taps. Every model is a family of shapes, tabulated on a grid of its parameters;
 * for each pair i != j and shape the sums from which least squares needs no tap are kept, so that fits to thousands of
 * halves and bootstrap samples only add pairs. The factor exp(kappa (cos 2 dtheta - 1)) belongs to a pair.
 */
#ifndef LATERAL_LADDER_H
#define LATERAL_LADDER_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include "lateral/least.h"
#include "lateral/models.h"
#include "lateral/report.h"

#define LADDER_PARTS 3
#define LADDER_FAR 0 /* taps with |Delta| >= MODELS_NEAR */
#define LADDER_ALL 1
#define LADDER_SETS 2
#define LADDER_AXES 3
#define LADDER_STEPS 8 /* values of a parameter at most */
#define LADDER_COARSE 5
#define LADDER_FINE_KAPPAS 7
#define LADDER_APERTURE2 (.49 + 1. / 12) /* px^2: 0.7 px and the pixel's cell */

enum ladder_model { M0, M1, M2, M3, M4, G1, G2, MODELS };
extern const char *const ladder_names[MODELS];

/* sums over a pair's taps of model values m, weights y (by part), c = cos dphase; y of mcy is the signed one */
struct ladder_cross {
	double m, mm, my[LADDER_PARTS], mc, mmc, mmcc, mcy;
};

struct ladder_totals {
	double n, y[LADDER_PARTS], yy[LADDER_PARTS];
};

struct ladder_family {
	enum ladder_model model;
	size_t elements;
	size_t kappas;              /* 1: no factor */
	double *factor;             /* (pairs, kappas): exp(kappa (cos 2 dtheta - 1)) */
	struct ladder_cross *cross; /* (pairs, elements, LADDER_SETS) */
	double (*shape)[2];         /* (elements), G1 and G2: logarithms of the parameters */
	/* the grid whose optimum is interpolated: elements from `first` on, then kappa */
	size_t first, axes, size[LADDER_AXES];
	double value[LADDER_AXES][LADDER_STEPS]; /* logarithms of the parameters */
	const char *parameter[LADDER_AXES];
};

/* a tap of a pair: (u, v), and the phase of the source relative to the target's */
struct ladder_tap {
	double along, across, cosine, sine;
};

struct ladder {
	const struct lateral *set;
	const struct models_plan *plan;
	size_t pairs; /* n (n - 1): without i = j */
	size_t *target, *source;
	double reach;                 /* largest |Delta|, px */
	struct ladder_tap *tap;       /* (pairs, taps) */
	struct ladder_totals *totals; /* (pairs, LADDER_SETS) */
	struct ladder_family family[MODELS];
	bool present[MODELS];
	size_t terms;       /* of M3: 1 and functions of C1, C2, C3 */
	struct least *gram; /* (pairs, LADDER_SETS, LADDER_PARTS): M3 */
};

/* Tabulate every model that can take part. Main thread (FFTW). 0 or -1; free also after -1. */
int ladder_create(struct ladder *ladder, const struct lateral *set, const struct models_plan *plan)
    __attribute__((warn_unused_result));
void ladder_free(struct ladder *ladder);

/* M0 (its Gaussian), M1 or M2 on a finer grid about the best shape of the coarse one for one part. Free with
 * ladder_family_free, also after -1. */
int ladder_refine(const struct ladder *ladder, enum ladder_model model, int part,
    struct ladder_family *fine) __attribute__((warn_unused_result));
void ladder_family_free(struct ladder_family *family);

/* A shape's values at the taps, value: (pairs, taps), without factor, scale and baseline; of M3 term `element`, 1 to
 * terms - 1. Main thread. 0 or -1. */
int ladder_values(const struct ladder *ladder, enum ladder_model model, size_t element,
    float *value) __attribute__((warn_unused_result));

static inline double ladder_dtheta(const struct ladder *ladder, size_t p)
{
	return ladder->set
	    ->pair[lateral_pair_index(ladder->set, ladder->target[p], ladder->source[p])]
	    .dtheta;
}

static inline double ladder_factor(const struct ladder_family *f, size_t pair, size_t kappa)
{
	return f->kappas > 1 ? f->factor[pair * f->kappas + kappa] : 1;
}

/* y: a weight by part */
static inline void ladder_parts(double weight, double y[LADDER_PARTS])
{
	y[LATERAL_POSITIVE] = fmax(weight, 0);
	y[LATERAL_NEGATIVE] = fmax(-weight, 0);
	y[LATERAL_SIGNED] = weight;
}

/* Weights (taps) of pair p. */
static inline const double *ladder_weights(const struct ladder *ladder, size_t p)
{
	return lateral_weights(
	    ladder->set, ladder->set->weight, ladder->target[p], ladder->source[p]);
}

/* The best shape for some pairs; r is -1 where the weights do not vary. */
struct ladder_choice {
	size_t element, kappa;
	double r, coefficient[LEAST_TERMS];
};

/* Of the first `elements` shapes of a family, the one of the largest r for every set and part. */
void ladder_choose(const struct ladder_family *family, size_t elements, const size_t *pair,
    size_t count, const struct ladder_totals total[LADDER_SETS],
    struct ladder_choice best[LADDER_SETS][LADDER_PARTS]);
/* The same on all pairs. 0 or -1. */
int ladder_choose_all(const struct ladder *ladder, const struct ladder_family *family,
    size_t elements, struct ladder_choice best[LADDER_SETS][LADDER_PARTS])
    __attribute__((warn_unused_result));

void ladder_total(const struct ladder *ladder, const size_t *pair, size_t count,
    struct ladder_totals total[LADDER_SETS]);
struct least ladder_gram(
    const struct ladder *ladder, const size_t *pair, size_t count, size_t s, int part);

/* The normal equations of b + a M (parts) or b + a M + a' M cos dphase (signed). */
struct least ladder_normal(
    const struct ladder_totals *totals, const struct ladder_cross *cross, int part);

/* to += w times (with the factor w) the sums x */
void ladder_cross_sum(struct ladder_cross *to, const struct ladder_cross *x, double w);
void ladder_cross_add(struct ladder_cross *x, double m, double cosine, const double *y);
/* LADDER_ALL += LADDER_FAR of every element: taps are put into one of both first */
void ladder_merge(struct ladder_cross *x, size_t elements);
static inline size_t ladder_bucket(const struct ladder_tap *tap)
{
	double r2 = tap->along * tap->along + tap->across * tap->across;
	return r2 >= MODELS_NEAR * MODELS_NEAR ? LADDER_FAR : LADDER_ALL;
}

/* ---- processes.c: G1 and G2 ---- */
int processes_tabulate(struct ladder *ladder, enum ladder_model group)
    __attribute__((warn_unused_result));
int processes_values(const struct ladder *ladder, enum ladder_model group, size_t element,
    float *value) __attribute__((warn_unused_result));

#endif
