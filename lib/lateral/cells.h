/*
 * Is there more in a kernel than overlapping filters explain? Chance for what is beyond C by moving it among taps of like C.
 */
#ifndef LATERAL_CELLS_H
#define LATERAL_CELLS_H

#include "lateral/indices.h"

#define CELLS_SHIFTS 499 /* at most */
#define CELLS_COUNT 64 /* cells of equal size, by quantiles of the confounds */

/*
 * Rows cells_R_0, cells_R_1, cells_R_2 (less their mean under chance), cells_coaxiality and cells_concentration of part
 * positive and negative, by range, of residual (n, n, taps) less an additive effect of its target and of its source. Chance:
 * taps of all pairs i != j fall into CELLS_COUNT cells of equal size by quantiles of c[0], within these by those of c[1] and c[2]
 * (64; 8 x 8; 4 x 4 x 4), and within a cell the residuals, in random order, are shifted cyclically by a random number of
 * places: plan->invariance_permutations times, CELLS_SHIFTS at most. Whatever weights are as a function of C, and however
 * their spread depends on C, is kept. It takes a tap's noise to be independent of its neighbours'. 0 or -1.
 */
int cells_rows(const struct lateral *set, const char *kernel, const double *residual,
    const double *const *c, size_t count, const struct lateral_plan *plan, struct report *report)
    __attribute__((warn_unused_result));

#endif
