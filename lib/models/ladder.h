/*
 * The models of models.h as sums over taps. Of every couple of filters {i, j}, both ways round, the sums are kept from which
 * least squares needs no tap, for every shape of every model (span.h): fits to thousands of halves only add couples. All
 * models are fitted in one way: r^2 over a set of couples is a smooth function of the place, and is searched from
 * SPAN_SCAN places an axis (and, of kappa, SPAN_KAPPAS), then refined about the best by quadratic functions.
 */
#ifndef LATERAL_LADDER_H
#define LATERAL_LADDER_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include "stats/regression.h"
#include "models/models.h"
#include "kernel/row.h"
#include "models/shape.h"

#define LADDER_PARTS 3
#define LADDER_FAR 0 /* taps with |Delta| >= MODELS_NEAR */
#define LADDER_ALL 1
#define LADDER_SETS 2

extern const char *const ladder_names[MODELS];

/* sums over taps of model values m, weights y (by part), c = cos dphase; y of mcy is the signed one */
struct ladder_cross {
	double m, mc, my[LADDER_PARTS], mcy, mm, mmc, mmcc;
};

struct ladder_totals {
	double n, y[LADDER_PARTS], yy[LADDER_PARTS];
};

/* a tap of a pair: (u, v), and the phase of the source relative to the target's */
struct ladder_tap {
	double along, across, cosine, sine;
};

struct ladder_spans {
	struct span of[MODELS]; /* not of M3 and M4 */
};

struct ladder {
	const struct units *set;
	const struct models_plan *plan;
	size_t couples,
	    pairs; /* n (n - 1)/2 {i, j}; pairs 2 q and 2 q + 1 are (i, j) and (j, i), j < i, q = i (i - 1)/2 + j */
	size_t *target, *source;
	struct ladder_tap *tap;          /* (pairs, taps) */
	struct ladder_totals *totals;    /* (couples, LADDER_SETS) */
	bool present[MODELS + 1];        /* the last: the ceiling */
	const struct span *span[MODELS]; /* NULL: M3 */
	float
	    *sums[MODELS]; /* (couples, LADDER_SETS, ladder_record): without the factor of kappa */
	float *factor;     /* (couples, SPAN_KAPPAS): ladder_factor at the nodes of kappa */
	struct ladder_spans *own; /* where the plan has none */
	struct span m4;
	size_t terms;       /* of M3: 1 and functions of C1, C2, C3 */
	struct regression *gram; /* (couples, LADDER_SETS, LADDER_PARTS): M3 */
};

/* Tabulate every model that can take part. Main thread (FFTW). 0 or -1; free also after -1. */
int ladder_create(struct ladder *ladder, const struct units *set, const struct models_plan *plan)
    __attribute__((warn_unused_result));
void ladder_free(struct ladder *ladder);
/* Give back the sums, the most of its memory: no fit is possible afterwards. */
void ladder_forget(struct ladder *ladder);

/* How many functions a model is linear in at a place: its span's; M3's terms without the 1. */
static inline size_t ladder_functions(const struct ladder *ladder, enum ladder_model model)
{
	return model == M3 ? ladder->terms - 1 : ladder->span[model]->terms;
}
/* Their values at the taps of pair p, without factor, scale and baseline: value[t * of_tap + k * of_function]. scratch: made by
 * ladder_place for the model, one per thread. */
void ladder_values(const struct ladder *ladder, enum ladder_model model, size_t p,
    struct volume_place *scratch, float *value, size_t of_tap, size_t of_function);
int ladder_place(const struct ladder *ladder, enum ladder_model model, struct volume_place *scratch)
    __attribute__((warn_unused_result));

static inline double ladder_dtheta(const struct ladder *ladder, size_t p)
{
	return ladder->set
	    ->pair[units_index(ladder->set, ladder->target[p], ladder->source[p])]
	    .dtheta;
}

/* exp(kappa (cos 2 dtheta - 1)), the same for both pairs of a couple */
static inline double ladder_factor(const struct ladder *ladder, size_t p, double kappa)
{
	return kappa > 0 ? exp(kappa * (cos(2 * ladder_dtheta(ladder, p)) - 1)) : 1;
}

/* y: a weight by part */
static inline void ladder_parts(double weight, double y[LADDER_PARTS])
{
	y[SIGN_POSITIVE] = fmax(weight, 0);
	y[SIGN_NEGATIVE] = fmax(-weight, 0);
	y[SIGN_BOTH] = weight;
}

/* Weights (taps) of pair p. */
static inline const double *ladder_weights(const struct ladder *ladder, size_t p)
{
	return units_weights(
	    ladder->set, ladder->set->weight, ladder->target[p], ladder->source[p]);
}

/* A shape with what least squares gives for it; r is -1 where the weights do not vary. */
struct ladder_choice {
	struct span_place place;
	double r, coefficient[REGRESSION_TERMS]; /* of M3: of all its terms */
};

/* to += a x, n numbers */
void ladder_add(size_t n, float a, const float *restrict x, float *restrict to);

/* Every couple's sums for the shapes of a model. 0 or -1. */
int ladder_tabulate(struct ladder *ladder, enum ladder_model model)
    __attribute__((warn_unused_result));
/* The sums of some couples, at every node of kappa: (kappas, LADDER_SETS, ladder_record). */
size_t ladder_record(const struct span *span);
void ladder_gather(const struct ladder *ladder, enum ladder_model model, const size_t *couple,
    size_t count, float *sums);
/* The shape of the largest r for every part, by such sums, of the first `kinds` kinds, in the sets from `first` on. */
void ladder_fit(const struct span *span, size_t kinds, const float *sums,
    const struct ladder_totals total[LADDER_SETS], size_t first,
    struct ladder_choice best[LADDER_SETS][LADDER_PARTS]);
/* The same of all couples. 0 or -1. */
int ladder_fit_all(const struct ladder *ladder, enum ladder_model model, size_t kinds,
    struct ladder_choice best[LADDER_SETS][LADDER_PARTS]) __attribute__((warn_unused_result));

/* Sums of one couple for a shape; c, products: span_terms of its place. */
struct ladder_cross ladder_couple(const struct ladder *ladder, enum ladder_model model,
    size_t couple, size_t s, int part, const float *c, const float *products, double factor);

void ladder_total(const struct ladder *ladder, const size_t *couple, size_t count,
    struct ladder_totals total[LADDER_SETS]);
struct regression ladder_gram(
    const struct ladder *ladder, const size_t *couple, size_t count, size_t s, int part);

/* The normal equations of b + a M (parts) or b + a M + a' M cos dphase (signed). */
struct regression ladder_normal(
    const struct ladder_totals *totals, const struct ladder_cross *cross, int part);

static inline size_t ladder_bucket(const struct ladder_tap *tap)
{
	double r2 = tap->along * tap->along + tap->across * tap->across;
	return r2 >= MODELS_NEAR * MODELS_NEAR ? LADDER_FAR : LADDER_ALL;
}

#endif
