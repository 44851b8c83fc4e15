/*
 * What a left-invariant model could reach: the same halves, predicted from pairs A x A without a model (invariant_fit.h), without
 * that prediction's noise.
 */
#ifndef MODELS_CEILING_H
#define MODELS_CEILING_H

#include "kernel/row.h"
#include "models/design.h"
#include "stats/regression.h"

#define CEILING_SIGNS ((size_t)3) /* positive, negative, signed */

/* The pairs' taps, and what `threads` threads work in. */
struct ceiling;
struct ceiling *ceiling_create(const struct design *design, size_t threads)
    __attribute__((warn_unused_result));
void ceiling_free(struct ceiling *ceiling);
/* What a held-out pair adds to the sums of the scores: those of the prediction, or where that is larger those whose r is
 * sqrt(cov(p, y) / var y), what r would be without the prediction's noise (pp = py). */
struct ceiling_pair {
	struct regression_sums sums[DESIGN_SETS][CEILING_SIGNS];
};
/* By thread `worker`: learnt from the pairs train, of the pairs test. out: (tests). 0 or -1. */
int ceiling_score(struct ceiling *ceiling, size_t worker, const size_t *train, size_t trains,
    const size_t *test, size_t tests, struct ceiling_pair *out) __attribute__((warn_unused_result));

#endif
