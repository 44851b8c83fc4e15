/* K_beyond_C: the part of a kernel that is no function of what overlapping filters give. */
#ifndef KERNEL_RESIDUAL_H
#define KERNEL_RESIDUAL_H

#include <stdint.h>
#include "kernel/spline.h"

#define RESIDUAL_FOLDS 8

struct residual;

/*
 * The fit of a kernel of the set to the spline's confounds, prepared: what does not depend on the kernel. The model of a pair
 * (i, j) is
 *
 *	w_ij(d) = f(C1, C2, C3) + a_i + b_j ,
 *
 * f that of spline.h. a_i and b_j are what a target and a source add to all their weights; they are fitted so that units of
 * unequal strength do not pass for a function of C. Least squares are cross-fitted: units fall into at most RESIDUAL_FOLDS
 * random folds, and a pair is predicted from the taps of pairs neither of whose units is in its folds. Such a fit leaves open
 * how much of the level belongs to f and how much to the effects; a fit to all pairs sets it.
 *
 * RESIDUAL_FIRST and RESIDUAL_SECOND fit to one and to the other random half of the pairs {i, j}: the errors of the two fits
 * are independent. NULL without memory or with fewer than 4 units.
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
