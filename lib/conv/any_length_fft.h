/*
 * One-dimensional complex Fourier transforms of LANES lines at a time (vector_fft.h) of any length: lengths with a prime
 * factor above 7 are convolutions with a chirp (Bluestein 1970, IEEE Trans. Audio Electroacoustics 18, 451-455).
 */
#ifndef CONV_ANY_LENGTH_FFT_H
#define CONV_ANY_LENGTH_FFT_H

#include <stddef.h>
#include "conv/real.h"

/* Of `lines` transforms of an image or tile that takes `numbers`: how many images at a time fill the lanes best, and
 * with their spectra stay in the second-level cache; 1 to ANY_LENGTH_FFT_BATCH_MAX. */
#define ANY_LENGTH_FFT_BATCH_MAX 8
size_t any_length_fft_batch(size_t lines, size_t numbers) __attribute__((const));

struct any_length_fft;

/* NULL with a reason. */
struct any_length_fft *any_length_fft_plan(size_t n) __attribute__((warn_unused_result));
void any_length_fft_free(struct any_length_fft *plan);

/* Numbers of scratch memory, aligned to 64 bytes. */
size_t any_length_fft_scratch(const struct any_length_fft *plan);

/* Transform n elements: element i at in_re + i in_stride and in_im + i in_stride, vector_fft_exec's conventions. */
void any_length_fft_exec(const struct any_length_fft *plan, const real *in_re, const real *in_im,
    size_t in_stride, real *out_re, real *out_im, size_t out_stride, real *scratch);

#endif
