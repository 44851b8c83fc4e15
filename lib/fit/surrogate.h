/* Surrogate profiles: what a fit gives where there is nothing to find. */
#ifndef FIT_SURROGATE_H
#define FIT_SURROGATE_H

#include <stddef.h>
#include "base/random.h"
#include "fit/extent.h"

/* Phase scrambling (Theiler et al. 1992) of profiles: the moduli of the discrete Fourier transform, mean
 * included, with phases that are uniform but for the symmetry of a real profile. */
struct surrogate_plan; /* tables, shared by threads */
struct surrogate_plan *surrogate_plan_create(struct extent size)
    __attribute__((warn_unused_result));
void surrogate_plan_free(struct surrogate_plan *plan);

/* Moduli (h, w) of y's transform. work (4, h, w). */
void surrogate_moduli(
    const struct surrogate_plan *plan, const double *y, double *moduli, double *work);
/* A profile x (h, w) with those moduli. work (4, h, w). */
void surrogate_draw(const struct surrogate_plan *plan, const double *moduli, struct rng *rng,
    double *x, double *work);

/* Independent normal pixels, mean 0, variance 1. */
void surrogate_white(struct extent size, struct rng *rng, double *x);

#endif
