/*
 * Correlation by transforms of real planes: see fft_filter.h. With z = x[2r] + i x[2r+1] down a column, Z its transform of
 * h/2 points, E = (Z(k) + conj Z(h/2-k))/2 and O = (Z(k) - conj Z(h/2-k))/2i, the column's own is
 * E + exp(-2 pi i k/h) O. Frequencies 0 and h/2 are real there; they travel as one complex row, "the edge".
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "conv/vector_fft.h"
#include "conv/any_length_fft.h"
#include "conv/fft_filter.h"
#include "conv/transpose.h"

struct fft_filter {
	size_t h, w, half, batch, groups; /* half: h/2 rows of a spectrum; groups of LANES rows */
	struct fft_filter_part given, wanted;
	size_t rows, stride, plane_size; /* of the buffer */
	size_t spectrum_stride, spectra; /* numbers of a spectrum's row, of all spectra */
	struct vector_fft *down, *along;
	real *turn;   /* exp(-2 pi i k/h): (half/2 + 1, 2) */
	real *kernel; /* (groups, w, 2, LANES): the spectrum of lane i's row, over 4 half w */
	real *edge;   /* (w, 4): half the sum and half the difference of the spectra at 0 and h/2 */
};

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

size_t fft_filter_good_rows(size_t n)
{
	return 2 * vector_fft_good_size((n + 1) / 2);
}

size_t fft_filter_good_columns(size_t n)
{
	return vector_fft_good_size(n);
}

/* A row's length whose rows fall on different places of the caches: an odd number of cache lines. */
static size_t odd_lines(size_t n)
{
	n = round_up(n, LANES);
	return n / LANES % 2 ? n : n + LANES;
}

/* ---- down the columns ---- */

/* Z to the transform of the real columns, times 2, LANES columns at a time. */
FOR_AVX512 static void split(const struct fft_filter *f, real *z)
{
	size_t step = f->spectrum_stride;
	vector *first = (vector *)z, zero = first[0];
	first[0] = 2 * (zero + first[1]);
	first[1] = 2 * (zero - first[1]);
	for (size_t k = 1; k <= f->half / 2; k++) {
		vector *a = (vector *)(z + k * step), *b = (vector *)(z + (f->half - k) * step);
		real c = f->turn[2 * k], s = f->turn[2 * k + 1];
		vector even_r = a[0] + b[0], even_i = a[1] - b[1];
		vector odd_r = a[1] + b[1], odd_i = b[0] - a[0];
		vector r = c * odd_r - s * odd_i, i = c * odd_i + s * odd_r;
		a[0] = even_r + r;
		a[1] = even_i + i;
		b[0] = even_r - r;
		b[1] = i - even_i;
	}
}

/* And back, times 2. */
FOR_AVX512 static void join(const struct fft_filter *f, real *z)
{
	size_t step = f->spectrum_stride;
	vector *first = (vector *)z, zero = first[0];
	first[0] = zero + first[1];
	first[1] = zero - first[1];
	for (size_t k = 1; k <= f->half / 2; k++) {
		vector *a = (vector *)(z + k * step), *b = (vector *)(z + (f->half - k) * step);
		real c = f->turn[2 * k], s = f->turn[2 * k + 1];
		vector even_r = a[0] + b[0], even_i = a[1] - b[1];
		vector turned_r = a[0] - b[0], turned_i = a[1] + b[1];
		vector odd_r = c * turned_r + s * turned_i, odd_i = c * turned_i - s * turned_r;
		a[0] = even_r - odd_i;
		a[1] = even_i + odd_r;
		b[0] = even_r + odd_i;
		b[1] = odd_r - even_i;
	}
}

/* The given part of each plane to the spectra of its columns. */
static void forward(const struct fft_filter *f, const real *buffer, size_t count,
    struct fft_filter_part given, real *spectra, real *scratch)
{
	for (size_t p = 0; p < count; p++)
		for (size_t at = 0; at < given.w; at += LANES) {
			const real *x = buffer + p * f->plane_size + at;
			real *z = spectra + p * f->half * f->spectrum_stride + 2 * at;
			vector_fft_exec(f->down,
			    &(struct vector_fft_in){
				x, x + f->stride, 2 * f->stride, 0, (given.h + 1) / 2},
			    &(struct vector_fft_out){z, z + LANES, f->spectrum_stride, 0, f->half},
			    scratch);
			split(f, z);
		}
}

