/*
 * Cyclic correlation of planes with one kernel by Fourier transforms, several planes at a time:
 *	y[r][c] = sum over a, b of kernel[a][b] x[(r + a - row) mod h][(c + b - column) mod w].
 * Every transform runs on LANES neighbouring lines at once (vector_fft.h): down the columns first, two real rows as one
 * complex number, then along the rows. Places outside the given part of a plane are taken as zero and only the
 * wanted part is computed; both begin at place (0, 0).
 *
 * No plane's result depends on the others, nor on how many there are.
 */
#ifndef CONV_FFT_FILTER_H
#define CONV_FFT_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include "conv/real.h"

struct fft_filter;

/* A rectangle at the origin of a plane. */
struct fft_filter_part {
	size_t h, w;
};

/* The smallest sizes >= n that are transformed fast, n <= SIZE_MAX / 4: the number of rows and of columns. */
size_t fft_filter_good_rows(size_t n);
size_t fft_filter_good_columns(size_t n);

/* h and w are such sizes; given and wanted not larger (the adjoint exchanges them). The kernel (kh, kw) is not larger
 * than (h, w) either. NULL with a reason. */
struct fft_filter *fft_filter_plan(size_t h, size_t w, struct fft_filter_part given,
    struct fft_filter_part wanted, const double *kernel, size_t kh, size_t kw, size_t row,
    size_t column) __attribute__((warn_unused_result));
void fft_filter_free(struct fft_filter *plane);

/* Planes that are computed together, and the layout of their buffer: (batch, rows, stride), of which the given part
 * is read and the wanted part written. An odd number of given rows is followed by a row that must be zero. */
size_t fft_filter_batch(const struct fft_filter *plane);
size_t fft_filter_rows(const struct fft_filter *plane);
size_t fft_filter_stride(const struct fft_filter *plane);

/* Numbers of scratch memory, aligned to 64 bytes and zero before the first use. */
size_t fft_filter_scratch(const struct fft_filter *plane);

/* The first `count` planes of the buffer, in place; adjoint: convolution in place of correlation, from the wanted
 * part to the given part. Thread-safe when each thread has its own buffer and scratch. */
void fft_filter_exec(
    const struct fft_filter *plane, real *buffer, size_t count, bool adjoint, real *scratch);

#endif
