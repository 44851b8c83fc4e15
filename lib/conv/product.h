/*
 * Small matrix products on rows of lanes: what a convolution does at each frequency, and what a convolution of one
 * input channel does at each pixel. Row-major; D, a number of columns, is a multiple of LANES; every array and step
 * is a multiple of 64 bytes.
 *
 * Products are split between threads by the caller, over outputs. Each output's sum is taken in one fixed order.
 */
#ifndef CONV_PRODUCT_H
#define CONV_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>
#include "conv/real.h"

/* LANES complex columns of a product: y (rows; 2, LANES) = x (rows; C) w (inner, 2, LANES), with the conjugate of w
 * instead where `conjugate`. A row of x has its channels by LANES, (C / LANES, 2, LANES), real before imaginary parts, of
 * which the first `inner` <= C are used; rows are x_step and y_step numbers apart. */
void product_complex(size_t rows, size_t inner, const real *x, size_t x_step, const real *w,
    real *y, size_t y_step, bool conjugate);

/* LANES complex columns of a sum over rows: w (inner, 2, LANES) = x (rows; C)^T conj(g (rows; 2, LANES)) plus the
 * conjugate of x2^T conj(g2), rows of x as above. add: add to w instead. */
void product_gradient(size_t rows, size_t inner, const real *x, const real *x2, size_t x_step,
    const real *g, const real *g2, size_t g_step, real *w, bool add);

/* y (count, D) = sum over taps t < taps of x[p step + offset[t]] w[t] (taps, D) for p = 0..count-1, x real numbers. */
void product_taps(size_t count, size_t taps, size_t d, const real *x, size_t step,
    const size_t *offset, const real *w, real *y);

/* w[t] (taps, D) += sum over p < count of x[p + offset[t]] g[p] (count, D). */
void product_taps_gradient(size_t count, size_t taps, size_t d, const real *x, const size_t *offset,
    const real *g, real *w);

#endif