static void backward(const struct fft_filter *f, real *buffer, size_t count,
    struct fft_filter_part wanted, real *spectra, real *scratch)
{
	for (size_t p = 0; p < count; p++)
		for (size_t at = 0; at < wanted.w; at += LANES) {
			real *x = buffer + p * f->plane_size + at;
			real *z = spectra + p * f->half * f->spectrum_stride + 2 * at;
			join(f, z);
			vector_fft_exec(f->down,
			    &(struct vector_fft_in){z + LANES, z, f->spectrum_stride, 0, f->half},
			    &(struct vector_fft_out){
				x + f->stride, x, 2 * f->stride, 0, (wanted.h + 1) / 2},
			    scratch);
		}
}

/* ---- along the rows ---- */

/* Where the lanes of a group of rows are; those beyond the last plane share a row of zeros. */
static void group_rows(
    const struct fft_filter *f, real *spectra, size_t group, size_t count, real **rows)
{
	for (size_t i = 0; i < LANES; i++) {
		size_t row = group * LANES + i;
		row = row < count * f->half ? row : f->batch * f->half;
		rows[i] = spectra + row * f->spectrum_stride;
	}
}

FOR_AVX512 static void rows_in(real *const *rows, size_t w, real *elements)
{
	for (size_t at = 0; at < w; at += LANES) {
		transpose_in(rows, 2 * at, elements + at * ELEMENT, ELEMENT);
		transpose_in(rows, 2 * at + LANES, elements + at * ELEMENT + LANES, ELEMENT);
	}
}

FOR_AVX512 static void rows_out(const real *elements, size_t w, real *const *rows)
{
	for (size_t at = 0; at < w; at += LANES) {
		transpose_out(elements + at * ELEMENT, ELEMENT, rows, 2 * at);
		transpose_out(elements + at * ELEMENT + LANES, ELEMENT, rows, 2 * at + LANES);
	}
}

/* times the kernel (sign 1) or its conjugate (-1) */
FOR_AVX512 static void multiply(const real *kernel, real *z, size_t w, real sign)
{
	const vector *k = (const vector *)kernel;
	vector *x = (vector *)z;
	for (size_t l = 0; l < 2 * w; l += 2) {
		vector re = x[l], im = x[l + 1], ki = sign * k[l + 1];
		x[l] = re * k[l] - im * ki;
		x[l + 1] = re * ki + im * k[l];
	}
}

/* The edge in one lane: of A + iB, with A and B each its own conjugate at -l, A by one kernel and B by the other. */
static void edge_save(const real *z, size_t w, real *saved)
{
	for (size_t l = 0; l < w; l++) {
		saved[2 * l] = z[l * ELEMENT];
		saved[2 * l + 1] = z[l * ELEMENT + LANES];
	}
}

static void edge_multiply(const struct fft_filter *f, const real *saved, real *z, real sign)
{
	for (size_t l = 0; l < f->w; l++) {
		const real *k = f->edge + 4 * l, *a = saved + 2 * l;
		const real *b = saved + 2 * (l ? f->w - l : 0);
		real sum_i = sign * k[1], difference_i = sign * k[3];
		z[l * ELEMENT] = k[0] * a[0] - sum_i * a[1] + k[2] * b[0] + difference_i * b[1];
		z[l * ELEMENT + LANES] =
		    k[0] * a[1] + sum_i * a[0] - k[2] * b[1] + difference_i * b[0];
	}
}

struct rows_scratch {
	real *x, *z, *edge, *fft; /* (w, ELEMENT) twice; (batch, w, 2) */
};

