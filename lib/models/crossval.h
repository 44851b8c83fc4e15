/*
 * Held-out scores: models are fitted to the pairs among one random half of the filters and scored on those among the other
 * half, and back. A candidate is a model by itself, the ceiling, or a model beside overlap.
 */
#ifndef MODELS_CROSSVAL_H
#define MODELS_CROSSVAL_H

#include <stdint.h>
#include "kernel/row.h"
#include "models/design.h"
#include "models/fit.h"
#include "stats/student.h"

#define CROSSVAL_SIGNS ((size_t)3) /* responses of the design, in the order of enum sign */
/* Candidates: model m by itself is m (overlap's is also what models beside it are compared with). */
enum {
	CROSSVAL_CEILING = MODELS_MOST,
	CROSSVAL_BESIDE,
	CROSSVAL_RIVAL = CROSSVAL_BESIDE + MODELS_MOST,
	CROSSVAL_CANDIDATES
};

struct crossval_plan {
	size_t splits; /* at least 2 */
	uint64_t seed;
	bool alone, ceiling; /* candidates: models by themselves; the ceiling */
};

struct crossval {
	const struct design *design;
	struct crossval_plan plan;
	double *
	    score; /* (splits, CROSSVAL_SLOTS): r, mean of both directions; nan where there is none */
	/*
	 * (CROSSVAL_SLOTS, dyads): derivatives of the mean r by the weight of the dyads (resample_influence) when they are scored.
	 * Which shape and coefficients fit the training half is held: at their optimum they change r in second order only.
	 */
	double *influence;
	double *scratch; /* (splits + dyads) */
};

#define CROSSVAL_SLOTS ((size_t)CROSSVAL_CANDIDATES * CROSSVAL_SIGNS * DESIGN_SETS)
static inline size_t crossval_slot(size_t candidate, size_t sign, size_t set)
{
	return (candidate * CROSSVAL_SIGNS + sign) * DESIGN_SETS + set;
}

/* The design's columns after overlap's are the positive, negative and signed weights. Main thread. 0 or -1; free also after
 * -1. */
int crossval_run(struct crossval *crossval, const struct design *design,
    const struct crossval_plan *plan) __attribute__((warn_unused_result));
void crossval_free(struct crossval *crossval);

/* Random halves of the filters: the dyads within each, and both pairs of them. */
struct crossval_half {
	size_t *dyad, *pair, dyads, pairs;
};
struct crossval_halves {
	size_t *order, *side; /* (n) */
	struct crossval_half half[2];
};
/* 0 or -1; free also after -1. */
int crossval_halves_create(struct crossval_halves *halves, const struct design *design)
    __attribute__((warn_unused_result));
void crossval_halves_free(struct crossval_halves *halves);
/* Split `split` of those that a seed gives. */
void crossval_divide(
    struct crossval_halves *halves, const struct design *design, uint64_t seed, size_t split);

/* The task of a fit: sign's weights, beside overlap or on a constant alone. */
struct fit_task crossval_task(const struct design *design, size_t sign, size_t set, bool beside);

/* Mean over splits of a slot's r, less that of another (SIZE_MAX: of none), with the interval for other banks of filters. */
struct split_mean crossval_mean(const struct crossval *crossval, size_t slot, size_t other);

#endif
