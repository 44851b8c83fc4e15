/*
 * Covariance of a layer's channels between places: the statistic C3 of the lateral kernel's confound,
 * K[i][j][d] = cov(h_i(p), h_j(p + d)) over images and all p with p + d inside, d up to R pixels
 * either way, stored as a lateral kernel (F, F, 2R+1, 2R+1).
 *
 * Images are cut into tiles, whose correlation with their surroundings is a product of spectra:
 * memory, about 8 (1.5 N^2 F^2 + 100 N^2 F) bytes with tiles and margins of N px (5R + 12 or a little
 * more), does not grow with the images. Products of float spectra are summed over 512 tiles, then in double.
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

/* Add n images of a layer, h (n, F, height, width), sides above the radius. How a stream is cut into
 * calls changes nothing. 0 or -1. */
int covariance_add(struct covariance *covariance, const real *h, size_t n, size_t height,
    size_t width) __attribute__((warn_unused_result));

/* The kernel (F, F, 2R+1, 2R+1), exactly K[i][j][d] = K[j][i][-d]. 0, or -1 where nothing was added. */
int covariance_result(struct covariance *covariance, double *kernel)
    __attribute__((warn_unused_result));

#endif
