/* What overlapping filters explain by themselves: correlations of the filters (C1), of the effective profiles (C2), of the
 * rectified responses to images (C3). */
#ifndef KERNEL_OVERLAP_H
#define KERNEL_OVERLAP_H

#include <stddef.h>
#include "fit/bank.h"
#include "kernel/units.h"

/* C_ij(d) = sum over x of psi_i(x) psi_j(x - d), psi the bank's filters at unit norm (0 for a filter that is 0), at the
 * taps of set; c: (n, n, taps). The bank has one filter per channel. 0 or -1. */
int overlap_correlation(const struct units *set, const struct bank *bank, size_t threads, double *c)
    __attribute__((warn_unused_result));

/* C1, C2 and C3 of the set's pairs, (n, n, taps) each; those whose files are not given stay NULL. Free with free(),
 * also on failure. 0 or -1. */
int overlap_read(const struct units_files *files, const struct units *set, size_t threads,
    double *c[3]) __attribute__((warn_unused_result));

#endif
