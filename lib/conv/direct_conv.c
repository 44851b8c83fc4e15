/*
 * Convolution of images with one channel, summed tap by tap: see conv.h. With several output channels every pixel
 * value meets a row of weights (product.h); with one, rows of pixels are added.
 */
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "conv/vector.h"
#include "conv/method.h"
#include "conv/product.h"

struct direct_conv {
	struct conv_size size;
	size_t reach, taps;
	size_t wide; /* px a row with the border: w + 2 r */
	size_t
	    *offset; /* (taps) from a pixel's upper left neighbour to each tap in such an image */
	size_t *channels; /* (out) 0, 1, ... */
	size_t taps_stride;
	real *packed;         /* (taps, out_stride) */
	real *transposed;     /* (out_stride, taps_stride) */
	const real **x, **dy; /* per slot */
	real *partial;        /* (n, taps, out_stride): each image's gradient */
	real **scratch;       /* per worker */
	/* arguments of the running step */
	const real *from;
	real *to;
	size_t slots;
};

static void free_direct(void *argument);

static void *plan_direct(const struct conv_size *size)
{
	struct direct_conv *plan = mem_alloc(1, sizeof *plan);
	if (!plan)
		return NULL;
	plan->size = *size;
	plan->size.n = 0;
	plan->reach = size->k / 2;
	plan->taps = size->k * size->k;
	plan->taps_stride = round_up(plan->taps, LANES);
	plan->offset = mem_alloc(plan->taps, sizeof *plan->offset);
	plan->channels = mem_alloc(size->out, sizeof *plan->channels);
	plan->packed = mem_alloc(plan->taps * size->out_stride, sizeof(real));
	plan->transposed = mem_alloc(size->out_stride * plan->taps_stride, sizeof(real));
	if (!plan->offset || !plan->channels || !plan->packed || !plan->transposed) {
		free_direct(plan);
		return NULL;
	}
	for (size_t o = 0; o < size->out; o++)
		plan->channels[o] = o;
	return plan;
}

static void release(struct direct_conv *plan)
{
	for (size_t i = 0; plan->scratch && i < plan->size.threads; i++)
		free(plan->scratch[i]);
	free(plan->scratch);
	free(plan->x);
	free(plan->dy);
	free(plan->partial);
	plan->scratch = NULL;
	plan->x = plan->dy = NULL;
	plan->partial = NULL;
}

static void free_direct(void *argument)
{
	struct direct_conv *plan = argument;
	release(plan);
	free(plan->offset);
	free(plan->channels);
	free(plan->packed);
	free(plan->transposed);
	free(plan);
}

static int resize_direct(void *argument, const struct conv_size *size)
{
	struct direct_conv *plan = argument;
	release(plan);
	plan->size = *size;
	plan->wide = size->w + 2 * plan->reach;
	for (size_t t = 0; t < plan->taps; t++)
		plan->offset[t] = t / size->k * plan->wide + t % size->k;
	plan->x = mem_alloc(size->slots, sizeof *plan->x);
	plan->dy = mem_alloc(size->slots, sizeof *plan->dy);
	plan->scratch = mem_alloc(size->threads, sizeof *plan->scratch);
	if (!plan->x || !plan->dy || !plan->scratch)
		return -1;
	size_t border, row, partial;
	if (mem_multiply(plan->wide, size->h + 2 * plan->reach, &border) < 0 ||
	    mem_multiply(size->w, plan->taps_stride, &row) < 0 ||
	    mem_multiply(size->n, plan->taps * size->out_stride, &partial) < 0)
		return -1;
	for (size_t i = 0; i < size->threads; i++) {
		plan->scratch[i] = mem_alloc(round_up(border, LANES) + row, sizeof(real));
		if (!plan->scratch[i])
			return -1;
	}
	if (size->gradients && !(plan->partial = mem_alloc(partial, sizeof(real))))
		return -1;
	return 0;
}

static int weights_direct(void *argument, const real *w)
{
	struct direct_conv *plan = argument;
	const struct conv_size *size = &plan->size;
	for (size_t o = 0; o < size->out; o++) {
		for (size_t t = 0; t < plan->taps; t++) {
			plan->packed[t * size->out_stride + o] = w[o * plan->taps + t];
			plan->transposed[o * plan->taps_stride + t] = w[o * plan->taps + t];
		}
	}
	return 0;
}

/* image (h, w) with a border of r zeros */
static void add_border(const struct direct_conv *plan, const real *image, real *out)
{
	const struct conv_size *size = &plan->size;
	size_t r = plan->reach;
	memset(out, 0, plan->wide * (size->h + 2 * r) * sizeof(real));
	for (size_t y = 0; y < size->h; y++)
		memcpy(out + (y + r) * plan->wide + r, image + y * size->w, size->w * sizeof(real));
}

/* a row of one output channel */
FOR_AVX512
static void sum_taps(
    size_t count, size_t taps, const real *x, const size_t *offset, const real *w, real *y)
{
	memset(y, 0, count * sizeof(real));
	for (size_t t = 0; t < taps; t++) {
		const real *from = x + offset[t];
		real weight = w[t];
		for (size_t p = 0; p < count; p++)
			y[p] += weight * from[p];
	}
}

