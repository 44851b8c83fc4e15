/*
 * Parameters of the models at their optimum on all pairs and taps, by Gauss and Newton with the densities themselves instead
 * of the functions that span them, and intervals for other banks of filters.
 */
#ifndef LATERAL_OPTIMUM_H
#define LATERAL_OPTIMUM_H

#include "lateral/ladder.h"

/*
 * Of regressors b, a M (and a' M cos dphase) and their derivatives by the coordinates, each couple of filters has its influence
 * on the coordinates (a sandwich estimate), from which resample_influence gives the variance; Student's t has n - 1 degrees.
 * Intervals are those of coordinates, or of sums of them, and end where the family does.
 */
struct optimum {
	const char *name;        /* of the parameter, as in "sigma_along" */
	double value, low, high; /* 95 %; nan without a fit */
	bool
	    edge; /* a coordinate of it is at an end of its range, where there is no interval: nan */
};

struct optimum_fit {
	size_t parameters;
	struct optimum of[SPAN_AXES];
	bool inverted; /* the scale is negative */
	/* of a part that is cut off: the noise is not normal, so that the parameters are not the density's */
	bool rectified;
};
#define OPTIMUM_NORMAL 3 /* standard errors of skewness or kurtosis from 0 */

/* For one part; of M0 the Gaussian. start: ladder_fit_all's. Main thread (FFTW). 0 or -1. */
int optimum_find(const struct ladder *ladder, enum ladder_model model, int part,
    const struct ladder_choice start[LADDER_PARTS], struct optimum_fit *out) __attribute__((warn_unused_result));

#endif
