/*
 * One kernel over images of one size: cross-correlation, as in PyTorch's conv2d with padding 'same',
 *	y[r][c] = sum over a, b of kernel[a][b] x[r + a - (kh - 1)/2][c + b - (kw - 1)/2],  integer division,
 * so an odd kernel is centred, and an even one has its centre half a pixel below and right of the output's pixel.
 * Any kernel size (one that exceeds the image is folded about its borders), three borders (border.h). By FFTW's real
 * transforms of the image continued beyond its borders.
 */
#ifndef CONV_FILTER2D_H
#define CONV_FILTER2D_H

#include <stddef.h>
#include "conv/border.h"
#include "conv/real.h"

struct filter2d;

/* Images (h, w), kernel (kh, kw). Main thread only. NULL with a reason. */
struct filter2d *filter2d_plan(size_t h, size_t w, size_t kh, size_t kw, const double *kernel,
    enum border border, size_t threads) __attribute__((warn_unused_result));

/* n images: x (n, h, w) -> y (n, h, w), which may be the same array. Split over images. 0 or -1. */
int filter2d_exec(struct filter2d *filter, const real *x, real *y, size_t n)
    __attribute__((warn_unused_result));

void filter2d_free(struct filter2d *filter);

#endif
