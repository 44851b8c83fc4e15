/*
 * Is a kernel left-invariant? The weight of a tap is predicted from other filters' taps at the same place in the target's
 * frame, (R_{-theta_i} Delta, dtheta, dphase), and the prediction correlated with it (Q_inv); Q_unrotated is the same
 * with Delta left in image axes.
 */
#ifndef LATERAL_INVARIANCE_H
#define LATERAL_INVARIANCE_H

#include <stdbool.h>
#include "indices/indices.h"

#define INVARIANCE_FOLDS 6
#define INVARIANCE_GROUPS 24 /* of filters, at most: left out in turn for the intervals */

#define INVARIANCE_KERNELS 2 /* at once: what the labels give is the same for all */

/*
 * Rows Q_inv, Q_unrotated and Q_lead, the first less the second, of part "signed", for 1 to INVARIANCE_KERNELS kernels, each
 * with its name and its w (n, n, taps). The prediction is predictor.h's on its coarse grid, the unrotated one with Delta in place
 * of q; units fall into at most INVARIANCE_FOLDS random folds, and a pair is predicted from pairs neither of whose units is in
 * its folds. The width is one for all of them, the best when couples of folds are left out. Taps with |Delta| above k/2, which
 * rotated frames do not fill, are left out.
 * A permutation moves whole Gabors (orientation, frequency, phase) among filters, centres and kernels staying; the widths are
 * chosen and everything is predicted anew, so that data and plan->invariance_permutations permutations are treated alike: chance is
 * their mean, p one-sided. Interval: jackknife, single filters (of more than INVARIANCE_GROUPS, so many groups) left out and the
 * others predicted anew at the data's widths, Student's; none without plan->bootstrap. Needs at least 4 units, else the rows are
 * nan. 0 or -1.
 */
int lateral_invariance(const struct units *set, size_t kernels, const char *const *kernel,
    const double *const *w, const struct lateral_plan *plan, struct report *report)
    __attribute__((warn_unused_result));

/* The prediction itself: (n, n, taps), 0 for i = j and |Delta| above k/2; nan elsewhere for w without any weight. 0 or -1. */
int lateral_predict(const struct units *set, const double *w, bool rotated, uint64_t seed,
    double *prediction) __attribute__((warn_unused_result));

#endif
