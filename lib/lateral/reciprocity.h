/* Products of a kernel with its own reversal, over many rearrangements of the filters at once. */
#ifndef LATERAL_RECIPROCITY_H
#define LATERAL_RECIPROCITY_H

#include <stddef.h>
#include <stdint.h>
#include "lateral/pairs.h"

/*
 * product[b] = sum over i != j and d of w_ij(d) w_{o(j) o(i)}(-d), o = order + b n (count, n), but for pairs that
 * meet themselves, for which the others stand in (nan where there are no others): with the identity, the
 * product of every pair with its reversed pair. Each product of two pairs is made once, whatever count is: n^4 k^2
 * multiplications in single precision, n^3 numbers of memory per thread. 0 or -1.
 */
int reciprocity_products(const struct lateral *set, const double *w, const uint32_t *order,
    size_t count, size_t threads, double *product) __attribute__((warn_unused_result));

#endif
