/*
 * A kernel's weights between taps and spectra, for the transforms of fft_conv.c: W(u), the sum over d of
 * w[d] exp(+2 pi i u.d/N), and D, whose transform back is the gradient to the weights.
 *
 * Only the transforms along x are kept in memory, for k of ny rows, column by column (kx). Those along y are made again
 * for each use, a comb of frequencies at a time (vector_fft.h).
 */
#ifndef CONV_KERNEL_SPECTRUM_H
#define CONV_KERNEL_SPECTRUM_H

#include <stdbool.h>
#include <stddef.h>
#include "conv/method.h"
#include "conv/vector_fft.h"

struct kernel_spectrum {
	struct conv_size size;
	size_t reach;        /* r, k = 2 r + 1 */
	size_t nx, ny;       /* of the transforms */
	size_t teeth, combs; /* ny = combs teeth */
	size_t half;         /* columns 0..nx/2, which have all of a kernel's spectrum */
	real *columns; /* (half; in, out blocks; k, re | im, LANES): of W / (nx ny), or of D */
	real *cosine, *sine;     /* (half, r + 1): of 2 pi kx d/nx */
	real *turns;             /* (combs, k; cosine, sine) of 2 pi t comb/ny */
	real *zeros;             /* what input channels have that there are not */
	struct vector_fft *back; /* along y, from comb order */
	real *const *room;       /* each worker's: kernel_taps_room numbers */
	/* arguments of the running step */
	const real *w;
	real *dw;
};

/* size's channels padded to whole vectors; ny without prime factors above 7. 0 or -1. */
int kernel_resize(struct kernel_spectrum *kernel, const struct conv_size *size, size_t nx,
    size_t ny) __attribute__((warn_unused_result));
void kernel_release(struct kernel_spectrum *kernel);

/* w (out, in, k, k) to columns, and D there back to dw (out, in, k, k). 0 or -1. */
int kernel_from_taps(struct kernel_spectrum *kernel, const real *w)
    __attribute__((warn_unused_result));
int kernel_to_taps(struct kernel_spectrum *kernel, real *dw) __attribute__((warn_unused_result));

/* Room for the largest: numbers that taps_in and taps_out need. */
size_t kernel_taps_room(const struct kernel_spectrum *kernel);

/* Column kx of the kernel, as it is or with input and output channels exchanged: (channels, blocks of output channels; k,
 * re | im, LANES). room: kernel_turned_room numbers, which hold it in the second case. */
struct kernel_column {
	const real *taps;
	size_t channels, blocks;
};
size_t kernel_turned_room(const struct kernel_spectrum *kernel);
struct kernel_column kernel_column(
    const struct kernel_spectrum *kernel, size_t kx, bool transposed, real *room);

/* Its spectra at the frequencies ky of a comb: (teeth; blocks, channels; re | im, LANES), kernel_step numbers from
 * one tooth to the next. */
size_t kernel_step(size_t channels, size_t blocks);
void kernel_comb(const struct kernel_spectrum *kernel, const struct kernel_column *column,
    size_t comb, real *spectra);

/* Column kx of D, spectra (combs, teeth; as above), back along y to column kx of kernel->columns. */
void kernel_back(
    const struct kernel_spectrum *kernel, size_t kx, const real *spectra, real *scratch);

#endif
