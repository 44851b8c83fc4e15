/*
 * Is a kernel left-invariant? The weight of a tap is predicted from other units' taps at the same place in the target's
 * frame, (R_{-theta_i} Delta, dtheta, dphase), and the prediction correlated with it (Q_inv); Q_unrotated is the same with Delta
 * left in image axes, and Q_lead their difference.
 *
 * The prediction is invariant_fit.h's on its coarse grid. Units fall into at most 6 random folds, and a pair is predicted
 * from pairs neither of whose units is in its folds; the width is one for all of them, the best when couples of folds are left
 * out. Taps with |Delta| above k/2, which rotated frames do not fill, are left out.
 *
 * Permutations move whole Gabors (orientation, frequency, phase) among units, centres and kernels staying; widths are chosen and
 * everything is predicted anew. With fewer than 4 units the numbers are nan. Up to INVARIANCE_KERNELS kernels at once.
 */
#ifndef INDICES_INVARIANCE_H
#define INDICES_INVARIANCE_H

#include "indices/resampling.h"

enum { INVARIANCE_KERNELS = 2 };

extern const struct family invariance_family;

#endif
