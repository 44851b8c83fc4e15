/*
 * Batch normalisation: see batchnorm.h.
 *
 * The adjoint. With N numbers in a channel, sigma = sqrt(variance + epsilon), and xhat's mean 0 and mean square 1 (but
 * for epsilon) depending on every x,
 *
 *	dbeta = sum dy,   dgamma = sum dy xhat
 *	d xhat_j / d x_i = (delta_ij - 1/N - xhat_i xhat_j / N) / sigma
 *	dx_i = gamma sum_j dy_j d xhat_j / d x_i = (gamma / sigma) (dy_i - dbeta / N - xhat_i dgamma / N)
 *
 * and with running statistics, which no x changes, dx = (gamma / sigma) dy. What memory holds may be x, or y where y
 * has replaced it (u in either case): both give xhat = u hat_scale + hat_shift, so dx is linear in dy and u.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/threads.h"
#include "conv/conv.h"
#include "net/layers.h"
#include "net/batchnorm.h"

#define EPSILON 1e-5
#define MOMENTUM 0.1

/* One of the four; `first` is also what its numbers are without training. */
static struct network_tensor *add(struct weights *weights, const char *name, const char *kind,
    enum network_part part, size_t channels, int first, enum weights_range range, bool learnt)
{
	struct network_tensor tensor = {.part = part,
	    .range = range,
	    .rank = 1,
	    .shape = {channels},
	    .learnt = learnt,
	    .first = first};
	snprintf(tensor.name, sizeof tensor.name, "%s.%s", name, kind);
	return weights_add(weights, &tensor);
}

int batchnorm_create(struct batchnorm *norm, struct weights *weights, const char *name,
    enum network_part part, size_t channels, bool learns_scale, size_t threads)
{
	enum weights_range scale = learns_scale ? WEIGHTS_ANY : WEIGHTS_ONE;
	norm->weight = add(weights, name, "weight", part, channels, 1, scale, learns_scale);
	norm->bias = add(weights, name, "bias", part, channels, 0, WEIGHTS_ANY, true);
	norm->mean = add(weights, name, "running_mean", part, channels, 0, WEIGHTS_ANY, false);
	norm->variance =
	    add(weights, name, "running_var", part, channels, 1, WEIGHTS_NOT_NEGATIVE, false);
	norm->threads = threads;
	norm->channels = channels;
	norm->s = conv_stride(norm->channels);
	/* each array starts at a multiple of 64 bytes */
	size_t step = norm->s * sizeof(real) < 64 ? 64 / sizeof(real) : norm->s;
	real **const arrays[] = {&norm->scale, &norm->shift, &norm->hat_scale, &norm->hat_shift,
	    &norm->inverse, &norm->dy_factor, &norm->u_factor, &norm->constant};
	size_t count = sizeof arrays / sizeof *arrays;
	norm->memory = mem_alloc(count * step, sizeof(real));
	norm->sums = mem_alloc(2 * norm->s, sizeof *norm->sums);
	if (!norm->memory || !norm->sums)
		return -1;
	for (size_t i = 0; i < count; i++)
		*arrays[i] = norm->memory + i * step;
	return 0;
}

void batchnorm_free(struct batchnorm *norm)
{
	free(norm->memory);
	free(norm->sums);
	free(norm->image_sums);
}

static int reserve(struct batchnorm *norm, size_t n)
{
	if (n <= norm->room)
		return 0;
	free(norm->image_sums);
	norm->room = 0;
	norm->image_sums = mem_alloc(n, 2 * norm->s * sizeof(double));
	if (!norm->image_sums)
		return -1;
	norm->room = n;
	return 0;
}

/* Each image's sums (n, 2, S) added in the images' order. */
static void add_images(struct batchnorm *norm, size_t n)
{
	size_t count = 2 * norm->s;
	memset(norm->sums, 0, count * sizeof *norm->sums);
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < count; j++)
			norm->sums[j] += norm->image_sums[i * count + j];
	}
}

struct moments {
	const struct batchnorm *norm;
	const real *x; /* (n, pixels, S) */
	size_t pixels;
};

static int moments_image(size_t i, size_t worker, void *argument)
{
	(void)worker;
	const struct moments *m = argument;
	size_t s = m->norm->s;
	double *sums = m->norm->image_sums + i * 2 * s;
	memset(sums, 0, 2 * s * sizeof *sums);
	layer_moments(m->pixels, s, m->x + i * m->pixels * s, sums, sums + s);
	return 0;
}

