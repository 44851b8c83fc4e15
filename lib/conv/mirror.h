/*
 * Filtering images that are continued by reflection (BORDER_MIRROR) with a real, even frequency response. The
 * continued image is periodic with period (2h, 2w) and has no jump at the borders, so nothing wraps around; its
 * spectrum is the image's type-2 cosine transform, whose coefficient (k, l) stands at k/2h and l/2w cycles per
 * pixel.
 */
#ifndef CONV_MIRROR_H
#define CONV_MIRROR_H

#include <stddef.h>
#include "conv/real.h"

struct mirror_filter;

/* The factor at spatial frequency (fx, fy) >= 0, in cycles per pixel. */
typedef double mirror_gain(double fx, double fy, const void *argument);

/* Images (h, w). Main thread only. NULL with a reason. */
struct mirror_filter *mirror_plan(size_t h, size_t w, mirror_gain *gain, const void *argument,
    size_t threads) __attribute__((warn_unused_result));

/* n images: x (n, h, w) -> y (n, h, w); they may be the same array. The filter is its own adjoint. 0 or -1. */
int mirror_exec(struct mirror_filter *filter, const real *x, real *y, size_t n)
    __attribute__((warn_unused_result));

/* Whitening of natural images, whose amplitudes fall as 1/f, below a cutoff f0 (Olshausen & Field 1997):
 * f exp(-(f/f0)^4), f = |(fx, fy)| in cycles per pixel. argument: const double *, f0. */
mirror_gain mirror_whitening;

void mirror_free(struct mirror_filter *filter);

#endif
