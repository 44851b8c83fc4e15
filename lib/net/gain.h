/*
 * How much a convolution between all pairs of channels can amplify: the largest singular value, over all spatial
 * frequencies w, of its transfer matrix
 *
 *	M(w)[i][j] = sum over d of K[i][j][d] exp(i w.d),	d from -(k-1)/2 to (k-1)/2 in rows and columns
 *
 * that is, the norm of the convolution on an unbounded plane.
 */
#ifndef NET_GAIN_H
#define NET_GAIN_H

#include <stddef.h>
#include "conv/real.h"

/* kernel (f, f, k, k), k odd. The value is attained at some frequency, so it is never too large; the search is local
 * from the best points of a grid of 2 k frequencies an axis, or of 16. 0 or -1. */
int gain_largest(const real *kernel, size_t f, size_t k, size_t threads, double *gain)
    __attribute__((warn_unused_result));

#endif
