/* Parameters of a model's shape that fits all pairs best by least squares, with the jackknife over filters. */
#ifndef MODELS_PARAMETERS_H
#define MODELS_PARAMETERS_H

#include "models/fit.h"

/* The interval is 95 %, from the shapes fitted without each filter in turn, n - 1 times; the noise of a dyad is left out with
 * both its filters, so the interval is too wide by up to the root of 2 where that is all noise. */
struct parameter {
	const char *name; /* as in "sigma_along" */
	bool locked;      /* of the term locked to phase */
	double value, low, high;
	bool
	    edge; /* a coordinate is at an end of its range, where there is no interval: low and high are nan */
};
/* Of M0 the Gaussian's. out: (2 MODEL_COORDINATES), those of the term locked to phase last; their number; -1 with a reason. */
int parameters_find(const struct design *design, size_t model, const struct fit_task *task,
    struct parameter *out) __attribute__((warn_unused_result));

#endif
