/*
 * Power: the smallest effect of a group model that a bank, a kernel and its noise would have shown. The kernel is taken as what
 * overlap and the best rival fit plus a residual. In every planting the residual of each dyad keeps or changes its sign, at
 * random, so that whatever structure it had is gone and its size and smoothness stay; then the group model is added, in one shape
 * (models.h, `planted`), and the nested comparison is done again. All sums over taps are those that were made once: a changed
 * sign and an added part are sums of columns.
 */
#ifndef MODELS_POWER_H
#define MODELS_POWER_H

#include <stdint.h>
#include "models/design.h"

struct power_plan {
	size_t plantings;
	uint64_t seed;
};
#define POWER_SPLITS 3
#define POWER_SHARE .8
#define POWER_LEAST .02 /* effects that are tried, from and to */
#define POWER_MOST .8

/*
 * effect: (models), of every group model in wanted (models): the smallest sd of the planted part over that of the kernel with
 * it, their correlation where the part is independent of the rest, at which POWER_SHARE of the plantings are credited;
 * INFINITY where POWER_MOST does not suffice. given: the design of the comparison. Shapes are searched at the places where
 * searches start, over POWER_SPLITS random halves. Main thread. 0 or -1.
 */
int power_find(const struct design *given, enum design_set set, const struct power_plan *plan,
    const bool *wanted, double *effect) __attribute__((warn_unused_result));

#endif
