/*
 * Correlation tap by tap: see direct_filter.h. Sums run over the taps in their order, never over lanes, by fused multiply-adds
 * where the processor has them.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/vector.h"
#include "conv/direct_filter.h"

/* A block of outputs is ROWS rows of two vectors, whose sums fit the registers with room for what they add. */
#define VECTOR_BYTES 32
#define VECTOR (VECTOR_BYTES / sizeof(real))
#define BLOCK (2 * VECTOR)
#define ROWS 4
typedef real half __attribute__((vector_size(VECTOR_BYTES)));

/* what a sum of products may miss of the kernel's norm */
#define RANK_TOLERANCE fmax(REAL_EPSILON / 4.0, 16 * DBL_EPSILON)

/* A row of inputs that adds to outputs `first` .. `end` of a block: sum of weight[t][output] x[t + ...]. */
struct source {
	const real *x, *weight; /* weight: (taps, ROWS) */
	size_t range;           /* first * (ROWS + 1) + end */
};

struct direct_filter {
	size_t kh, kw, rank; /* rank 0: the kernel as it is */
	size_t in_stride, out_stride, blocks, inputs, plane;
	real *across; /* rank > 0: (kw, ROWS), a column for each product */
	real *weight; /* (max(rank, 1), kh + ROWS - 1, taps, ROWS): of the rows around a block */
};

int direct_filter_rank(size_t kh, size_t kw, const double *kernel, double *columns, double *rows)
{
	/* complete pivoting: take away the product through the largest element, again and again */
	size_t size = kh * kw;
	double *rest = mem_alloc(size, sizeof *rest), whole = 0;
	if (!rest)
		return -1;
	for (size_t i = 0; i < size; i++)
		whole += kernel[i] * kernel[i];
	memcpy(rest, kernel, size * sizeof *rest);
	int rank = 0;
	for (;; rank++) {
		size_t pivot = 0;
		double left = 0;
		for (size_t i = 0; i < size; i++) {
			left += rest[i] * rest[i];
			pivot = fabs(rest[i]) > fabs(rest[pivot]) ? i : pivot;
		}
		if (rank > 0 && sqrt(left) <= RANK_TOLERANCE * sqrt(whole))
			break;
		if (rank == DIRECT_FILTER_RANK_MAX) {
			rank = 0;
			break;
		}
		size_t a0 = pivot / kw, b0 = pivot % kw;
		double scale = rest[pivot] != 0 ? sqrt(fabs(rest[pivot])) : 1; /* shared by both */
		double sign = rest[pivot] < 0 ? -1 : 1;
		double *column = columns + (size_t)rank * kh, *row = rows + (size_t)rank * kw;
		for (size_t a = 0; a < kh; a++)
			column[a] = rest[a * kw + b0] / scale * sign;
		for (size_t b = 0; b < kw; b++)
			row[b] = rest[a0 * kw + b] / scale;
		for (size_t i = 0; i < size; i++)
			rest[i] -= column[i / kw] * row[i % kw];
	}
	free(rest);
	return rank;
}

#define RANGE(first, end) ((first) * (ROWS + 1) + (end))

/* A block of outputs in registers. */
struct block {
	half left[ROWS], right[ROWS];
};

VECTOR_INLINE void load(half *value, const real *x)
{
	memcpy(value, x, sizeof *value);
}

VECTOR_INLINE void keep(real *out, const half *value)
{
	memcpy(out, value, sizeof *value);
}

/* The sources from i on that add to outputs FIRST .. END of a block at `at`; the first that does not. */
VECTOR_INLINE size_t add_to_rows(const size_t FIRST, const size_t END, const struct source *source,
    size_t sources, size_t i, size_t taps, size_t at, struct block *sum)
{
	do {
		const real *x = source[i].x + at, *weight = source[i].weight;
		size_t t = taps;
		do {
			half left, right;
			load(&left, x);
			load(&right, x + VECTOR);
#pragma GCC unroll 4
			for (size_t q = FIRST; q < END; q++) {
				sum->left[q] += weight[q] * left;
				sum->right[q] += weight[q] * right;
			}
			x++;
			weight += ROWS;
		} while (--t);
	} while (++i < sources && source[i].range == RANGE(FIRST, END));
	return i;
}