static void filter_rows(const struct fft_filter *f, real *spectra, size_t count,
    struct fft_filter_part given, struct fft_filter_part wanted, real sign, struct rows_scratch s)
{
	size_t groups = (count * f->half + LANES - 1) / LANES;
	for (size_t group = 0; group < groups; group++) {
		real *rows[LANES];
		group_rows(f, spectra, group, count, rows);
		rows_in(rows, given.w, s.x);
		vector_fft_exec(f->along,
		    &(struct vector_fft_in){s.x, s.x + LANES, ELEMENT, 0, given.w},
		    &(struct vector_fft_out){s.z, s.z + LANES, ELEMENT, 0, f->w}, s.fft);
		size_t first = (group * LANES + f->half - 1) / f->half;
		size_t end = ((group + 1) * LANES + f->half - 1) / f->half;
		end = end < f->batch ? end : f->batch;
		for (size_t p = first; p < end; p++)
			edge_save(s.z + p * f->half % LANES, f->w, s.edge + p * 2 * f->w);
		multiply(f->kernel + group * f->w * ELEMENT, s.z, f->w, sign);
		for (size_t p = first; p < end; p++)
			edge_multiply(f, s.edge + p * 2 * f->w, s.z + p * f->half % LANES, sign);
		vector_fft_exec(f->along,
		    &(struct vector_fft_in){s.z + LANES, s.z, ELEMENT, 0, f->w},
		    &(struct vector_fft_out){s.x + LANES, s.x, ELEMENT, 0, wanted.w}, s.fft);
		rows_out(s.x, wanted.w, rows);
	}
}

/* ---- planning ---- */

static size_t fft_scratch(const struct fft_filter *f)
{
	return larger(vector_fft_scratch(f->down), vector_fft_scratch(f->along));
}

/* Distribute the spectrum of the kernel, its columns transformed in `spectra` (half rows), to lanes and edge. */
static void fill_kernel(struct fft_filter *f, real *spectra, struct rows_scratch s)
{
	for (size_t group = 0; group * LANES < f->half; group++) {
		real *rows[LANES];
		group_rows(f, spectra, group, 1, rows);
		rows_in(rows, f->w, s.x);
		vector_fft_exec(f->along,
		    &(struct vector_fft_in){s.x, s.x + LANES, ELEMENT, 0, f->w},
		    &(struct vector_fft_out){s.z, s.z + LANES, ELEMENT, 0, f->w}, s.fft);
		for (size_t row = 0; row < f->groups * LANES; row++) {
			size_t k = row % f->half;
			if (k / LANES != group)
				continue;
			real *to = f->kernel + row / LANES * f->w * ELEMENT + row % LANES;
			for (size_t l = 0; l < f->w * 2; l++)
				to[l * LANES] = s.z[l * LANES + k % LANES];
		}
		if (group > 0)
			continue;
		for (size_t l = 0; l < f->w; l++) {
			const real *a = s.z + l * ELEMENT, *b = s.z + (f->w - l) % f->w * ELEMENT;
			/* Z(l) = A + iB: twice A and twice B */
			real ar = a[0] + b[0], ai = a[LANES] - b[LANES];
			real br = a[LANES] + b[LANES], bi = b[0] - a[0];
			f->edge[4 * l] = (ar + br) / 4;
			f->edge[4 * l + 1] = (ai + bi) / 4;
			f->edge[4 * l + 2] = (ar - br) / 4;
			f->edge[4 * l + 3] = (ai - bi) / 4;
		}
	}
}

static struct rows_scratch split_scratch(const struct fft_filter *f, real *scratch)
{
	struct rows_scratch s;
	s.x = scratch + f->spectra;
	s.z = s.x + round_up(f->w, LANES) * ELEMENT;
	s.fft = s.z + round_up(f->w, LANES) * ELEMENT;
	s.edge = s.fft + fft_scratch(f);
	return s;
}

size_t fft_filter_scratch(const struct fft_filter *f)
{
	return f->spectra + 2 * round_up(f->w, LANES) * ELEMENT + fft_scratch(f) +
	       round_up(f->batch * 2 * f->w, LANES);
}

