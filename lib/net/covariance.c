/* Covariance between places: see covariance.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "conv/fft.h"
#include "conv/sizes.h"
#include "net/covariance.h"

#define TILES 32  /* multiplied at once: the length of the products' inner axis */
#define BLOCKS 16 /* of tiles, summed in float before they are added in double */
#define LINE 8    /* complex numbers to which strides are rounded up, for FFTW's alignment */

/* Letters: F channels, R radius, D = 2R + 1, N = side of a tile with its margins, B = N - 2R its own,
 * S = N (N/2 + 1) frequencies. */
struct covariance {
	size_t channels, radius, threads;
	size_t side, tile, frequencies; /* N, B, S */
	size_t spectrum, slice;         /* complex numbers from tile to tile, from i to i */
	struct fft *forward, *backward;
	real **work; /* per thread: (N, N, F) */
	real_complex *inner,
	    *window;           /* (TILES, S, F): spectra of tiles and of their surroundings */
	real_complex *product; /* (F, S, F): sum over tiles of conj(inner_i) window_j */
	double *raw;           /* (F, F, D, D): sum of h_i(p) h_j(p + d), less the pivot */
	double *sum;           /* (F, D, D): sum of h_i(p) over p with p + d inside */
	double *pairs;         /* (D, D): number of such p */
	double *pivot;         /* (F): means of the first image, taken off before all */
	double **image_sums;   /* per thread: prefix sums of one image's channel */
	size_t image_pixels;   /* room in image_sums */
	size_t tiles, blocks;  /* gathered in inner and window, multiplied into product */
	bool begun;
};

static size_t diameter(const struct covariance *c)
{
	return 2 * c->radius + 1;
}

struct covariance *covariance_create(size_t channels, size_t radius, size_t threads)
{
	struct covariance *c = mem_alloc(1, sizeof(*c));
	size_t f = channels, d = 2 * radius + 1, numbers;

	if (!c)
		return NULL;
	c->channels = channels;
	c->radius = radius;
	c->threads = threads;
	c->side = conv_good_size(5 * radius + 12);
	c->tile = c->side - 2 * radius;
	c->frequencies = c->side * (c->side / 2 + 1);
	c->spectrum = c->slice = (c->frequencies * f + LINE - 1) / LINE * LINE;
	openblas_set_num_threads(1);
	if (!(c->work = mem_alloc(threads, sizeof(*c->work))) ||
	    !(c->image_sums = mem_alloc(threads, sizeof(*c->image_sums))))
		goto fail;
	for (size_t i = 0; i < threads; i++)
		if (!(c->work[i] = mem_alloc(c->side * c->side * f, sizeof(real))))
			goto fail;
	if (mem_multiply(f, c->slice, &numbers) || mem_multiply(f * f, d * d, &numbers) ||
	    !(c->inner = mem_alloc(TILES * c->spectrum, sizeof(real_complex))) ||
	    !(c->window = mem_alloc(TILES * c->spectrum, sizeof(real_complex))) ||
	    !(c->product = mem_alloc(f * c->slice, sizeof(real_complex))) ||
	    !(c->raw = mem_alloc(f * f * d * d, sizeof(double))) ||
	    !(c->sum = mem_alloc(f * d * d, sizeof(double))) ||
	    !(c->pairs = mem_alloc(d * d, sizeof(double))) ||
	    !(c->pivot = mem_alloc(f, sizeof(double))) ||
	    !(c->forward = fft_plan_interleaved(FFT_R2C, 1, c->side, c->side, f)) ||
	    !(c->backward = fft_plan_interleaved(FFT_C2R, 1, c->side, c->side, f)))
		goto fail;
	return c;
fail:
	covariance_free(c);
	return NULL;
}

void covariance_free(struct covariance *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->threads; i++) {
		if (c->work)
			free(c->work[i]);
		if (c->image_sums)
			free(c->image_sums[i]);
	}
	free(c->work);
	free(c->image_sums);
	free(c->inner);
	free(c->window);
	free(c->product);
	free(c->raw);
	free(c->sum);
	free(c->pairs);
	free(c->pivot);
	fft_free(c->forward);
	fft_free(c->backward);
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

	memset(prefix, 0, line * sizeof(*prefix));
	for (size_t r = 0; r < image->height; r++) {
		double row = 0;
		prefix[(r + 1) * line] = 0;
		for (size_t x = 0; x < w; x++) {
			row += (double)h[r * w + x] - c->pivot[i];
			prefix[(r + 1) * line + x + 1] = prefix[r * line + x + 1] + row;
		}
	}
	for (size_t r = 0; r < d; r++)
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
	return 0;
}

/*
 * Products of spectra.
 */
struct tile {
	const struct image *image;
	size_t row, column; /* of its first pixel */
	size_t slot;
};

