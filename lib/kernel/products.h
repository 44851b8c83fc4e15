/* Products of kernels over many rearrangements of the units at once: chance for correlations between kernels. */
#ifndef KERNEL_PRODUCTS_H
#define KERNEL_PRODUCTS_H

#include <stddef.h>
#include <stdint.h>
#include "kernel/units.h"

/*
 * product[b] = sum over i != j and d of u_ij(d) v_{o(j) o(i)}(-d), o = order + b n, order (count, n): with the identity, the
 * product of every pair with its reversed pair. Pairs that meet themselves are left out, and the others stand in for them (nan
 * where there are no others). Each product of two pairs is made once, whatever count is: n^4 k^2 multiplications in single
 * precision, n^3 numbers of memory per thread. 0 or -1.
 */
int products_reversed(const struct units *set, const double *u, const double *v,
    const uint32_t *order, size_t count, size_t threads, double *product)
    __attribute__((warn_unused_result));

#endif
