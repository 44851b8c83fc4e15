/* Convolutions of several channels: see conv.h. The method is chosen here and nowhere else. */
#include <stdlib.h>
#include "base/error.h"
#include "base/memory.h"
#include "conv/conv.h"
#include "conv/method.h"
#include "conv/vector.h"

/*
 * With one input channel sums taken directly are faster for small kernels. Weights, forward, adjoint and gradient, ms
 * per image of 64 x 64, 64 at a time, 2 threads, 1 to 64 channels, directly and by transforms:
 *	k	3	7	11	15	23	31
 *	sums	.15	.50	1.1	1.8	4.2	7.5
 *	FFT	.9	.9	.9	.9	1.0	1.0
 * (48 x 48, 11 x 11: .65 and .47), and 1 to 1: .28 (19 x 19) and .42 (23 x 23) against .3. With 64 input channels
 * transforms take 2.5 ms from 3 x 3 on, where the sums' .9 GFLOP would take 4 ms at the machine's peak.
 */
#define DIRECT 11
#define DIRECT_SINGLE 21

struct conv {
	struct conv_size size;
	const struct conv_method *method;
	void *plan;
};

size_t conv_stride(size_t channels)
{
	return channels == 1 ? 1 : round_up(channels, LANES);
}

struct conv *conv_plan(size_t in, size_t out, size_t k, size_t threads)
{
	if (in == 0 || out == 0 || k % 2 == 0) {
		err_set("convolution: %zu to %zu channels with a kernel of %zu is not supported",
		    in, out, k);
		return NULL;
	}
	struct conv *conv = mem_alloc(1, sizeof *conv);
	if (!conv)
		return NULL;
	conv->size = (struct conv_size){.in = in,
	    .out = out,
	    .in_stride = conv_stride(in),
	    .out_stride = conv_stride(out),
	    .k = k,
	    .threads = threads};
	conv->method =
	    in == 1 && k < (out == 1 ? DIRECT_SINGLE : DIRECT) ? &conv_direct : &conv_fft;
	conv->plan = conv->method->plan(&conv->size);
	if (!conv->plan) {
		free(conv);
		return NULL;
	}
	return conv;
}

void conv_free(struct conv *conv)
{
	if (conv)
		conv->method->free(conv->plan);
	free(conv);
}

bool conv_keeps_input(const struct conv *conv)
{
	return conv->method->keeps_input;
}

int conv_resize(struct conv *conv, size_t n, size_t h, size_t w, size_t slots, bool gradients)
{
	struct conv_size *size = &conv->size;
	if (size->n == n && size->h == h && size->w == w && size->slots == slots &&
	    size->gradients == gradients)
		return 0;
	struct conv_size wanted = *size;
	wanted.n = n, wanted.h = h, wanted.w = w, wanted.slots = slots,
	wanted.gradients = gradients;
	size->n = 0;
	if (conv->method->resize(conv->plan, &wanted) < 0)
		return -1;
	*size = wanted;
	return 0;
}

int conv_weights(struct conv *conv, const real *w)
{
	return conv->method->weights(conv->plan, w);
}

int conv_exec(struct conv *conv, size_t slot, const real *x, real *y)
{
	return conv->method->exec(conv->plan, slot, x, y);
}

int conv_adjoint(struct conv *conv, size_t slot, const real *dy, real *dx)
{
	return conv->method->adjoint(conv->plan, slot, dy, dx);
}

int conv_gradient(struct conv *conv, size_t slots, real *dw)
{
	return conv->method->gradient(conv->plan, slots, dw);
}
