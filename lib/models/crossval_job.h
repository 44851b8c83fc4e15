/* What the halves of halves.c and what needs taps (halves_taps.c) know of one another. */
#ifndef LATERAL_HALVES_JOB_H
#define LATERAL_HALVES_JOB_H

#include "models/crossval.h"

#define HALVES_FIELDS ((size_t)2) /* parts that have fields and divergences */

struct halves_entropy { /* sum P, sum P log P */
	double p, log_p;
};

/* What is known of a half before the models are compared by taps. */
struct halves_side {
	struct ladder_choice choice[MODELS][HALVES_FIELDS]; /* fitted here, on all taps */
	double floor[HALVES_FIELDS];                        /* of the density fitted here */
	double n;                                           /* taps */
	struct halves_entropy entropy[HALVES_FIELDS];
};

struct halves_job {
	struct halves *halves;
	const struct ladder *ladder;
	struct halves_side *side; /* (splits, 2) */
	float *share; /* (splits, pairs): 1 / rho among the pairs of its half; 0 across halves */
	struct halves_entropy *entropy; /* (pairs, HALVES_FIELDS) */
	/* influence of couples on scores that are not yet put together */
	size_t first; /* split of the batch at hand */
	float *batch; /* (batch, slots, couples) */
	struct ceiling *ceiling;
};

/* The halves of split `split`: their couples, and both pairs of each. */
struct halves_division {
	size_t *order, *half; /* (n) */
	size_t *couple[2], *pair[2], couples[2], pairs[2];
};
int halves_divide(const struct ladder *ladder, size_t split, struct halves_division *division)
    __attribute__((warn_unused_result));
void halves_division_free(struct halves_division *division);

/* Half of a score of one direction into the mean of both. */
static inline void halves_add(struct halves *h, size_t split, enum halves_metric metric,
    size_t model, size_t part, size_t s, double value)
{
	halves_at(h, metric, model, part, s)[split * HALVES_STRIDE] += .5 * value;
}

/* The derivative of a divergence by the weight of one pair. */
double halves_divergence_influence(const struct halves_divergence *d,
    const struct halves_entropy *e, const struct halves_divergence *pair,
    const struct halves_entropy *own);

/* Divergences and fields of all splits. Main thread. 0 or -1. */
int halves_by_taps(struct halves_job *job) __attribute__((warn_unused_result));

#endif
