/*
 * Is there more in a kernel than overlapping filters explain? Chance for what is beyond C by moving it among taps of like C.
 */
#ifndef LATERAL_CELLS_H
#define LATERAL_CELLS_H

#include "indices/indices.h"

#define CELLS_MOST 64 /* cells of equal size, by quantiles of the confounds */
#define CELLS_TAPS 64  /* in each, at least */

/*
 * Rows cells_R_0, cells_R_1, cells_R_2 (less their mean under chance; nan without permutations), cells_coaxiality and
 * cells_concentration of part positive, negative and signed, by range, of residual (n, n, taps) less an additive effect of its
 * target and of its source. Chance:
 * taps of all pairs i != j fall into cells of equal size by quantiles of c[0], within these by those of c[1] and c[2], as many of
 * each as leave CELLS_TAPS taps in a cell and make no more than CELLS_MOST (4 x 4 x 4), and within a cell the residuals, in random
 * order, are shifted cyclically by a random number of places: plan->permutations times. Whatever weights are as a function of C,
 * and however their spread depends on C, is kept. It takes a tap's noise to be independent of its neighbours'. 0 or -1.
 */
int cells_rows(const struct units *set, const char *kernel, const double *residual,
    const double *const *c, size_t count, const struct lateral_plan *plan, struct report *report)
    __attribute__((warn_unused_result));

#endif
