/*
 * What a left-invariant kernel would be: a weight predicted without a model from other pairs' weights at the same place in
 * the target's frame, (q, dtheta, dphase) with q = R_{-theta_i} Delta (statistics.md, "Symmetry itself"). Q_inv and the
 * ladder's ceiling both take it from here.
 *
 * A kernel-weighted regression of the weight on 1, cos dphase and sin dphase about every node of a grid; Gaussian weights
 * of `near` px in q and `angle` degrees in dtheta; each tap
 * in both frames of its target, (q, dtheta, dphase) and (-q, dtheta, -dphase). Beyond +-90 degrees of dtheta the source is seen
 * from its other end, where dphase is another angle altogether (phase_j changes its sign, not phase_i), so weights stop there.
 * What the regression leaves is regressed once more and added (twicing: what a smoother takes off a peak comes back up to
 * its square); between nodes coefficients are linear in q and dtheta.
 */
#ifndef LATERAL_PREDICTOR_H
#define LATERAL_PREDICTOR_H

#include <stdbool.h>
#include <stddef.h>

#define PREDICTOR_WEIGHTS 3 /* kernels at once, at most */
#define PREDICTOR_FOLDS 6   /* of the filters, for the width */
#define PREDICTOR_SPLITS 3  /* couples of folds, one after the other left out */
#define PREDICTOR_WIDTHS 24 /* to choose from: predictor_width */
#define PREDICTOR_PASSES 4  /* of predictor_sharpen, over nodes and over taps */

/* Nodes: step in px, at most 64 angles over 180 degrees. What a coarse grid costs is some .02 of an r of 1, less in noise. */
struct predictor_grid {
	double step;
	size_t angles;
};
#define PREDICTOR_FINE ((struct predictor_grid){.5, 30})
#define PREDICTOR_COARSE ((struct predictor_grid){1, 15}) /* ten times as fast */

struct predictor_tap {
	float along, across; /* q, px */
	float cosine, sine;  /* of dphase */
	float w[PREDICTOR_WEIGHTS];
};

struct predictor_data {
	size_t units, weights, pairs;  /* weights: how many of w count */
	const size_t *target, *source; /* (pairs): of units */
	double *dtheta;                /* (pairs), rad */
	size_t *first;                 /* (pairs + 1): where a pair's taps begin */
	struct predictor_tap *tap;
};

/* Of width 0 to PREDICTOR_WIDTHS - 1: six scales, each narrow and wide in dtheta, with the phase terms and without. */
struct predictor_width {
	double near, angle; /* px, rad */
	bool phase;
};
struct predictor_width predictor_width(size_t width);

/* Work space and model of one thread; reach: largest |q|, px. */
struct predictor;
struct predictor *predictor_create(double reach, size_t weights, struct predictor_grid grid)
    __attribute__((warn_unused_result));
void predictor_free(struct predictor *predictor);

/* Learn from `count` pairs. The width of each weight (width[weights]) is the one with the least squared error when the pairs'
 * units fall into PREDICTOR_FOLDS folds, and pairs within two folds are predicted from pairs within the others; with fewer than 4
 * units .7 px and 10 degrees. 0 or -1. */
int predictor_learn(struct predictor *predictor, const struct predictor_data *data,
    const size_t *pair, size_t count, size_t *width) __attribute__((warn_unused_result));

/*
 * The same by sums over taps, which whoever predicts many blocks of pairs makes once: arrays of predictor_numbers
 * floats, which add up. predictor_add collects pairs, predictor_take gives what was collected, each tap in both frames, and starts
 * anew. The model comes from the sums in predictor_sums. split: fills train and held with sums
 * of the pairs outside and inside couple s of folds; 1, 0 where
 * one of them has no pair, -1 for a failure.
 */
size_t predictor_numbers(const struct predictor *predictor);
void predictor_add(
    struct predictor *predictor, const struct predictor_data *data, size_t pair);
void predictor_take(struct predictor *predictor, float *sums);
float *predictor_sums(struct predictor *predictor);
typedef int predictor_split(size_t s, float *train, float *held, void *argument);
int predictor_choose(struct predictor *predictor, predictor_split *split, void *argument,
    size_t *width) __attribute__((warn_unused_result));
void predictor_fit(struct predictor *predictor, const size_t *width);

/* What was learnt last from these pairs, fitted again with little bias and much noise: at .5 px and 7 degrees, what is left
 * regressed again and again, at the nodes and then at the taps between them. 0 or -1. */
int predictor_sharpen(struct predictor *predictor, const struct predictor_data *data,
    const size_t *pair, size_t count) __attribute__((warn_unused_result));

/* Predictions at the taps of a pair: out (weights, stride), stride at least the number of its taps. */
void predictor_predict(const struct predictor *predictor, const struct predictor_data *data,
    size_t pair, size_t stride, float *out);

#endif
