/*
 * Is a kernel left-invariant? The weight of a tap is predicted from other filters' taps at the same place in the target's
 * frame, (R_{-theta_i} Delta, dtheta, dphase), and the prediction correlated with it (Q_inv); Q_unrotated is the same
 * with Delta left in image axes.
 */
#ifndef LATERAL_INVARIANCE_H
#define LATERAL_INVARIANCE_H

#include <stdbool.h>
#include "lateral/indices.h"

#define INVARIANCE_FOLDS 6
#define INVARIANCE_SIGMA 0.7 /* px, of the weighting in R_{-theta_i} Delta */
#define INVARIANCE_ANGLES 12 /* bins of dtheta (15 deg), weighted 1 and 1/4 for neighbours */

#define INVARIANCE_KERNELS 2 /* at once: what the labels give is the same for all */

/*
 * Rows Q_inv, Q_unrotated and Q_lead, the first less the second, of part "signed", for 1 to INVARIANCE_KERNELS kernels, each
 * with its name and its w (n, n, taps). A prediction is a kernel-weighted regression of K~ on 1, cos dphase and
 * sin dphase over cells of 1 px and 15 deg, each tap in both frames of its target ((q, dtheta, dphase) and
 * (-q, dtheta, -dphase), the unrotated one likewise in image axes); units fall into at most INVARIANCE_FOLDS random folds, and a pair is predicted from pairs neither
 * of whose units is in its folds. Taps with |Delta| above k/2, which rotated frames do not fill, are
 * left out. Chance: plan->invariance_permutations permutations of whole Gabors (orientation, frequency, phase) among
 * filters, centres and kernels staying; p one-sided. Interval: bootstrap over filters of the correlation at the given
 * predictions. Needs at least 4 units, else the rows are nan. 0 or -1.
 */
int lateral_invariance(const struct lateral *set, size_t kernels, const char *const *kernel,
    const double *const *w, const struct lateral_plan *plan, struct report *report)
    __attribute__((warn_unused_result));

/* The prediction itself: (n, n, taps), 0 for i = j and |Delta| above k/2. 0 or -1. */
int lateral_predict(const struct lateral *set, const double *w, bool rotated, uint64_t seed,
    double *prediction) __attribute__((warn_unused_result));

#endif
