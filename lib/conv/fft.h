/*
 * Plans of Fourier transforms: FFTW behind one door. Plans are made and freed on the main thread (FFTW's planner
 * is not thread-safe), with FFTW_ESTIMATE, so the same sizes give the same plan and the same bits; they are
 * single-threaded and run on any thread, several at once, on any arrays of the planned layout.
 *
 * Transforms are not normalised: forward then backward multiplies by the product of the sizes.
 * Forward: X[k] = sum_n x[n] exp(-2 pi i k n / N).
 */
#ifndef CONV_FFT_H
#define CONV_FFT_H

#include <stdbool.h>
#include <stddef.h>
#include "conv/real.h"

enum fft_kind {
	FFT_R2C,      /* real -> complex, the last transformed axis halved: n/2 + 1 */
	FFT_C2R,      /* back; overwrites its input when rank > 1 or the transform is in place */
	FFT_FORWARD,  /* complex -> complex */
	FFT_BACKWARD, /* complex -> complex, positive exponent */
};

/* One axis: its size in real numbers (also for C2R) and its strides, each in elements of its own array's type:
 * real numbers on the real side, complex numbers on the complex side. */
struct fft_axis {
	size_t n, in, out;
};

/* Arrays given to fft_exec start at a multiple of so many bytes; mem_alloc's do, and so does element i of them when
 * i * sizeof(element) is such a multiple. */
#define FFT_ALIGNMENT 16

struct fft;

/* A plan of transforms over `rank` axes (1..3, the halved one last), repeated over `loops` further axes (0..3).
 * in_place: fft_exec will be called with in == out. NULL with a reason. */
struct fft *fft_plan(enum fft_kind kind, size_t rank, const struct fft_axis *axes, size_t loops,
    const struct fft_axis *loop, bool in_place) __attribute__((warn_unused_result));

/* `many` images (h, w), one after the other <-> (many, h, w/2 + 1). */
struct fft *fft_plan_images(enum fft_kind kind, size_t many, size_t h, size_t w)
    __attribute__((warn_unused_result));

/* Run the plan: real or complex arrays according to its kind. Thread-safe. */
void fft_exec(const struct fft *plan, void *in, void *out);

/* Main thread only; NULL is allowed. */
void fft_free(struct fft *plan);

#endif
