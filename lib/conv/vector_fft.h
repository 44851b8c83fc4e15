/*
 * One-dimensional complex Fourier transforms of LANES sequences at a time. An element is a vector of LANES real
 * parts and another of LANES imaginary parts, so every operation is a full vector operation and no element is ever
 * shuffled; in a convolution the lanes are neighbouring channels.
 *
 * Transforms are not normalised. Forward: X[k] = sum_n x[n] exp(-2 pi i k n / N). For the backward transform
 * exchange real and imaginary parts in the input and in the output.
 */
#ifndef CONV_VECTOR_FFT_H
#define CONV_VECTOR_FFT_H

#include <stdbool.h>
#include <stddef.h>
#include "conv/vector.h"

/* Whether n > 0 has no prime factor above 7, so that it can be transformed as it is. */
bool vector_fft_fits(size_t n);

/* The smallest size >= n that is transformed fast, n <= SIZE_MAX / 2. */
size_t vector_fft_good_size(size_t n);

struct vector_fft;

/* n must have no prime factor above 7. NULL with a reason. */
struct vector_fft *vector_fft_plan(size_t n) __attribute__((warn_unused_result));

/*
 * Combs: frequencies k, k + l, k + 2l, ... of n = l R, R teeth. In comb order frequency k + l q stands at place k R + q,
 * so that a comb is a run. Plans that write, and that read it so; their output's, input's window must be everything.
 */
size_t vector_fft_teeth(size_t n); /* R */
struct vector_fft *vector_fft_plan_to_combs(size_t n) __attribute__((warn_unused_result));
struct vector_fft *vector_fft_plan_from_combs(size_t n) __attribute__((warn_unused_result));

void vector_fft_free(struct vector_fft *plan);

/* Numbers of scratch memory vector_fft_exec needs, aligned to 64 bytes. */
size_t vector_fft_scratch(const struct vector_fft *plan);

/* Where a transform's elements are: `count` of them from element `first` on, the first one's parts at re and im,
 * aligned to 64 bytes, the next `stride` numbers on. The others are zero in an input and dropped in an output. */
struct vector_fft_in {
	const real *re, *im;
	size_t stride, first, count;
};

struct vector_fft_out {
	real *re, *im;
	size_t stride, first, count;
};

/* Transform n elements. Input and output may not overlap. Thread-safe. */
void vector_fft_exec(const struct vector_fft *plan, const struct vector_fft_in *in,
    const struct vector_fft_out *out, real *scratch);

/*
 * The frequencies of one comb alone, of a sequence with few elements that are not zero, with the positive exponent:
 *	y[q] = sum over t < taps of x[t] exp(2 pi i t (k + l q) / n), q < teeth.
 * turns (taps, 2): cosine and sine of 2 pi t k/n.
 */
struct vector_fft_comb {
	size_t taps, teeth;
	const real *turns;
};

/* `count` sequences: element t of sequence i at x + i x_step + t 2 LANES, real before imaginary parts, frequency q at
 * y + i y_step + q tooth. */
void vector_fft_comb(const struct vector_fft_comb *comb, size_t count, const real *x, size_t x_step,
    real *y, size_t y_step, size_t tooth);

#endif
