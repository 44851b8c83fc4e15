/*
 * Filtering by cosine transforms: see mirror.h. With v a line in the order 0 2 4 ... 5 3 1, V its Fourier transform,
 * u = exp(-i pi k / 2n), a = u V(k) and b = conj(u) V(n-k), its cosine coefficients are
 *	C(k) = a + b,  C(n-k) = i (a - b).
 * Two real lines travel as one complex line, LANES of those at a time (vector_fft.h): neighbouring columns first, then
 * rows k and k + h/2 of an image's columns' coefficients; lines of different images never meet.
 */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "base/vector.h"
#include "conv/vector_fft.h"
#include "conv/any_length_fft.h"
#include "conv/mean.h"
#include "conv/mirror.h"
#include "conv/transpose.h"

struct mirror_filter {
	size_t h, w, pairs, batch, threads; /* pairs of an image's rows; images at a time */
	size_t stride;                      /* of rows, whole pairs of vectors */
	struct any_length_fft *down, *along;
	real *turn_down, *turn_along; /* u: (h/2 + 1, 2), (w/2 + 1, 2) */
	real *gain;    /* (groups, w, 2, LANES): of both rows of the lane's pair, over 4 h w */
	real constant; /* the gain at frequency 0 */
	/* of each thread */
	size_t images_size, scratch_size;
	real *images; /* (batch, h, stride) */
	/* coefficients (batch h + 2, stride); two lines of w elements; any_length_fft_exec's */
	real *scratch;
};

double mirror_whitening(double fx, double fy, const void *argument)
{
	double f = sqrt(fx * fx + fy * fy), square = f / *(const double *)argument;
	square *= square;
	return f * exp(-square * square);
}

static size_t groups(const struct mirror_filter *f, size_t images)
{
	return (images * f->pairs + LANES - 1) / LANES;
}

/* exp(-i pi k / 2n), k = 0 .. n/2 */
static real *turns(size_t n)
{
	real *u = mem_alloc((n / 2 + 1) * 2, sizeof *u);
	for (size_t k = 0; u && k <= n / 2; k++) {
		u[2 * k] = (real)cos(M_PI * (double)k / (2 * (double)n));
		u[2 * k + 1] = (real)-sin(M_PI * (double)k / (2 * (double)n));
	}
	return u;
}

/* The rows of the pair in lane i of a group, as numbers of rows over the batch; the second is `none` in the last pair
 * of an odd number of rows, both are beyond the last image. */
static void pair_rows(const struct mirror_filter *f, size_t group, size_t i, size_t images,
    size_t none, size_t *first, size_t *second)
{
	size_t pair = group * LANES + i, image = pair / f->pairs, row = pair % f->pairs;
	bool inside = image < images;
	*first = inside ? image * f->h + row : none;
	*second = inside && f->pairs + row < f->h ? image * f->h + f->pairs + row : none;
}

static int fill_gain(struct mirror_filter *f, mirror_gain *gain, const void *argument)
{
	f->gain = mem_alloc(groups(f, f->batch) * f->w * ELEMENT, sizeof *f->gain);
	real *plane = mem_alloc(f->h * f->w, sizeof *plane);
	if (!f->gain || !plane) {
		free(plane);
		return -1;
	}
	double h = (double)f->h, w = (double)f->w;
	for (size_t k = 0; k < f->h; k++)
		for (size_t l = 0; l < f->w; l++)
			plane[k * f->w + l] =
			    (real)(gain((double)l / (2 * w), (double)k / (2 * h), argument) /
				   (4 * h * w));
	size_t none = f->batch * f->h;
	for (size_t group = 0; group < groups(f, f->batch); group++)
		for (size_t i = 0; i < LANES; i++) {
			size_t row[2];
			pair_rows(f, group, i, f->batch, none, &row[0], &row[1]);
			for (size_t l = 0; l < f->w; l++)
				for (size_t part = 0; part < 2; part++)
					if (row[part] != none)
						f->gain[((group * f->w + l) * 2 + part) * LANES +
							i] = plane[row[part] % f->h * f->w + l];
		}
	free(plane);
	f->constant = (real)gain(0, 0, argument);
	return 0;
}