/* its adjoint */
FOR_AVX512
static void spread_taps(
    size_t count, size_t taps, const real *dy, const size_t *offset, const real *w, real *dx)
{
	for (size_t t = 0; t < taps; t++) {
		real *to = dx + offset[t], weight = w[t];
		for (size_t p = 0; p < count; p++)
			to[p] += weight * dy[p];
	}
}

/* and its gradient */
FOR_AVX512
static void correlate_taps(
    size_t count, size_t taps, const real *x, const size_t *offset, const real *dy, real *dw)
{
	for (size_t t = 0; t < taps; t++) {
		const real *from = x + offset[t];
		real sum = 0;
#pragma omp simd reduction(+ : sum)
		for (size_t p = 0; p < count; p++)
			sum += from[p] * dy[p];
		dw[t] += sum;
	}
}

static int exec_image(size_t i, size_t worker, void *argument)
{
	struct direct_conv *plan = argument;
	const struct conv_size *size = &plan->size;
	real *bordered = plan->scratch[worker];
	add_border(plan, plan->from + i * size->h * size->w, bordered);
	for (size_t y = 0; y < size->h; y++) {
		const real *x = bordered + y * plan->wide;
		real *to = plan->to + (i * size->h + y) * size->w * size->out_stride;
		if (size->out == 1)
			sum_taps(size->w, plan->taps, x, plan->offset, plan->packed, to);
		else
			product_taps(size->w, plan->taps, size->out_stride, x, 1, plan->offset,
			    plan->packed, to);
	}
	return 0;
}

static int adjoint_image(size_t i, size_t worker, void *argument)
{
	struct direct_conv *plan = argument;
	const struct conv_size *size = &plan->size;
	size_t r = plan->reach, k = size->k, border = plan->wide * (size->h + 2 * r);
	real *bordered = plan->scratch[worker], *spread = bordered + round_up(border, LANES);
	memset(bordered, 0, border * sizeof(real));
	for (size_t y = 0; y < size->h; y++) {
		const real *dy = plan->from + (i * size->h + y) * size->w * size->out_stride;
		if (size->out == 1) {
			spread_taps(size->w, plan->taps, dy, plan->offset, plan->packed,
			    bordered + y * plan->wide);
			continue;
		}
		/* what each pixel gives to each tap, then to where the tap points */
		product_taps(size->w, size->out, plan->taps_stride, dy, size->out_stride,
		    plan->channels, plan->transposed, spread);
		for (size_t x = 0; x < size->w; x++) {
			const real *from = spread + x * plan->taps_stride;
			for (size_t row = 0; row < k; row++) {
				real *to = bordered + (y + row) * plan->wide + x;
				for (size_t t = 0; t < k; t++)
					to[t] += from[row * k + t];
			}
		}
	}
	real *dx = plan->to + i * size->h * size->w;
	for (size_t y = 0; y < size->h; y++)
		memcpy(
		    dx + y * size->w, bordered + (y + r) * plan->wide + r, size->w * sizeof(real));
	return 0;
}

static int gradient_image(size_t i, size_t worker, void *argument)
{
	struct direct_conv *plan = argument;
	const struct conv_size *size = &plan->size;
	real *bordered = plan->scratch[worker];
	real *dw = plan->partial + i * plan->taps * size->out_stride;
	memset(dw, 0, plan->taps * size->out_stride * sizeof(real));
	for (size_t s = 0; s < plan->slots; s++) {
		add_border(plan, plan->x[s] + i * size->h * size->w, bordered);
		for (size_t y = 0; y < size->h; y++) {
			const real *x = bordered + y * plan->wide;
			const real *dy =
			    plan->dy[s] + (i * size->h + y) * size->w * size->out_stride;
			if (size->out == 1)
				correlate_taps(size->w, plan->taps, x, plan->offset, dy, dw);
			else
				product_taps_gradient(
				    size->w, plan->taps, size->out_stride, x, plan->offset, dy, dw);
		}
	}
	return 0;
}

static int exec_direct(void *argument, size_t slot, const real *x, real *y)
{
	struct direct_conv *plan = argument;
	plan->x[slot] = plan->from = x;
	plan->to = y;
	return par_for(plan->size.n, plan->size.threads, exec_image, plan);
}

static int adjoint_direct(void *argument, size_t slot, const real *dy, real *dx)
{
	struct direct_conv *plan = argument;
	plan->dy[slot] = plan->from = dy;
	plan->to = dx;
	return dx ? par_for(plan->size.n, plan->size.threads, adjoint_image, plan) : 0;
}

static int gradient_direct(void *argument, size_t slots, real *dw)
{
	struct direct_conv *plan = argument;
	const struct conv_size *size = &plan->size;
	plan->slots = slots;
	if (par_for(size->n, size->threads, gradient_image, plan) < 0)
		return -1;
	size_t count = plan->taps * size->out_stride;
	for (size_t i = 1; i < size->n; i++) {
		for (size_t j = 0; j < count; j++)
			plan->partial[j] += plan->partial[i * count + j];
	}
	for (size_t o = 0; o < size->out; o++) {
		for (size_t t = 0; t < plan->taps; t++)
			dw[o * plan->taps + t] = plan->partial[t * size->out_stride + o];
	}
	return 0;
}

const struct conv_method conv_direct = {
    .plan = plan_direct,
    .free = free_direct,
    .resize = resize_direct,
    .weights = weights_direct,
    .exec = exec_direct,
    .adjoint = adjoint_direct,
    .gradient = gradient_direct,
};