#define ADD_TO_ROWS(first, end)                                                                    \
	case RANGE(first, end):                                                                    \
		i = add_to_rows(first, end, source, sources, i, taps, at, &sum);                   \
		break

/* Blocks side by side: `outputs` rows, out_step apart. */
FOR_FMA static void add_sources(const struct source *source, size_t sources, size_t taps,
    size_t blocks, real *out, size_t out_step, size_t outputs)
{
	for (size_t at = 0; at < blocks * BLOCK; at += BLOCK, out += BLOCK) {
		struct block sum = {{{0}}, {{0}}};
		for (size_t i = 0; i < sources;) {
			switch (source[i].range) {
				ADD_TO_ROWS(0, 4);
				ADD_TO_ROWS(0, 3);
				ADD_TO_ROWS(0, 2);
				ADD_TO_ROWS(0, 1);
				ADD_TO_ROWS(1, 4);
				ADD_TO_ROWS(1, 3);
				ADD_TO_ROWS(1, 2);
				ADD_TO_ROWS(2, 4);
				ADD_TO_ROWS(2, 3);
				ADD_TO_ROWS(3, 4);
			}
		}
#pragma GCC unroll 4
		for (size_t q = 0; q < ROWS; q++) {
			if (q < outputs) {
				keep(out + q * out_step, &sum.left[q]);
				keep(out + q * out_step + VECTOR, &sum.right[q]);
			}
		}
	}
}

/* A row of one product or of two: four vectors of outputs each. */
VECTOR_INLINE void add_along(const real *x, const real *weight, size_t taps, size_t width,
    real *out, size_t plane, const bool two)
{
	for (size_t block = 0; block < width; block += 2 * BLOCK) {
		/* the last block overlaps the one before where the width is no multiple of it */
		size_t at = block + 2 * BLOCK > width ? width - 2 * BLOCK : block;
		const real *from = x + at;
		half one[4] = {{0}}, other[4] = {{0}};
		for (size_t t = 0; t < taps; t++) {
			real first = weight[t * ROWS], second = two ? weight[t * ROWS + 1] : 0;
#pragma GCC unroll 4
			for (size_t i = 0; i < 4; i++) {
				half part;
				load(&part, from + t + i * VECTOR);
				one[i] += first * part;
				if (two)
					other[i] += second * part;
			}
		}
#pragma GCC unroll 4
		for (size_t i = 0; i < 4; i++) {
			keep(out + at + i * VECTOR, &one[i]);
			if (two)
				keep(out + plane + at + i * VECTOR, &other[i]);
		}
	}
}

FOR_FMA static void along_one(
    const real *x, const real *weight, size_t taps, size_t width, real *out)
{
	add_along(x, weight, taps, width, out, 0, false);
}

FOR_FMA static void along_two(
    const real *x, const real *weight, size_t taps, size_t width, real *out, size_t plane)
{
	add_along(x, weight, taps, width, out, plane, true);
}

static int fill(
    struct direct_filter *filter, const double *kernel, const double *columns, const double *rows)
{
	size_t kh = filter->kh, kw = filter->kw, rank = filter->rank, taps = rank ? 1 : kw;
	size_t around = kh + ROWS - 1;
	filter->weight =
	    mem_alloc((rank ? rank : 1) * around * taps * ROWS, sizeof *filter->weight);
	filter->across = rank ? mem_alloc(kw * ROWS, sizeof *filter->across) : NULL;
	if (!filter->weight || (rank && !filter->across))
		return -1;
	for (size_t p = 0; p < rank; p++)
		for (size_t b = 0; b < kw; b++)
			filter->across[b * ROWS + p] = (real)rows[p * kw + b];
	for (size_t p = 0; p < (rank ? rank : 1); p++)
		for (size_t a = 0; a < kh; a++)
			for (size_t q = 0; q < ROWS; q++)
				for (size_t t = 0; t < taps; t++) {
					double weight =
					    rank ? columns[p * kh + a] : kernel[a * kw + t];
					size_t row = p * around + a + q;
					filter->weight[(row * taps + t) * ROWS + q] = (real)weight;
				}
	return 0;
}

