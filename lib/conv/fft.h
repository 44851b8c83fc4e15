/*
 * Transforms of single images: FFTW behind one door. Plans are made and freed on the main thread (FFTW's planner
 * is not thread-safe), with FFTW_ESTIMATE, so the same sizes give the same plan and the same bits; they are
 * single-threaded and run on any thread, several at once.
 *
 * Transforms are not normalised. Forward: X[k] = sum_n x[n] exp(-2 pi i k n / N); forth and back multiplies by h w.
 * Type-2 cosine transform: C[k] = 2 sum_n x[n] cos(pi k (n + 1/2) / N) along each axis; forth and back: by 4 h w.
 */
#ifndef CONV_FFT_H
#define CONV_FFT_H

#include <stddef.h>
#include "conv/real.h"

enum fft_kind {
	FFT_R2C,          /* image (h, w) -> complex numbers (h, w/2 + 1) */
	FFT_C2R,          /* back; overwrites its input */
	FFT_COSINES,      /* image (h, w) -> coefficients (h, w) */
	FFT_FROM_COSINES, /* back */
};

struct fft;

/* NULL with a reason. */
struct fft *fft_plan(enum fft_kind kind, size_t h, size_t w) __attribute__((warn_unused_result));

/* Run the plan on two arrays aligned to 16 bytes, as mem_alloc's are. Thread-safe. */
void fft_exec(const struct fft *plan, real *in, real *out);

/* Main thread only; NULL is allowed. */
void fft_free(struct fft *plan);

#endif
