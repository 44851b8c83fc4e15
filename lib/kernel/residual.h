/* K_beyond_C: the part of a kernel that is no function of what overlapping filters give. */
#ifndef KERNEL_RESIDUAL_H
#define KERNEL_RESIDUAL_H

#include <stdint.h>
#include "kernel/spline.h"

#define RESIDUAL_FOLDS 8

struct residual;

/*
 * What a fit needs of the spline's confounds, the same for every kernel of the set. For a
 * pair (i, j) the model
 *
 *	w_ij(d) = f(C1, C2, C3) + a_i + b_j
 *
 * (spline.h's f; a_i and b_j, what a target and a source add to all their weights, so that units of unequal strength do not
 * pass for a function of C) is fitted by least squares to the taps of pairs neither of whose units is in the folds of i
 * and j: all of it, so that nothing of a held-out unit is in its own prediction. Only the level, of which such a fit does not
 * know what is f's and what the effects', is set by a fit to all pairs. Units fall into at most RESIDUAL_FOLDS random folds.
 * RESIDUAL_FIRST and RESIDUAL_SECOND fit to the pairs {i, j} of one or the other random half alone: what noise does to one
 * fit has nothing to do with the other. NULL without memory or with fewer than 4 units.
 */
enum residual_pairs { RESIDUAL_ALL, RESIDUAL_FIRST, RESIDUAL_SECOND };
struct residual *residual_create(const struct units *set, const struct spline *spline,
    enum residual_pairs pairs, uint64_t seed, size_t threads) __attribute__((warn_unused_result));
void residual_free(struct residual *fit);

/* residual = w less f, a_i and b_j left in it; 0 for i = j. Both (n, n, taps). 0 or -1. */
int residual_of(const struct residual *fit, const double *w, double *residual)
    __attribute__((warn_unused_result));

/* r of w moved, w_{o(i) o(j)}, with what is then predicted of it, fitted anew, over the taps of pairs i != j; o = order + b n,
 * order (count, n), r (count); of RESIDUAL_ALL. 0 or -1. */
int residual_moved(const struct residual *fit, const double *w, const uint32_t *order, size_t count,
    double *r) __attribute__((warn_unused_result));

#endif
