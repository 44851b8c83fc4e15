/* Covariance between places: see covariance.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/threads.h"
#include "conv/conv.h"
#include "net/covariance.h"

/* Letters: F channels, R radius, D = 2R + 1. */
struct covariance {
	size_t channels, radius, threads;
	struct conv *conv;   /* F to F, D x D: its gradient to the weights is the sum of products */
	real *weights;       /* (F, F, D, D): zeros in, sums out */
	real *x, *y;         /* (n, h, w, stride): layers less the pivot; what is of no use */
	size_t room;         /* numbers in x and in y */
	double *raw;         /* (F, F, D, D): sum of h_i(p) h_j(p + d), less the pivot */
	double *sum;         /* (F, D, D): sum of h_i(p) over p with p + d inside */
	double *pairs;       /* (D, D): number of such p */
	double *pivot;       /* (F): means of the first image, taken off before all */
	double **image_sums; /* per thread: prefix sums of one image's channel */
	size_t image_pixels; /* room in image_sums */
	bool begun;
};

static size_t diameter(const struct covariance *c)
{
	return 2 * c->radius + 1;
}

struct covariance *covariance_create(size_t channels, size_t radius, size_t threads)
{
	struct covariance *c = mem_alloc(1, sizeof *c);
	size_t taps = (2 * radius + 1) * (2 * radius + 1), numbers;
	if (!c)
		return NULL;
	c->channels = channels;
	c->radius = radius;
	c->threads = threads;
	if (mem_multiply(channels * channels, taps, &numbers) < 0 ||
	    !(c->conv = conv_plan(channels, channels, 2 * radius + 1, threads)) ||
	    !(c->weights = mem_alloc(numbers, sizeof(real))) ||
	    !(c->raw = mem_alloc(numbers, sizeof(double))) ||
	    !(c->sum = mem_alloc(channels * taps, sizeof(double))) ||
	    !(c->pairs = mem_alloc(taps, sizeof(double))) ||
	    !(c->pivot = mem_alloc(channels, sizeof(double))) ||
	    !(c->image_sums = mem_alloc(threads, sizeof *c->image_sums))) {
		covariance_free(c);
		return NULL;
	}
	return c;
}

void covariance_free(struct covariance *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->threads && c->image_sums; i++)
		free(c->image_sums[i]);
	free(c->image_sums);
	conv_free(c->conv);
	free(c->weights);
	free(c->x);
	free(c->y);
	free(c->raw);
	free(c->sum);
	free(c->pairs);
	free(c->pivot);
	free(c);
}

/*
 * Sums over windows: sum[i][d] = sum of h_i(p) over p with p + d inside.
 */
struct image {
	struct covariance *c;
	const real *h; /* (F, height, width) */
	size_t height, width;
};

/* rows or columns p of n with p + d inside: from *begin to *end */
static void range(size_t n, size_t radius, size_t index, size_t *begin, size_t *end)
{
	*begin = index < radius ? radius - index : 0;
	*end = index > radius ? n - (index - radius) : n;
}

static int sum_channel(size_t i, size_t worker, void *argument)
{
	const struct image *image = argument;
	struct covariance *c = image->c;
	size_t d = diameter(c), w = image->width, line = w + 1;
	const real *h = image->h + i * image->height * w;
	double *prefix = c->image_sums[worker]; /* (height + 1, width + 1) */
	memset(prefix, 0, line * sizeof *prefix);
	for (size_t r = 0; r < image->height; r++) {
		double row = 0;
		prefix[(r + 1) * line] = 0;
		for (size_t x = 0; x < w; x++) {
			row += (double)h[r * w + x] - c->pivot[i];
			prefix[(r + 1) * line + x + 1] = prefix[r * line + x + 1] + row;
		}
	}
	for (size_t r = 0; r < d; r++) {
		for (size_t x = 0; x < d; x++) {
			size_t r0, r1, x0, x1;
			range(image->height, c->radius, r, &r0, &r1);
			range(w, c->radius, x, &x0, &x1);
			c->sum[(i * d + r) * d + x] +=
			    prefix[r1 * line + x1] - prefix[r0 * line + x1] -
			    prefix[r1 * line + x0] + prefix[r0 * line + x0];
			if (i == 0)
				c->pairs[r * d + x] += (double)((r1 - r0) * (x1 - x0));
		}
	}
	return 0;
}

