/* Convolutions of several channels: see conv.h. The method is chosen here and nowhere else. */
#include <stdlib.h>
#include "base/error.h"
#include "base/memory.h"
#include "conv/conv.h"
#include "conv/lanes.h"
#include "conv/method.h"

struct conv {
	struct conv_size size;
	const struct conv_method *method;
	void *plan;
};

size_t conv_stride(size_t channels)
{
	return channels == 1 ? 1 : (channels + LANES - 1) / LANES * LANES;
}

struct conv *conv_plan(size_t in, size_t out, size_t k, size_t threads)
{
	if (in == 0 || out == 0 || k % 2 == 0 || (in > 1 && out == 1)) {
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
	/* with one input channel the products of a transform would serve one sum each, so sums are taken directly */
	conv->method = in == 1 ? &conv_taps : &conv_spectral;
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

int conv_norm(struct conv *conv, double *norm)
{
	return conv->method->norm(conv->plan, norm);
}
