/* Products of kernels over many rearrangements of the filters at once: chance for correlations between kernels. */
#ifndef LATERAL_PRODUCTS_H
#define LATERAL_PRODUCTS_H

#include <stddef.h>
#include <stdint.h>
#include "kernel/units.h"

/*
 * product[b] = sum over i != j and d of u_ij(d) v_{o(i) o(j)}(d), o = order + b n, order (count, n). Each product of two
 * pairs is made once, whatever count is: n^4 k^2 multiplications in single precision, n^3 numbers of memory per
 * thread. 0 or -1.
 */
int products_moved(const struct units *set, const double *u, const double *v,
    const uint32_t *order, size_t count, size_t threads, double *product)
    __attribute__((warn_unused_result));

/* The same with the reversal of v, v_{o(j) o(i)}(-d), but for pairs that meet themselves, for which the
 * others stand in (nan where there are no others): with the identity, the product of every pair with its reversed pair. */
int products_reversed(const struct units *set, const double *u, const double *v,
    const uint32_t *order, size_t count, size_t threads, double *product) __attribute__((warn_unused_result));

#endif
