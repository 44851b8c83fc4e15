/* Held-out scores of the models on random halves of the filters: fitted to pairs A x A, scored on B x B, and back. */
#ifndef LATERAL_HALVES_H
#define LATERAL_HALVES_H

#include "models/ladder.h"

enum halves_metric {
	HALVES_R,
	HALVES_COSINE,
	HALVES_KL,
	HALVES_FIELD,
	HALVES_SIGN, /* of the scale a, 1 or -1; not of M3 */
	HALVES_METRICS
};
#define HALVES_CEILING MODELS /* in the place of a model */
#define HALVES_FLOOR .01

struct halves {
	const struct ladder *ladder;
	size_t splits;
	/*
	 * (splits, HALVES_METRICS, MODELS + 1, LADDER_PARTS, LADDER_SETS), means of both directions; 0 where a model or a
	 * score is not there: KL and field are of the parts positive and negative, over all taps.
	 *	KL	sum P log(P/Q) in nats, P = K~ / sum K~ over the test taps, Q = max(prediction, floor) likewise,
	 *		floor = HALVES_FLOOR times the mean of the training weights
	 *	field	Re sum v_K conj(v_M) / sqrt(sum |v_K|^2 sum |v_M|^2) of the canonical fields (field.h) of the test
	 *		pairs' weights and of their predictions, both without what is negative, over points with |q| >= MODELS_NEAR where K's is not
	 *		masked; the ceiling's is K's own field of the training pairs
	 */
	double *score;
	double *uniform; /* (splits, 2): KL of the uniform density */
	/*
	 * (HALVES_STRIDE, n (n - 1)/2): derivatives of the mean scores by the weight of the pairs {i, j} (resample_influence) when
	 * they are scored. Which shape and parameters fit the training half is held: at their optimum they change scores in
	 * second order only. (The ceiling's fields: by those of both halves.)
	 */
	double *influence;
};

/* Main thread. The ladder forgets its sums. 0 or -1; free also after -1. */
int halves_score(struct halves *halves, struct ladder *ladder) __attribute__((warn_unused_result));
void halves_free(struct halves *halves);

#define HALVES_STRIDE ((size_t)HALVES_METRICS * (MODELS + 1) * LADDER_PARTS * LADDER_SETS)
static inline size_t halves_slot(enum halves_metric metric, size_t model, size_t part, size_t s)
{
	return ((metric * (MODELS + 1) + model) * LADDER_PARTS + part) * LADDER_SETS + s;
}
/* The scores of all splits: x[k * HALVES_STRIDE], k < splits. */
static inline double *halves_at(
    const struct halves *h, enum halves_metric metric, size_t model, size_t part, size_t s)
{
	return h->score + halves_slot(metric, model, part, s);
}
/* Variance of the mean score, over banks of filters; of the difference to `other` unless that is SIZE_MAX. psi: scratch
 * (n (n - 1)/2). */
double halves_variance(const struct halves *h, enum halves_metric metric, size_t model,
    size_t other, size_t part, size_t s, double *psi);

/* ---- ceiling.c: prediction without a model (predictor.h) ---- */

/* What a Kullback-Leibler divergence is made of: sums over taps. */
struct halves_divergence {
	double floor, q, log_q; /* sum Q, sum P log Q of weights P and predictions Q >= floor */
};
static inline void halves_divergence_add(struct halves_divergence *d, double p, double q)
{
	q = q > d->floor ? q : d->floor;
	d->q += q;
	if (p > 0)
		d->log_q += p * (double)logf((float)q);
}
/* p, log_p: sum P, sum P log P; nan where P is 0 */
double halves_divergence(const struct halves_divergence *d, double p, double log_p);

/* The pairs' taps, and what `threads` threads work in. */
struct ceiling;
struct ceiling *ceiling_create(const struct ladder *ladder, size_t threads)
    __attribute__((warn_unused_result));
void ceiling_free(struct ceiling *ceiling);
/* What a held-out pair adds to the sums of the scores: those of the prediction, or where that is larger those whose r is
 * sqrt(cov(p, y) / var y), what r would be without the prediction's noise (pp = py). */
struct ceiling_pair {
	struct regression_sums sums[LADDER_SETS][LADDER_PARTS];
	struct halves_divergence kl[2]; /* parts positive and negative */
};
/* By thread `worker`. floor: of kl; out: (tests). 0 or -1. */
int ceiling_score(const struct ladder *ladder, const size_t *train, size_t trains,
    const size_t *test, size_t tests, const struct ceiling *ceiling, size_t worker,
    const double floor[2], struct ceiling_pair *out) __attribute__((warn_unused_result));

#endif
