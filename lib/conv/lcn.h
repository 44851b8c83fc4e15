/*
 * Local contrast normalisation (Jarrett, Kavukcuoglu, Ranzato & LeCun 2009): with G a Gaussian of sum 1 and images
 * continued by reflection,
 *	v = x - G * x,  s = sqrt(G * v^2),  y = v / max(c, s),  c = mean of s over the image,
 * so local mean and contrast are removed where there is contrast to speak of. An image without any gives 0.
 */
#ifndef CONV_LCN_H
#define CONV_LCN_H

#include <stddef.h>
#include "conv/real.h"

struct lcn;

/* Images (h, w); sigma in px (conv/kernels.h gives its bounds). Main thread only. NULL with a reason. */
struct lcn *lcn_plan(size_t h, size_t w, double sigma, size_t threads)
    __attribute__((warn_unused_result));

/* n images: x (n, h, w) -> y (n, h, w), which must not overlap. 0 or -1. */
int lcn_exec(struct lcn *lcn, const real *x, real *y, size_t n) __attribute__((warn_unused_result));

void lcn_free(struct lcn *lcn);

#endif
