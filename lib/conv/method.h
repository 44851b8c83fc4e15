/* What conv.c needs of a way to convolve; private to lib/conv. Arguments as in conv.h. */
#ifndef CONV_METHOD_H
#define CONV_METHOD_H

#include <stdbool.h>
#include <stddef.h>
#include "conv/real.h"

struct conv_size {
	size_t in, out, in_stride, out_stride, k, threads;
	size_t n, h, w, slots;
	bool gradients;
};

struct conv_method {
	bool keeps_input; /* exec and adjoint copy what gradient needs: conv_keeps_input */
	void *(*plan)(const struct conv_size *size);
	void (*free)(void *plan);
	int (*resize)(void *plan, const struct conv_size *size);
	int (*weights)(void *plan, const real *w);
	int (*exec)(void *plan, size_t slot, const real *x, real *y);
	int (*adjoint)(void *plan, size_t slot, const real *dy, real *dx);
	int (*gradient)(void *plan, size_t slots, real *dw);
};

extern const struct conv_method conv_fft;    /* fft_conv.c */
extern const struct conv_method conv_direct; /* one input channel only: direct_conv.c */

#endif
