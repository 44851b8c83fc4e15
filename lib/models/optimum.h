/*
 * Parameters of the models at their optimum on all pairs and taps, by Gauss and Newton with the densities themselves instead
 * of the functions that span them, and intervals for other banks of filters.
 */
#ifndef LATERAL_OPTIMUM_H
#define LATERAL_OPTIMUM_H

#include "models/ladder.h"

/*
 * Least squares of b + a M, for signed weights b + a M + a' M cos dphase. Where a part has weights that are 0 they are taken as
 * latent signed weights b + a M + a' M cos dphase + s e, e normal, below 0 (censored.h; Tobin 1958), and the likelihood is
 * largest: least squares where nothing is cut off. It may have no maximum, as where a few weights are seen that can be fitted
 * without noise: no fit.
 *
 * Each couple of filters has its influence on the coordinates, its first derivatives over the second ones of all (a sandwich
 * estimate), from which resample_influence gives the variance; Student's t has n - 1 degrees. What is not known of weights that
 * are cut off is in the second derivatives. Intervals are those of coordinates, or of sums of them, and end where the
 * family does.
 */
struct optimum {
	const char *name; /* of the parameter, as in "sigma_along" */
	double value, low,
	    high; /* 95 %; nan without a fit: also where the search comes to no end */
	bool
	    edge; /* a coordinate of it is at an end of its range, where there is no interval: nan */
};

struct optimum_fit {
	size_t parameters;
	struct optimum of[SPAN_AXES];
	bool inverted; /* the scale is negative */
	/* of a part that is cut off: skewness or kurtosis of the noise is more than OPTIMUM_NORMAL standard errors from the normal
	 * law's, so that the parameters are not the density's */
	bool rectified;
};
#define OPTIMUM_NORMAL 3

/* For one part; of M0 the Gaussian. start: ladder_fit_all's of all parts. Main thread (FFTW). 0 or -1. */
int optimum_find(const struct ladder *ladder, enum ladder_model model, int part,
    const struct ladder_choice start[LADDER_PARTS], struct optimum_fit *out)
    __attribute__((warn_unused_result));

#endif