struct mirror_filter *mirror_plan(
    size_t h, size_t w, mirror_gain *gain, const void *argument, size_t threads)
{
	struct mirror_filter *f = calloc(1, sizeof *f);
	if (!f) {
		err_set("filter: no room for its plan");
		return NULL;
	}
	f->h = h;
	f->w = w;
	f->pairs = (h + 1) / 2;
	f->threads = threads ? threads : 1;
	/* an odd number of cache lines apart, rows fall on different places of the caches */
	f->stride = round_up(w, ELEMENT) + LANES;
	f->batch = any_length_fft_batch(f->pairs, f->h * f->stride);
	f->down = any_length_fft_plan(h);
	f->along = any_length_fft_plan(w);
	f->turn_down = turns(h);
	f->turn_along = turns(w);
	bool planned = f->down && f->along && f->turn_down && f->turn_along &&
		       fill_gain(f, gain, argument) == 0;
	if (planned) {
		size_t down = any_length_fft_scratch(f->down),
		       along = any_length_fft_scratch(f->along);
		f->images_size = f->batch * h * f->stride;
		f->scratch_size = (f->batch * h + 2) * f->stride +
				  2 * round_up(w, LANES) * ELEMENT + (down > along ? down : along);
		f->images = mem_alloc(f->threads * f->images_size, sizeof *f->images);
		f->scratch = mem_alloc(f->threads * f->scratch_size, sizeof *f->scratch);
		planned = f->images && f->scratch;
	}
	if (!planned) {
		mirror_free(f);
		return NULL;
	}
	return f;
}

void mirror_free(struct mirror_filter *f)
{
	if (!f)
		return;
	any_length_fft_free(f->down);
	any_length_fft_free(f->along);
	free(f->turn_down);
	free(f->turn_along);
	free(f->gain);
	free(f->images);
	free(f->scratch);
	free(f);
}

/* ---- images ---- */

/* The pixel at place i of the order 0 2 4 ... 5 3 1. */
static size_t ordered(size_t i, size_t n)
{
	return i < (n + 1) / 2 ? 2 * i : 2 * (n - i) - 1;
}

/* A line of w pixels into the order 0 2 4 ... 5 3 1, less the mean; and back, plus a constant. */
FOR_CPUS static void fold_line(const real *restrict from, real *restrict to, size_t w, real mean)
{
	for (size_t j = 0; j < w / 2; j++) {
		to[j] = from[2 * j] - mean;
		to[w - 1 - j] = from[2 * j + 1] - mean;
	}
	if (w % 2)
		to[w / 2] = from[w - 1] - mean;
}

FOR_CPUS static void unfold_line(
    const real *restrict from, real *restrict to, size_t w, real constant)
{
	for (size_t j = 0; j < w / 2; j++) {
		to[2 * j] = from[j] + constant;
		to[2 * j + 1] = from[w - 1 - j] + constant;
	}
	if (w % 2)
		to[w - 1] = from[w / 2] + constant;
}

/* ---- down the columns ---- */

/* x times c + i s */
VECTOR_INLINE struct complex_vector turned(real c, real s, const struct complex_vector *x)
{
	return (struct complex_vector){c * x->re - s * x->im, c * x->im + s * x->re};
}

/* V of n elements `step` apart to the cosine coefficients. */
FOR_AVX512 static void to_cosines(const real *u, size_t n, real *line, size_t step)
{
	struct complex_vector *zero = (struct complex_vector *)line;
	zero->re *= 2;
	zero->im *= 2;
	for (size_t k = 1; k <= n / 2; k++) {
		struct complex_vector *x = (struct complex_vector *)(line + k * step);
		struct complex_vector *y = (struct complex_vector *)(line + (n - k) * step);
		struct complex_vector a = turned(u[2 * k], u[2 * k + 1], x);
		struct complex_vector b = turned(u[2 * k], -u[2 * k + 1], y);
		*x = (struct complex_vector){a.re + b.re, a.im + b.im};
		*y = (struct complex_vector){b.im - a.im, a.re - b.re};
	}
}

/* And back, times 2. */
FOR_AVX512 static void from_cosines(const real *u, size_t n, real *line, size_t step)
{
	for (size_t k = 1; k <= n / 2; k++) {
		struct complex_vector *x = (struct complex_vector *)(line + k * step);
		struct complex_vector *y = (struct complex_vector *)(line + (n - k) * step);
		struct complex_vector a = {x->re + y->im, x->im - y->re};
		struct complex_vector b = {x->re - y->im, x->im + y->re};
		*x = turned(u[2 * k], -u[2 * k + 1], &a);
		*y = turned(u[2 * k], u[2 * k + 1], &b);
	}
}

/* ---- along the rows ---- */

/* V of w elements times the gains of its cosine coefficients, those of real and imaginary parts each, times 2. */
FOR_AVX512 static void multiply(const real *u, size_t w, const real *gain, real *line)
{
	const struct complex_vector *g = (const struct complex_vector *)gain;
	struct complex_vector *v = (struct complex_vector *)line;
	v[0].re *= 2 * g[0].re;
	v[0].im *= 2 * g[0].im;
	for (size_t k = 1; k <= w / 2; k++) {
		struct complex_vector a = turned(u[2 * k], u[2 * k + 1], &v[k]);
		struct complex_vector b = turned(u[2 * k], -u[2 * k + 1], &v[w - k]);
		vector sum_r = (a.re + b.re) * g[k].re, sum_i = (a.im + b.im) * g[k].im;
		vector difference_r = (a.re - b.re) * g[w - k].im;
		vector difference_i = (a.im - b.im) * g[w - k].re;
		a = (struct complex_vector){sum_r + difference_r, sum_i + difference_i};
		b = (struct complex_vector){sum_r - difference_r, sum_i - difference_i};
		v[k] = turned(u[2 * k], -u[2 * k + 1], &a);
		v[w - k] = turned(u[2 * k], u[2 * k + 1], &b);
	}
}

