/*
 * Covariance of a layer's channels between places: the statistic C3 of the lateral kernel's confound,
 * K[i][j][d] = cov(h_i(p), h_j(p + d)) over images and all p with p + d inside, d up to R pixels
 * either way, stored as a lateral kernel (F, F, 2R+1, 2R+1).
 *
 * The sums of products are those of a convolution's gradient to its kernel: in float over the images of a call,
 * in double from call to call, after a constant near the mean of each channel was taken off.
 */
#ifndef NET_COVARIANCE_H
#define NET_COVARIANCE_H

#include <stddef.h>
#include "conv/real.h"

struct covariance;

/* F channels, d up to `radius` px. Main thread. NULL with a reason. */
struct covariance *covariance_create(size_t channels, size_t radius, size_t threads)
    __attribute__((warn_unused_result));
void covariance_free(struct covariance *covariance);

/* Add n images of a layer, h (n, F, height, width), sides above the radius. Memory grows with the largest
 * call, about 30 F bytes a pixel. 0 or -1. */
int covariance_add(struct covariance *covariance, const real *h, size_t n, size_t height,
    size_t width) __attribute__((warn_unused_result));

/* The kernel (F, F, 2R+1, 2R+1), exactly K[i][j][d] = K[j][i][-d]. 0, or -1 where nothing was added. */
int covariance_result(const struct covariance *covariance, double *kernel)
    __attribute__((warn_unused_result));

#endif
