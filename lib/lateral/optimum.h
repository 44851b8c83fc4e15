/* Parameters of the models between the tabulated shapes, and their bootstrap intervals over filters. */
#ifndef LATERAL_OPTIMUM_H
#define LATERAL_OPTIMUM_H

#include "lateral/ladder.h"

struct optimum {
	double value, low,
	    high; /* 95 % interval (resample_pair_interval of logarithms); nan without samples */
};

/* The parameters (family->parameter) at the largest r^2 on all pairs and taps, for one part; out: (axes).
 * inverted: the scale there is negative. Intervals do not go beyond the grid. 0 or -1. */
int optimum_find(const struct ladder *ladder, const struct ladder_family *family, int part,
    struct optimum out[LADDER_AXES], bool *inverted) __attribute__((warn_unused_result));

#endif
