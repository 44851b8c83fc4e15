/*
 * Tuning by difference of orientation, and directions of connections. Orientations enter a tap only through z = e^{2i theta} of
 * target and source, so an arrangement needs of a pair no more than sums over its taps in image axes: with alpha the direction of
 * Delta,
 *
 *	W = sum w,  A = sum w e^{2i alpha},  B = sum w e^{4i alpha}    (by range of |Delta|),
 *	R_0 ~ Re W z_j z_i*,  R_1 ~ Re A* z_j,  R_2 ~ Re B* z_i z_j,  coaxiality ~ Re A z_i*.
 *
 * Permutations move orientations among units; centres and kernels stay. Bins: mean over pairs of W by dtheta.
 */
#ifndef INDICES_DIRECTION_H
#define INDICES_DIRECTION_H

#include "indices/resampling.h"

extern const struct family direction_family;

#endif
