/* What overlapping filters explain by themselves: correlations of the filters, and of a kernel with them. */
#ifndef LATERAL_CONFOUND_H
#define LATERAL_CONFOUND_H

#include <stddef.h>
#include "fit/bank.h"
#include "kernel/residual.h"
#include "indices/indices.h"

/* C_ij(d) = sum over x of psi_i(x) psi_j(x - d), psi the bank's filters at unit norm (0 for a filter that is 0), at the
 * taps of set; c: (n, n, taps). The bank has one filter per channel. 0 or -1. */
int overlap_correlation(const struct units *set, const struct bank *bank, size_t threads,
    double *c) __attribute__((warn_unused_result));

#define LATERAL_CONFOUNDS_MAX SPLINE_CONFOUNDS

/* out = w less what is additive in targets and sources, by least squares over the taps of pairs i != j; 0 for i = j. Both
 * (n, n, taps). 0 or -1. */
int lateral_balance(const struct units *set, const double *w, double *out)
    __attribute__((warn_unused_result));

/*
 * Rows of part "signed": r_C1, r_C2, r_C3, the correlations of w with each confound there is (c: NULL where it is not), chance
 * by moving whole filters of the kernel (orientation, phase, frequency, centre) while C stays; explained_C, that of w and
 * w less residual (NULL: no row), what `beyond` predicts from all, chance the same with the prediction of the moved kernel
 * fitted anew, plan->invariance_permutations times. 0 or -1.
 */
int lateral_explained(const struct units *set, const char *kernel, const double *w,
    const double *const c[LATERAL_CONFOUNDS_MAX], const double *residual,
    const struct residual *beyond, const struct lateral_plan *plan, struct report *report)
    __attribute__((warn_unused_result));

/* C1, C2 and C3 of the set's pairs, (n, n, taps) each; those whose files are not given stay NULL. Free with free(),
 * also on failure. 0 or -1. */
int overlap_read(const struct units_files *files, const struct units *set,
    size_t threads, double *c[3]) __attribute__((warn_unused_result));

#endif
