/*
 * One kernel over images of one size: cross-correlation, as in PyTorch's conv2d with padding 'same',
 *	y[r][c] = sum over a, b of kernel[a][b] x[r + a - (kh - 1)/2][c + b - (kw - 1)/2],  integer division,
 * so an odd kernel is centred, and an even one has its centre half a pixel below and right of the output's pixel.
 * Any kernel size (one that exceeds the image is folded about its borders), three borders (border.h).
 *
 * How it is computed - tap by tap, as products of columns and rows, by Fourier transforms of the whole image or
 * of overlapping tiles - follows from the sizes and the kernel alone, by measured costs, never from the number of
 * threads.
 */
#ifndef CONV_FILTER2D_H
#define CONV_FILTER2D_H

#include <stddef.h>
#include "conv/border.h"
#include "conv/real.h"

enum filter2d_method {
	FILTER2D_AUTO,  /* the cheapest */
	FILTER2D_DENSE, /* tap by tap */
	FILTER2D_PRODUCTS, /* as few products of a column and a row; only for kernels that are such a sum */
	FILTER2D_FOURIER,
};

struct filter2d;

/* Images (h, w), kernel (kh, kw). Main thread only. NULL with a reason. */
struct filter2d *filter2d_plan(size_t h, size_t w, size_t kh, size_t kw, const double *kernel,
    enum border border, enum filter2d_method method, size_t threads)
    __attribute__((warn_unused_result));

/* The method that was chosen. */
enum filter2d_method filter2d_method(const struct filter2d *filter);

/* n images: x (n, h, w) -> y (n, h, w), which must not overlap. Split over images and tiles. 0 or -1. */
int filter2d_exec(struct filter2d *filter, const real *x, real *y, size_t n)
    __attribute__((warn_unused_result));

/* The adjoint: dy (n, h, w) -> dx (n, h, w) with <dy, F x> = <F* dy, x>, borders included. Split over images. 0 or -1. */
int filter2d_adjoint(struct filter2d *filter, const real *dy, real *dx, size_t n)
    __attribute__((warn_unused_result));

void filter2d_free(struct filter2d *filter);

#endif