/* Spectrum of the tile with `margin` px around it, zero outside the image and the margin. */
static void transform(const struct tile *tile, size_t margin, real *work, real_complex *spectrum)
{
	const struct image *image = tile->image;
	const struct covariance *c = image->c;
	size_t f = c->channels, n = c->side, lost = c->radius - margin;

	memset(work, 0, n * n * f * sizeof(*work));
	for (size_t r = lost; r < n - lost; r++) {
		size_t y = tile->row + r; /* plus the radius */
		if (y < c->radius || y - c->radius >= image->height)
			continue;
		for (size_t x = lost; x < n - lost; x++) {
			size_t column = tile->column + x;
			if (column < c->radius || column - c->radius >= image->width)
				continue;
			const real *h =
			    image->h + (y - c->radius) * image->width + column - c->radius;
			for (size_t i = 0; i < f; i++)
				work[(r * n + x) * f + i] =
				    h[i * image->height * image->width] - (real)c->pivot[i];
		}
	}
	fft_exec(c->forward, work, spectrum);
}

static int transform_tile(size_t i, size_t worker, void *argument)
{
	const struct tile *tile = (const struct tile *)argument + i;
	struct covariance *c = tile->image->c;

	transform(tile, 0, c->work[worker], c->inner + tile->slot * c->spectrum);
	transform(tile, c->radius, c->work[worker], c->window + tile->slot * c->spectrum);
	return 0;
}

/* product[i][s][j] += sum over tiles of conj(inner[t][s][i]) window[t][s][j] */
static int multiply(size_t s, size_t worker, void *argument)
{
	struct covariance *c = argument;
	size_t f = c->channels;
	const real_complex one = 1;

	(void)worker;
	CBLAS_COMPLEX(gemm)
	(CblasRowMajor, CblasConjTrans, CblasNoTrans, (blasint)f, (blasint)f, (blasint)c->tiles,
	    &one, c->inner + s * f, (blasint)c->spectrum, c->window + s * f, (blasint)c->spectrum,
	    &one, c->product + s * f, (blasint)c->slice);
	return 0;
}

/* Back to displacements: raw[i] += the slice of i, which is cleared. */
static int fold(size_t i, size_t worker, void *argument)
{
	struct covariance *c = argument;
	size_t f = c->channels, d = diameter(c), n = c->side;
	real *work = c->work[worker];
	double scale = 1 / (double)(n * n);

	fft_exec(c->backward, c->product + i * c->slice, work);
	memset(c->product + i * c->slice, 0, c->slice * sizeof(*c->product));
	for (size_t r = 0; r < d; r++)
		for (size_t x = 0; x < d; x++) {
			size_t row = (r + n - c->radius) % n, column = (x + n - c->radius) % n;
			const real *at = work + (row * n + column) * f;
			for (size_t j = 0; j < f; j++)
				c->raw[((i * f + j) * d + r) * d + x] += scale * (double)at[j];
		}
	return 0;
}

static int multiply_block(struct covariance *c)
{
	if (c->tiles && par_for(c->frequencies, c->threads, multiply, c))
		return -1;
	c->tiles = 0;
	if (++c->blocks < BLOCKS)
		return 0;
	c->blocks = 0;
	return par_for(c->channels, c->threads, fold, c);
}

static int add_image(struct image *image)
{
	struct covariance *c = image->c;
	struct tile tiles[TILES];
	size_t gathered = 0;

	if (par_for(c->channels, c->threads, sum_channel, image))
		return -1;
	for (size_t row = 0; row < image->height; row += c->tile)
		for (size_t column = 0; column < image->width; column += c->tile) {
			bool last =
			    row + c->tile >= image->height && column + c->tile >= image->width;
			tiles[gathered] = (struct tile){image, row, column, c->tiles + gathered};
			gathered++;
			bool full = c->tiles + gathered == TILES;
			if (!full && !last)
				continue;
			if (par_for(gathered, c->threads, transform_tile, tiles))
				return -1;
			c->tiles += gathered;
			gathered = 0;
			if (full && multiply_block(c))
				return -1;
		}
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
	c->image_pixels = pixels > c->image_pixels ? pixels : c->image_pixels;
	for (size_t i = 0; i < n; i++) {
		struct image image = {c, h + i * c->channels * plane, height, width};
		if (add_image(&image))
			return -1;
	}
	return 0;
}

int covariance_result(struct covariance *c, double *kernel)
{
	size_t f = c->channels, d = diameter(c), taps = d * d;

	if (!c->begun)
		return err_set("covariance: no images");
	c->blocks = BLOCKS - 1;
	if (multiply_block(c))
		return -1;
	for (size_t i = 0; i < f; i++)
		for (size_t j = 0; j < f; j++)
			for (size_t t = 0; t < taps; t++) {
				/* p + d runs over the places from which -d stays inside */
				double m = c->sum[i * taps + t] * c->sum[j * taps + taps - 1 - t];
				double both = .5 * (c->raw[(i * f + j) * taps + t] +
						       c->raw[(j * f + i) * taps + taps - 1 - t]);
				kernel[(i * f + j) * taps + t] =
				    both / c->pairs[t] - m / (c->pairs[t] * c->pairs[t]);
			}
	return 0;
}
