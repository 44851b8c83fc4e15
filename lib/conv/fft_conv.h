/* What the parts of conv_fft share; private to lib/conv. See fft_conv.c. */
#ifndef CONV_FFT_CONV_H
#define CONV_FFT_CONV_H

#include <stdbool.h>
#include <stddef.h>
#include "conv/vector_fft.h"
#include "conv/method.h"

struct fft_conv {
	struct conv_size size;
	size_t reach;        /* r, k = 2 r + 1 */
	size_t nx, ny;       /* of the transforms */
	size_t teeth, combs; /* ny = combs teeth, vector_fft.h */
	size_t half;         /* columns 0..nx/2, which have all of a kernel's spectrum */
	size_t pairs;        /* of images, the last possibly with a zero image */
	size_t group;        /* of pairs that a worker multiplies at once */
	size_t pitch;        /* elements from one row to the next in a worker's plane */
	size_t column;       /* numbers from one column of LANES channels to the next */
	struct vector_fft *x_fft, *y_fft,
	    *y_back;   /* y_fft writes, y_back reads frequencies in comb order */
	real *current; /* (out, in, k, k): the weights that the columns hold, if they do */
	bool holds;
	real *kernel;        /* columns of W / (nx ny), or of D */
	real **x, **g;       /* spectra of the images and of the gradients, per slot */
	real *y;             /* of the product */
	real *cosine, *sine; /* (half, r + 1): of 2 pi kx d/nx */
	real *turns;         /* (combs, k; cosine, sine) of 2 pi t comb/ny */
	real *zeros;         /* a row of a missing image */
	real **scratch;      /* per worker */
	/* arguments of the running step */
	struct filter {
		const real *from;
		real *to;
		size_t channels, stride; /* of `from` */
		size_t blocks;           /* of LANES channels of `to` */
		bool adjoint;
	} filter;
	const real *w;
	real *dw;
	const real *images;
	real *restored, *spectra;
	size_t channels, slots;
	size_t first;  /* where the images' rows stand on the circle along y */
};

/* A worker's memory: what a transform uses, a column, then the rest. */
real *spectral_scratch(const struct fft_conv *plan, size_t worker);
real *spectral_line(const struct fft_conv *plan, size_t worker);
real *spectral_rest(const struct fft_conv *plan, size_t worker);

/* Ask for `count` numbers, `step` apart, ahead of their use: what is read next in an order, or in places, that the
 * processor does not foresee. */
VECTOR_INLINE void spectral_ask(const real *from, size_t step, size_t count)
{
	for (size_t i = 0; i < count; i++)
		__builtin_prefetch(from + i * step, 0, 2);
}

/* ---- kernel_spectrum.c ---- */

/* w (out, in, k, k) to plan->kernel, and D there back to dw (out, in, k, k). 0 or -1. */
int spectral_from_taps(struct fft_conv *plan, const real *w) __attribute__((warn_unused_result));
int spectral_to_taps(struct fft_conv *plan, real *dw) __attribute__((warn_unused_result));

/* Room for the largest: numbers that taps_in and taps_out need. */
size_t spectral_taps_room(const struct fft_conv *plan);

/* Column kx of the kernel, as it is or with input and output channels exchanged: (channels, blocks of output channels; k,
 * re | im, LANES). room: spectral_turned_room numbers, which hold it in the second case. */
struct spectral_column {
	const real *taps;
	size_t channels, blocks;
};
size_t spectral_turned_room(const struct fft_conv *plan);
struct spectral_column spectral_column(
    const struct fft_conv *plan, size_t kx, bool transposed, real *room);

/* Its spectra at the frequencies ky of a comb: (teeth; blocks, channels; re | im, LANES), spectral_kernel_step numbers from
 * one tooth to the next. */
size_t spectral_kernel_step(size_t channels, size_t blocks);
void spectral_kernel(
    const struct fft_conv *plan, const struct spectral_column *column, size_t comb, real *spectra);

/* Column kx of D, spectra (combs, teeth; as above), back along y to column kx of plan->kernel. */
void spectral_kernel_back(
    const struct fft_conv *plan, size_t kx, const real *spectra, real *scratch);

#endif
