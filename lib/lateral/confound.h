/*
 * What overlapping filters explain by themselves: correlations of the filters, and the part of a kernel that is no
 * function of them.
 */
#ifndef LATERAL_CONFOUND_H
#define LATERAL_CONFOUND_H

#include <stddef.h>
#include <stdint.h>
#include "fit/bank.h"
#include "lateral/indices.h"

/* C_ij(d) = sum over x of psi_i(x) psi_j(x - d), psi the bank's filters at unit norm (0 for a filter that is 0), at the
 * taps of set; c: (n, n, taps). The bank has one filter per channel. 0 or -1. */
int lateral_correlation(const struct lateral *set, const struct bank *bank, size_t threads,
    double *c) __attribute__((warn_unused_result));

#define LATERAL_CONFOUNDS_MAX 3
#define LATERAL_FOLDS 8
#define LATERAL_ROUNDS 3

/* out = w less what is additive in targets and sources, by least squares over the taps of pairs i != j; 0 for i = j. Both
 * (n, n, taps). 0 or -1. */
int lateral_balance(const struct lateral *set, const double *w, double *out)
    __attribute__((warn_unused_result));

/*
 * residual = w - f(c[0], c[1], ...): f is a sum of linear splines in each confound, with knots at 0 and at quantiles of
 * |c| on both sides (rectification, a kink at 0, is in the family), and of the products of two confounds; least
 * squares over taps of pairs i != j. Cross-fitted by filter: the units fall into at most LATERAL_FOLDS random folds, and
 * the coefficients for a pair come from pairs neither of whose units is in its folds. An additive effect of every target and
 * of every source is fitted along (in turn with f, LATERAL_ROUNDS times), so that units of unequal strength do not pass for
 * a function of C, and stays in the residual. All arrays (n, n, taps); the
 * residual of i = j is 0. Needs at least 4 units and count 1 to LATERAL_CONFOUNDS_MAX. 0 or -1.
 */
int lateral_beyond(const struct lateral *set, const double *w, const double *const *c, size_t count,
    uint64_t seed, size_t threads, double *residual) __attribute__((warn_unused_result));

/*
 * Rows of part "signed": r_C1, r_C2, r_C3, the correlations of w with each confound there is (c: NULL where it is not), chance
 * by moving whole filters of the kernel (orientation, phase, frequency, centre) while C stays; explained_C, that of w and
 * w less residual (NULL: no row), what lateral_beyond predicts from all. That has no chance: predictions made
 * from a kernel are no longer independent of it once it is moved. 0 or -1.
 */
int lateral_explained(const struct lateral *set, const char *kernel, const double *w,
    const double *const c[LATERAL_CONFOUNDS_MAX], const double *residual,
    const struct lateral_plan *plan, struct report *report) __attribute__((warn_unused_result));

#endif
