/*
 * A left-invariant prediction of weights: a weight is predicted from other pairs' weights at the same place in the target's
 * frame, (q, dtheta, dphase) with q = R_{-theta_i} Delta, without a model. Q_inv and the ceiling of the group models use it.
 *
 * It is a kernel-weighted regression of the weight on 1, cos dphase and sin dphase about every node of a grid, with Gaussian
 * weights of `near` px in q and `angle` in dtheta. Each tap counts in both frames of its target, (q, dtheta, dphase) and
 * (-q, dtheta, -dphase). Weights end at +-90 degrees of dtheta: beyond, the source is seen from its other end, where its phase
 * changes sign and dphase is another angle. What the regression leaves is regressed once more and added (twicing), which brings
 * back most of what smoothing takes off a peak. Between nodes coefficients are linear in q and dtheta.
 */
#ifndef KERNEL_INVARIANT_FIT_H
#define KERNEL_INVARIANT_FIT_H

#include <stdbool.h>
#include <stddef.h>

#define INVARIANT_WEIGHTS 3 /* kernels at once, at most */
#define INVARIANT_FOLDS 6   /* of the filters, for the width */
#define INVARIANT_SPLITS 3  /* couples of folds, one after the other left out */
#define INVARIANT_WIDTHS 24 /* to choose from: invariant_width */
#define INVARIANT_PASSES 4  /* of invariant_sharpen, over nodes and over taps */

/* Nodes: step in px, at most 64 angles over 180 degrees. What a coarse grid costs is some .02 of an r of 1, less in noise. */
struct invariant_grid {
	double step;
	size_t angles;
};
#define INVARIANT_FINE ((struct invariant_grid){.5, 30})
#define INVARIANT_COARSE ((struct invariant_grid){1, 15}) /* ten times as fast */

struct invariant_tap {
	float along, across; /* q, px */
	float cosine, sine;  /* of dphase */
	float w[INVARIANT_WEIGHTS];
};

struct invariant_data {
	size_t units, weights, pairs;  /* weights: how many of w count */
	const size_t *target, *source; /* (pairs): of units */
	double *dtheta;                /* (pairs), rad */
	size_t *first;                 /* (pairs + 1): where a pair's taps begin */
	struct invariant_tap *tap;
};

/* Of width 0 to INVARIANT_WIDTHS - 1: six scales, each narrow and wide in dtheta, with the phase terms and without. */
struct invariant_width {
	double near, angle; /* px, rad */
	bool phase;
};
struct invariant_width invariant_width(size_t width);

/* Work space and model of one thread; reach: largest |q|, px. */
struct invariant;
struct invariant *invariant_create(double reach, size_t weights, struct invariant_grid grid)
    __attribute__((warn_unused_result));
void invariant_free(struct invariant *predictor);

/* Learn from `count` pairs. The width of each weight (width[weights]) is the one with the least squared error when the pairs'
 * units fall into INVARIANT_FOLDS folds, and pairs within two folds are predicted from pairs within the others; with fewer than 4
 * units .7 px and 10 degrees. 0 or -1. */
int invariant_learn(struct invariant *predictor, const struct invariant_data *data,
    const size_t *pair, size_t count, size_t *width) __attribute__((warn_unused_result));

/*
 * The same by sums over taps, which whoever predicts many blocks of pairs makes once: arrays of invariant_numbers
 * floats, which add up. invariant_add collects pairs, invariant_take gives what was collected, each tap in both frames, and starts
 * anew. The model comes from the sums in invariant_sums. split: fills train and held with sums
 * of the pairs outside and inside couple s of folds; 1, 0 where
 * one of them has no pair, -1 for a failure.
 */
size_t invariant_numbers(const struct invariant *predictor);
void invariant_add(struct invariant *predictor, const struct invariant_data *data, size_t pair);
void invariant_take(struct invariant *predictor, float *sums);
float *invariant_sums(struct invariant *predictor);
typedef int invariant_split(size_t s, float *train, float *held, void *argument);
int invariant_choose(struct invariant *predictor, invariant_split *split, void *argument,
    size_t *width) __attribute__((warn_unused_result));
void invariant_fit(struct invariant *predictor, const size_t *width);

/* What was learnt last from these pairs, fitted again with little bias and much noise: at .5 px and 7 degrees, what is left
 * regressed again and again, at the nodes and then at the taps between them. 0 or -1. */
int invariant_sharpen(struct invariant *predictor, const struct invariant_data *data,
    const size_t *pair, size_t count) __attribute__((warn_unused_result));

/* Predictions at the taps of a pair: out (weights, stride), stride at least the number of its taps. */
void invariant_predict(const struct invariant *predictor, const struct invariant_data *data,
    size_t pair, size_t stride, float *out);

#endif
