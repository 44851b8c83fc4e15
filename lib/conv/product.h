/*
 * Small matrix products on rows of lanes: what a convolution does at each frequency, and what a convolution of one
 * input channel does at each pixel. Row-major; C and D, the numbers of columns, are multiples of LANES; every array
 * starts at a multiple of 64 bytes. A complex row of C numbers is C real parts, then C imaginary parts.
 *
 * Products are split between threads by the caller, over outputs. Each output's sum is taken in one fixed order.
 */
#ifndef CONV_PRODUCT_H
#define CONV_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>
#include "conv/real.h"

/* y (rows, 2, D) = x (rows, 2, C) w (C, 2, D), with the conjugate of w instead where `conjugate`; only the first
 * `inner` <= C columns of x and rows of w are used. */
void product_complex(size_t rows, size_t inner, size_t c, size_t d, const real *x, const real *w,
    real *y, bool conjugate);

/* w (C, 2, D) = sum over rows of x (rows, 2, C)^T conj(g (rows, 2, D)), plus, where x2 and g2 are given, the sum's
 * conjugate over x2, g2; the first `inner` rows of w. add: add to w instead. */
void product_gradient(size_t rows, size_t inner, size_t c, size_t d, const real *x, const real *g,
    const real *x2, const real *g2, real *w, bool add);

/* out (D, 2, C) = w (C, 2, D) transposed */
void product_transpose(size_t c, size_t d, const real *w, real *out);

/* y (count, D) = sum over taps t < taps of x[p step + offset[t]] w[t] (taps, D) for p = 0..count-1, x real numbers. */
void product_taps(size_t count, size_t taps, size_t d, const real *x, size_t step,
    const size_t *offset, const real *w, real *y);

/* w[t] (taps, D) += sum over p < count of x[p + offset[t]] g[p] (count, D). */
void product_taps_gradient(size_t count, size_t taps, size_t d, const real *x, const size_t *offset,
    const real *g, real *w);

#endif