FOR_AVX512 static void rows_in(real *const *first, real *const *second, size_t w, real *elements)
{
	for (size_t at = 0; at < w; at += LANES) {
		transpose_in(first, at, elements + at * ELEMENT, ELEMENT);
		transpose_in(second, at, elements + at * ELEMENT + LANES, ELEMENT);
	}
}

FOR_AVX512 static void rows_out(
    const real *elements, size_t w, real *const *first, real *const *second)
{
	for (size_t at = 0; at < w; at += LANES) {
		transpose_out(elements + at * ELEMENT, ELEMENT, first, at);
		transpose_out(elements + at * ELEMENT + LANES, ELEMENT, second, at);
	}
}

/* Rows of coefficients, filtered in place. Row `zeros` stays zero, the one after it takes what belongs nowhere. */
static void filter_rows(
    const struct mirror_filter *f, real *coefficients, size_t images, real *x, real *rest)
{
	size_t zeros = f->batch * f->h;
	real *z = x + round_up(f->w, LANES) * ELEMENT;
	for (size_t group = 0; group < groups(f, images); group++) {
		real *first[LANES], *second[LANES];
		for (size_t i = 0; i < LANES; i++) {
			size_t a, b;
			pair_rows(f, group, i, images, zeros, &a, &b);
			first[i] = coefficients + a * f->stride;
			second[i] = coefficients + b * f->stride;
		}
		rows_in(first, second, f->w, x);
		any_length_fft_exec(f->along, x, x + LANES, ELEMENT, z, z + LANES, ELEMENT, rest);
		multiply(f->turn_along, f->w, f->gain + group * f->w * ELEMENT, z);
		any_length_fft_exec(f->along, z + LANES, z, ELEMENT, x + LANES, x, ELEMENT, rest);
		for (size_t i = 0; i < LANES; i++) {
			if (first[i] == coefficients + zeros * f->stride)
				first[i] += f->stride;
			if (second[i] == coefficients + zeros * f->stride)
				second[i] += f->stride;
		}
		rows_out(x, f->w, first, second);
	}
}

struct job {
	struct mirror_filter *f;
	const real *x;
	real *y;
	size_t n;
};

static int exec_batch(size_t item, size_t worker, void *argument)
{
	const struct job *job = argument;
	struct mirror_filter *f = job->f;
	size_t h = f->h, w = f->w, from = item * f->batch;
	size_t images = job->n - from < f->batch ? job->n - from : f->batch;
	real *buffer = f->images + worker * f->images_size, mean[ANY_LENGTH_FFT_BATCH_MAX];
	real *coefficients = f->scratch + worker * f->scratch_size;
	real *lines = coefficients + (f->batch * h + 2) * f->stride;
	real *rest = lines + 2 * round_up(w, LANES) * ELEMENT;
	for (size_t n = 0; n < images; n++) {
		const real *x = job->x + (from + n) * h * w;
		real *image = buffer + n * h * f->stride;
		/* the mean goes past the transforms: their rounding is then that of the contrast */
		mean[n] = mean_of(x, h * w);
		for (size_t i = 0; i < h; i++) {
			real *to = image + i * f->stride;
			fold_line(x + ordered(i, h) * w, to, w, mean[n]);
			memset(to + w, 0, (f->stride - w) * sizeof *to);
		}
		for (size_t at = 0; at < w; at += ELEMENT) {
			real *to = coefficients + n * h * f->stride + at;
			any_length_fft_exec(f->down, image + at, image + at + LANES, f->stride, to,
			    to + LANES, f->stride, rest);
			to_cosines(f->turn_down, h, to, f->stride);
		}
	}
	filter_rows(f, coefficients, images, lines, rest);
	for (size_t n = 0; n < images; n++) {
		real *image = buffer + n * h * f->stride;
		real *y = job->y + (from + n) * h * w;
		for (size_t at = 0; at < w; at += ELEMENT) {
			real *c = coefficients + n * h * f->stride + at;
			from_cosines(f->turn_down, h, c, f->stride);
			any_length_fft_exec(f->down, c + LANES, c, f->stride, image + at + LANES,
			    image + at, f->stride, rest);
		}
		for (size_t i = 0; i < h; i++)
			unfold_line(
			    image + i * f->stride, y + ordered(i, h) * w, w, f->constant * mean[n]);
	}
	return 0;
}

int mirror_exec(struct mirror_filter *f, const real *x, real *y, size_t n)
{
	struct job job = {f, x, y, n};
	return par_for((n + f->batch - 1) / f->batch, f->threads, exec_batch, &job);
}