int batchnorm_prepare(struct batchnorm *norm, const struct batchnorm_images *images, const real *x,
    size_t pixels, bool batch)
{
	const real *weight = norm->weight->x, *bias = norm->bias->x;
	real *mean = norm->mean->x, *variance = norm->variance->x;
	double count = (double)images->batch * (double)pixels;
	norm->batch = batch;
	if (batch) {
		struct moments moments = {norm, x, pixels};
		if (reserve(norm, images->n) < 0 ||
		    par_for(images->n, norm->threads, moments_image, &moments) < 0)
			return -1;
		add_images(norm, images->n);
		if (images->comm->sum(norm->sums, 2 * norm->s) < 0)
			return -1;
	}
	for (size_t c = 0; c < norm->channels; c++) {
		double m = (double)mean[c], v = (double)variance[c];
		if (batch) {
			m = norm->sums[c] / count;
			v = fmax(norm->sums[norm->s + c] / count - m * m, 0);
			double unbiased = count > 1 ? v * count / (count - 1) : v;
			mean[c] = (real)((1 - MOMENTUM) * (double)mean[c] + MOMENTUM * m);
			variance[c] =
			    (real)((1 - MOMENTUM) * (double)variance[c] + MOMENTUM * unbiased);
		}
		double inverse = 1 / sqrt(v + EPSILON);
		norm->inverse[c] = (real)inverse;
		norm->scale[c] = (real)((double)weight[c] * inverse);
		norm->shift[c] = (real)((double)bias[c] - m * (double)weight[c] * inverse);
		norm->hat_scale[c] = (real)inverse;
		norm->hat_shift[c] = (real)(-m * inverse);
	}
	return 0;
}

void batchnorm_in_place(struct batchnorm *norm)
{
	const real *weight = norm->weight->x, *bias = norm->bias->x;
	for (size_t c = 0; c < norm->channels; c++) {
		norm->hat_scale[c] = 1 / weight[c];
		norm->hat_shift[c] = -bias[c] / weight[c];
	}
}

struct adjoint {
	const struct batchnorm *norm;
	real *dy; /* (n, pixels, S), as are the next two */
	const real *y, *u;
	size_t pixels;
};

static int sums_image(size_t i, size_t worker, void *argument)
{
	(void)worker;
	const struct adjoint *a = argument;
	const struct batchnorm *norm = a->norm;
	size_t s = norm->s, first = i * a->pixels * s;
	double *sums = norm->image_sums + i * 2 * s;
	memset(sums, 0, 2 * s * sizeof *sums);
	layer_affine_sums(a->pixels, s, a->dy + first, a->y ? a->y + first : NULL, a->u + first,
	    norm->hat_scale, norm->hat_shift, sums, sums + s);
	return 0;
}

static int adjoint_image(size_t i, size_t worker, void *argument)
{
	(void)worker;
	const struct adjoint *a = argument;
	const struct batchnorm *norm = a->norm;
	size_t first = i * a->pixels * norm->s;
	layer_affine_adjoint(a->pixels, norm->s, a->dy + first, a->u + first, norm->dy_factor,
	    norm->u_factor, norm->constant, a->dy + first);
	return 0;
}

int batchnorm_adjoint(struct batchnorm *norm, const struct batchnorm_images *images, real *dy,
    const real *y, const real *u, size_t pixels)
{
	struct adjoint adjoint = {norm, dy, y, u, pixels};
	if (reserve(norm, images->n) < 0 ||
	    par_for(images->n, norm->threads, sums_image, &adjoint) < 0)
		return -1;
	add_images(norm, images->n);
	for (size_t c = 0; c < norm->channels; c++) {
		if (norm->weight->gradient)
			norm->weight->gradient[c] = (real)norm->sums[norm->s + c];
		norm->bias->gradient[c] = (real)norm->sums[c];
	}
	if (norm->batch && images->comm->sum(norm->sums, 2 * norm->s) < 0)
		return -1;
	double count = (double)images->batch * (double)pixels;
	for (size_t c = 0; c < norm->channels; c++) {
		double dbeta = norm->sums[c], dgamma = norm->sums[norm->s + c];
		double a = (double)norm->weight->x[c] * (double)norm->inverse[c];
		double scale = (double)norm->hat_scale[c], shift = (double)norm->hat_shift[c];
		norm->dy_factor[c] = (real)a;
		norm->u_factor[c] = norm->batch ? (real)(-a * dgamma / count * scale) : 0;
		norm->constant[c] = norm->batch ? (real)(-a * (dbeta + dgamma * shift) / count) : 0;
	}
	return par_for(images->n, norm->threads, adjoint_image, &adjoint);
}
