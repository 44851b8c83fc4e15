/*
 * One-dimensional complex Fourier transforms of LANES sequences at a time. An element is a vector of LANES real
 * parts and another of LANES imaginary parts, so every operation is a full vector operation and no element is ever
 * shuffled; in a convolution the lanes are neighbouring channels.
 *
 * Transforms are not normalised. Forward: X[k] = sum_n x[n] exp(-2 pi i k n / N). For the backward transform
 * exchange real and imaginary parts in the input and in the output.
 */
#ifndef CONV_LANES_H
#define CONV_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include "base/vector.h"
#include "conv/real.h"

#define LANES (64 / sizeof(real))
#define ELEMENT (2 * LANES) /* numbers of one element: real parts, then imaginary ones */

/* LANES numbers, aligned to 64 bytes */
typedef real lanes __attribute__((vector_size(64)));

#define LANES_INLINE static inline __attribute__((always_inline))

/* n rounded up to a multiple of `to`. */
static inline size_t lanes_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

/* Whether n > 0 has no prime factor above 7, so that it can be transformed as it is. */
bool lanes_fits(size_t n);

/* The smallest size >= n that is transformed fast, n <= SIZE_MAX / 2. */
size_t lanes_good_size(size_t n);

struct lanes_fft;

/* n must have no prime factor above 7. NULL with a reason. */
struct lanes_fft *lanes_fft_plan(size_t n) __attribute__((warn_unused_result));

/*
 * Combs: frequencies k, k + l, k + 2l, ... of n = l R, R teeth. In comb order frequency k + l q stands at place k R + q,
 * so that a comb is a run. Plans that write, and that read it so; their output's, input's window must be everything.
 */
size_t lanes_fft_teeth(size_t n); /* R */
struct lanes_fft *lanes_fft_plan_to_combs(size_t n) __attribute__((warn_unused_result));
struct lanes_fft *lanes_fft_plan_from_combs(size_t n) __attribute__((warn_unused_result));

void lanes_fft_free(struct lanes_fft *plan);

/* Numbers of scratch memory lanes_fft_exec needs, aligned to 64 bytes. */
size_t lanes_fft_scratch(const struct lanes_fft *plan);

/* Where a transform's elements are: `count` of them from element `first` on, the first one's parts at re and im,
 * aligned to 64 bytes, the next `stride` numbers on. The others are zero in an input and dropped in an output. */
struct lanes_in {
	const real *re, *im;
	size_t stride, first, count;
};

struct lanes_out {
	real *re, *im;
	size_t stride, first, count;
};

/* Transform n elements. Input and output may not overlap. Thread-safe. */
void lanes_fft_exec(const struct lanes_fft *plan, const struct lanes_in *in,
    const struct lanes_out *out, real *scratch);

/*
 * The frequencies of one comb alone, of a sequence with few elements that are not zero, with the positive exponent:
 *	y[q] = sum over t < taps of x[t] exp(2 pi i t (k + l q) / n), q < teeth.
 * turns (taps, 2): cosine and sine of 2 pi t k/n.
 */
struct lanes_comb {
	size_t taps, teeth;
	const real *turns;
};

/* `count` sequences: element t of sequence i at x + i x_step + t 2 LANES, real before imaginary parts, frequency q at
 * y + i y_step + q tooth. */
void lanes_comb(const struct lanes_comb *comb, size_t count, const real *x, size_t x_step, real *y,
    size_t y_step, size_t tooth);

#endif
