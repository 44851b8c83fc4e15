/*
 * What stands between the convolutions: batch normalisation, rectification, pools. One image at a time, so the
 * caller splits images between threads.
 *
 * Letters: images are (pixels, S) or (h, w, S), S = conv_stride(channels) numbers a pixel (conv/conv.h); those past
 * the channels stay zero. Per-channel arrays have S numbers. A derivative at a threshold is 0.
 * NaN goes through rectification.
 */
#ifndef NET_LAYERS_H
#define NET_LAYERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "conv/real.h"

/* sum[c] += sum of x, square[c] += sum of x squared, over pixels */
void layer_moments(size_t pixels, size_t s, const real *x, double *sum, double *square);

/* y = x scale + shift per channel; rectified: the larger of that and 0. y may be x. */
void layer_affine(
    size_t pixels, size_t s, const real *x, const real *scale, const real *shift, real *y);
void layer_affine_relu(
    size_t pixels, size_t s, const real *x, const real *scale, const real *shift, real *y);

/* Adjoint of a normalisation, first part: dy = 0 where y (NULL: nowhere) is not positive; then
 * sum[c] += sum of dy, product[c] += sum of dy (x scale + shift). */
void layer_affine_sums(size_t pixels, size_t s, real *dy, const real *y, const real *x,
    const real *scale, const real *shift, double *sum, double *product);

/* second part: dx = a dy + b x + c per channel; dx may be dy */
void layer_affine_adjoint(size_t pixels, size_t s, const real *dy, const real *x, const real *a,
    const real *b, const real *c, real *dx);

/* y = max(x, 0); h = max(z + h, 0) */
void layer_relu(size_t count, const real *x, real *y);
void layer_add_relu(size_t count, const real *z, real *h);

/* Adjoint of y = max(x, 0): u = g where y > 0, else 0; and dz += u, or dz = u where `set` */
void layer_relu_adjoint(size_t count, const real *g, const real *y, real *u, real *dz, bool set);

/* h = (before + max(h, 0)) / 2; positive: 1 where h was, else 0 */
void layer_average(size_t count, const real *before, real *h, uint8_t *positive);

/* Its adjoint to the h that was: u = g / 2 where positive, else 0; to `before`, added to what comes back through the
 * convolution (y): g = g / 2 + y */
void layer_average_adjoint(size_t count, const real *g, const uint8_t *positive, real *u);
void layer_half_add(size_t count, const real *y, real *g);

/* x (h, w, S) -> y (h / side, w / side, S), place (the same shape): which of its window, row-major, is the largest (the
 * first of equals). Incomplete windows are dropped. */
void layer_max_pool(
    size_t h, size_t w, size_t s, size_t side, const real *x, real *y, uint8_t *place);
/* dx (h, w, S), zero where nothing was the largest */
void layer_max_pool_adjoint(
    size_t h, size_t w, size_t s, size_t side, const real *dy, const uint8_t *place, real *dx);

/* Log of the sum of exp over x (n), n at least 1; largest: which x is, the first of equals. */
double layer_log_sum_exp(size_t n, const real *x, size_t *largest);

/* PyTorch's AdaptiveAvgPool2d(2), flattened: x (h, w, S) -> y (channels, 2, 2), and dy (channels, 2, 2) -> dx */
void layer_average_pool(size_t h, size_t w, size_t s, size_t channels, const real *x, real *y);
void layer_average_pool_adjoint(
    size_t h, size_t w, size_t s, size_t channels, const real *dy, real *dx);

#endif