struct direct_filter *direct_filter_plan(
    size_t w, size_t inputs, size_t kh, size_t kw, const double *kernel, bool separable)
{
	struct direct_filter *filter = calloc(1, sizeof *filter);
	double *columns = mem_alloc(DIRECT_FILTER_RANK_MAX * kh, sizeof *columns);
	double *rows = mem_alloc(DIRECT_FILTER_RANK_MAX * kw, sizeof *rows);
	int status = filter && columns && rows ? 0 : err_set("correlation: no room for its plan");
	if (status == 0) {
		filter->kh = kh;
		filter->kw = kw;
		filter->blocks = (w + BLOCK - 1) / BLOCK;
		if (separable && filter->blocks < 2)
			filter->blocks = 2;
		/* an odd number of cache lines apart, rows fall on different places of the caches */
		size_t line = 64 / sizeof(real);
		filter->out_stride = ((filter->blocks * BLOCK + line - 1) / line | 1) * line;
		filter->in_stride =
		    ((filter->blocks * BLOCK + kw - 1 + line - 1) / line | 1) * line;
		filter->inputs = inputs;
		filter->plane = inputs * filter->out_stride;
		int rank = separable ? direct_filter_rank(kh, kw, kernel, columns, rows) : 0;
		if (rank < 0)
			status = -1;
		else if (separable && !rank)
			status = err_set("correlation: the kernel is not a sum of %d products",
			    DIRECT_FILTER_RANK_MAX);
		filter->rank = rank > 0 ? (size_t)rank : 0;
	}
	if (status == 0)
		status = fill(filter, kernel, columns, rows);
	free(columns);
	free(rows);
	if (status < 0) {
		direct_filter_free(filter);
		return NULL;
	}
	return filter;
}

size_t direct_filter_in_stride(const struct direct_filter *filter)
{
	return filter->in_stride;
}

size_t direct_filter_out_stride(const struct direct_filter *filter)
{
	return filter->out_stride;
}

static size_t sources_most(const struct direct_filter *filter)
{
	return (filter->rank ? filter->rank : 1) * (filter->kh + ROWS - 1);
}

/* in numbers, the list of sources rounded up to whole cache lines */
static size_t sources_room(const struct direct_filter *filter)
{
	return (sources_most(filter) * sizeof(struct source) + 63) / 64 * (64 / sizeof(real));
}

size_t direct_filter_scratch(const struct direct_filter *filter)
{
	return sources_room(filter) + filter->rank * filter->plane;
}

void direct_filter_exec(const struct direct_filter *filter, const real *in, size_t inputs,
    const size_t *row, size_t h, real *out, real *scratch)
{
	size_t rank = filter->rank, taps = rank ? 1 : filter->kw, around = filter->kh + ROWS - 1;
	struct source *source = (struct source *)scratch;
	real *planes = scratch + sources_room(filter);
	size_t width = filter->blocks * BLOCK;
	for (size_t i = 0; rank && i < inputs; i++) {
		const real *x = in + i * filter->in_stride;
		real *to = planes + i * filter->out_stride;
		for (size_t p = 0; p < rank; p += 2) {
			if (p + 1 < rank)
				along_two(x, filter->across + p, filter->kw, width,
				    to + p * filter->plane, filter->plane);
			else
				along_one(x, filter->across + p, filter->kw, width,
				    to + p * filter->plane);
		}
	}
	size_t stride = rank ? filter->out_stride : filter->in_stride;
	for (size_t r = 0; r < h; r += ROWS) {
		size_t outputs = h - r < ROWS ? h - r : ROWS, sources = 0;
		for (size_t p = 0; p < (rank ? rank : 1); p++) {
			const real *x = rank ? planes + p * filter->plane : in;
			const real *weight = filter->weight + p * around * taps * ROWS;
			for (size_t a = 0; a < filter->kh + outputs - 1; a++) {
				if (row[r + a] == DIRECT_FILTER_NONE)
					continue;
				size_t first = a < filter->kh ? 0 : a - filter->kh + 1;
				size_t end = a + 1 < outputs ? a + 1 : outputs;
				source[sources++] = (struct source){x + row[r + a] * stride,
				    weight + a * taps * ROWS, RANGE(first, end)};
			}
		}
		add_sources(source, sources, taps, filter->blocks, out + r * filter->out_stride,
		    filter->out_stride, outputs);
	}
}

void direct_filter_free(struct direct_filter *filter)
{
	if (!filter)
		return;
	free(filter->across);
	free(filter->weight);
	free(filter);
}