/*
 * Sums of products: the gradient of sum_p h_i(p) (w * h)_i(p) to w.
 */
struct layout {
	const struct covariance *c;
	const real *h; /* (n, F, pixels) */
	size_t pixels;
};

/* Image m channels-last, less the pivot. */
static int interleave(size_t m, size_t worker, void *argument)
{
	(void)worker;
	const struct layout *l = argument;
	size_t f = l->c->channels, stride = conv_stride(f);
	real *x = l->c->x + m * l->pixels * stride;
	for (size_t p = 0; p < l->pixels; p++) {
		for (size_t i = 0; i < f; i++)
			x[p * stride + i] =
			    l->h[(m * f + i) * l->pixels + p] - (real)l->c->pivot[i];
		for (size_t i = f; i < stride; i++)
			x[p * stride + i] = 0;
	}
	return 0;
}

/* h (n, F, height, width) into raw */
static int add_products(struct covariance *c, const real *h, size_t n, size_t height, size_t width)
{
	size_t numbers = c->channels * c->channels * diameter(c) * diameter(c), room;
	struct layout layout = {c, h, height * width};
	if (mem_multiply(n * layout.pixels, conv_stride(c->channels), &room) < 0)
		return -1;
	if (room > c->room) {
		free(c->x);
		free(c->y);
		c->x = mem_alloc(room, sizeof(real));
		c->y = mem_alloc(room, sizeof(real));
		c->room = c->x && c->y ? room : 0;
		if (!c->room)
			return -1;
	}
	memset(c->weights, 0, numbers * sizeof *c->weights);
	if (par_for(n, c->threads, interleave, &layout) < 0 ||
	    conv_resize(c->conv, n, height, width, 1, true) < 0 ||
	    conv_weights(c->conv, c->weights) < 0 || conv_exec(c->conv, 0, c->x, c->y) < 0 ||
	    conv_adjoint(c->conv, 0, c->x, NULL) < 0 || conv_gradient(c->conv, 1, c->weights) < 0)
		return -1;
	for (size_t i = 0; i < numbers; i++)
		c->raw[i] += (double)c->weights[i];
	return 0;
}

int covariance_add(struct covariance *c, const real *h, size_t n, size_t height, size_t width)
{
	size_t pixels = (height + 1) * (width + 1), plane = height * width;
	if (height <= c->radius || width <= c->radius)
		return err_set(
		    "%zu x %zu px: too small for pairs %zu px apart", width, height, c->radius);
	if (!c->begun) {
		c->begun = true;
		for (size_t i = 0; i < c->channels; i++) {
			for (size_t p = 0; p < plane; p++)
				c->pivot[i] += (double)h[i * plane + p];
			/* a float, so that what is taken off before the sums and the products is the same */
			c->pivot[i] = (double)(real)(c->pivot[i] / (double)plane);
		}
	}
	for (size_t i = 0; i < c->threads && pixels > c->image_pixels; i++) {
		free(c->image_sums[i]);
		if (!(c->image_sums[i] = mem_alloc(pixels, sizeof(double))))
			return -1;
	}
	c->image_pixels = size_max(pixels, c->image_pixels);
	for (size_t m = 0; m < n; m++) {
		struct image image = {c, h + m * c->channels * plane, height, width};
		if (par_for(c->channels, c->threads, sum_channel, &image) < 0)
			return -1;
	}
	return add_products(c, h, n, height, width);
}

int covariance_result(const struct covariance *c, double *kernel)
{
	size_t f = c->channels, d = diameter(c), taps = d * d;
	if (!c->begun)
		return err_set("covariance: no images");
	for (size_t i = 0; i < f; i++) {
		for (size_t j = 0; j < f; j++) {
			for (size_t t = 0; t < taps; t++) {
				/* p + d runs over the places from which -d stays inside */
				double m = c->sum[i * taps + t] * c->sum[j * taps + taps - 1 - t];
				double both = .5 * (c->raw[(i * f + j) * taps + t] +
						       c->raw[(j * f + i) * taps + taps - 1 - t]);
				kernel[(i * f + j) * taps + t] =
				    both / c->pairs[t] - m / (c->pairs[t] * c->pairs[t]);
			}
		}
	}
	return 0;
}