static int fill(
    struct fft_filter *f, const double *kernel, size_t kh, size_t kw, size_t row, size_t column)
{
	size_t lines = f->half / 2 + 1;
	f->turn = mem_alloc(lines * 2, sizeof *f->turn);
	f->kernel = mem_alloc(f->groups * f->w * ELEMENT, sizeof *f->kernel);
	f->edge = mem_alloc(f->w * 4, sizeof *f->edge);
	if (!f->turn || !f->kernel || !f->edge)
		return -1;
	for (size_t k = 0; k < lines; k++) {
		double angle = -2 * M_PI * (double)k / (double)f->h;
		f->turn[2 * k] = (real)cos(angle);
		f->turn[2 * k + 1] = (real)sin(angle);
	}
	/* the kernel as a whole plane, through the same transforms */
	struct fft_filter whole = *f;
	whole.stride = odd_lines(f->w);
	whole.plane_size = f->h * whole.stride;
	whole.spectrum_stride = odd_lines(2 * round_up(f->w, LANES));
	whole.batch = 1;
	whole.spectra = (f->half + 1) * whole.spectrum_stride;
	real *image = mem_alloc(whole.plane_size, sizeof *image);
	real *scratch = mem_alloc(fft_filter_scratch(&whole), sizeof *scratch);
	if (image && scratch) {
		double scale = 8 * (double)f->half * (double)f->w;
		for (size_t a = 0; a < kh; a++)
			for (size_t b = 0; b < kw; b++) {
				size_t r = (a + f->h - row) % f->h, c = (b + f->w - column) % f->w;
				image[r * whole.stride + c] += (real)(kernel[a * kw + b] / scale);
			}
		struct rows_scratch s = split_scratch(&whole, scratch);
		forward(&whole, image, 1, (struct fft_filter_part){f->h, f->w}, scratch, s.fft);
		fill_kernel(&whole, scratch, s);
	}
	free(image);
	free(scratch);
	return image && scratch ? 0 : -1;
}

struct fft_filter *fft_filter_plan(size_t h, size_t w, struct fft_filter_part given,
    struct fft_filter_part wanted, const double *kernel, size_t kh, size_t kw, size_t row,
    size_t column)
{
	struct fft_filter *f = calloc(1, sizeof *f);
	if (!f || h < 2 || h % 2 || !w || kh > h || kw > w || row >= h || column >= w) {
		err_set(f ? "filter: a kernel of %zux%zu by transforms of %zux%zu"
			  : "filter: no room for its plan",
		    kh, kw, h, w);
		free(f);
		return NULL;
	}
	f->h = h;
	f->w = w;
	f->half = h / 2;
	f->given = given;
	f->wanted = wanted;
	size_t columns = larger(given.w, wanted.w);
	f->rows = round_up(larger(given.h, wanted.h), 2);
	f->stride = odd_lines(columns);
	f->plane_size = f->rows * f->stride;
	f->spectrum_stride = odd_lines(2 * round_up(columns, LANES));
	f->batch = any_length_fft_batch(f->half, f->plane_size);
	f->groups = (f->batch * f->half + LANES - 1) / LANES;
	f->spectra = (f->batch * f->half + 1) * f->spectrum_stride;
	f->down = vector_fft_plan(f->half);
	f->along = vector_fft_plan(w);
	if (!f->down || !f->along || fill(f, kernel, kh, kw, row, column) < 0) {
		fft_filter_free(f);
		return NULL;
	}
	return f;
}

void fft_filter_free(struct fft_filter *f)
{
	if (!f)
		return;
	vector_fft_free(f->down);
	vector_fft_free(f->along);
	free(f->turn);
	free(f->kernel);
	free(f->edge);
	free(f);
}

size_t fft_filter_batch(const struct fft_filter *f)
{
	return f->batch;
}

size_t fft_filter_rows(const struct fft_filter *f)
{
	return f->rows;
}

size_t fft_filter_stride(const struct fft_filter *f)
{
	return f->stride;
}

void fft_filter_exec(
    const struct fft_filter *f, real *buffer, size_t count, bool adjoint, real *scratch)
{
	struct rows_scratch s = split_scratch(f, scratch);
	struct fft_filter_part given = adjoint ? f->wanted : f->given;
	struct fft_filter_part wanted = adjoint ? f->given : f->wanted;
	forward(f, buffer, count, given, scratch, s.fft);
	filter_rows(f, scratch, count, given, wanted, adjoint ? 1 : -1, s);
	backward(f, buffer, count, wanted, scratch, s.fft);
}
