/*
 * Convolution of images with several channels, its gradients included, as PyTorch's conv2d with zero padding k/2:
 *
 *	out_o(p) = sum_i sum_d w[o][i][d] in_i(p + d),    d from -r to r in both directions, k = 2 r + 1
 *
 * (cross-correlation; d = 0 is the middle of w, row r and column r). Kernels are square and odd; the output has
 * the input's size; pixels outside the image are zero.
 *
 * Images are channels-last, (n, h, w, stride) with stride = conv_stride(channels) numbers for each pixel, those past
 * the channels zero in every input (the outputs keep that). Arrays start at a multiple of 64 bytes (mem_alloc).
 *
 * A plan's order of use: weights, then exec for each propagation t into a slot t of its own, then adjoint for the
 * slots that have a gradient, then gradient once, which sums over the slots given. What exec and adjoint were given
 * must stay unchanged until then, unless the plan keeps its own copy (conv_keeps_input). Nothing depends on the
 * number of threads; a plan serves one thread at a time.
 *
 * How: with several input channels or a large kernel, by Fourier transforms (vector_fft.h) and one complex matrix product
 * per frequency (product.h), so that the cost hardly depends on k (fft_conv.c). With one input channel and a small
 * kernel, by sums over its taps (direct_conv.c).
 */
#ifndef CONV_CONV_H
#define CONV_CONV_H

#include <stdbool.h>
#include <stddef.h>
#include "conv/real.h"

/* Numbers a pixel has in images of so many channels: 1 for one, else a multiple of 64 bytes. */
size_t conv_stride(size_t channels);

struct conv;

/* in, out channels, k odd. NULL with a reason. */
struct conv *conv_plan(size_t in, size_t out, size_t k, size_t threads)
    __attribute__((warn_unused_result));
void conv_free(struct conv *conv); /* NULL is allowed */

/* Whether what exec and adjoint were given may be overwritten once they are done, gradients or not: all plans with
 * several input channels keep what they need of it. */
bool conv_keeps_input(const struct conv *conv);

/* Choose the images' number and size and how many slots there are. gradients: conv_gradient will be called; if not,
 * all slots share their memory. Cheap where nothing changed. 0 or -1. */
int conv_resize(struct conv *conv, size_t n, size_t h, size_t w, size_t slots, bool gradients)
    __attribute__((warn_unused_result));

/* Take new weights w (out, in, k, k); after conv_resize, before conv_exec. Cheap where they are those of before.
 * 0 or -1. */
int conv_weights(struct conv *conv, const real *w) __attribute__((warn_unused_result));

/* y = x convolved: x (n, h, w, stride(in)), y (n, h, w, stride(out)). 0 or -1. */
int conv_exec(struct conv *conv, size_t slot, const real *x, real *y)
    __attribute__((warn_unused_result));

/* dx = transposed convolution of dy, the gradient to x; NULL: only keep dy for conv_gradient. 0 or -1. */
int conv_adjoint(struct conv *conv, size_t slot, const real *dy, real *dx)
    __attribute__((warn_unused_result));

/* dw (out, in, k, k) = sum over slots 0..slots-1 and images of the gradient to the weights. The weights are used up:
 * conv_weights comes next. 0 or -1. */
int conv_gradient(struct conv *conv, size_t slots, real *dw) __attribute__((warn_unused_result));

#endif
