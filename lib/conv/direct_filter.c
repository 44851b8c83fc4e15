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
typedef real vector __attribute__((vector_size(VECTOR_BYTES)));

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
#define ADD(q)                                                                                     \
	do {                                                                                       \
		left##q += weight[q] * x0;                                                         \
		right##q += weight[q] * x1;                                                        \
	} while (0)
/* the sources from i on that add to these outputs */
#define ADDING(first, end, ...)                                                                    \
	case RANGE(first, end):                                                                    \
		do {                                                                               \
			const real *x = source[i].x + at, *weight = source[i].weight;              \
			size_t t = taps;                                                           \
			do {                                                                       \
				vector x0, x1;                                                     \
				memcpy(&x0, x, sizeof x0);                                         \
				memcpy(&x1, x + VECTOR, sizeof x1);                                \
				__VA_ARGS__;                                                       \
				x++;                                                               \
				weight += ROWS;                                                    \
			} while (--t);                                                             \
		} while (++i < sources && source[i].range == RANGE(first, end));                   \
		break
#define KEEP(q)                                                                                    \
	do {                                                                                       \
		memcpy(out + (q)*out_step, &left##q, sizeof left##q);                              \
		memcpy(out + (q)*out_step + VECTOR, &right##q, sizeof right##q);                   \
	} while (0)

/* Blocks side by side: `outputs` rows, out_step apart. */
FOR_FMA static void add_sources(const struct source *source, size_t sources, size_t taps,
    size_t blocks, real *out, size_t out_step, size_t outputs)
{
	for (size_t at = 0; at < blocks * BLOCK; at += BLOCK, out += BLOCK) {
		vector left0 = {0}, left1 = {0}, left2 = {0}, left3 = {0};
		vector right0 = {0}, right1 = {0}, right2 = {0}, right3 = {0};
		for (size_t i = 0; i < sources;) {
			switch (source[i].range) {
				ADDING(0, 4, ADD(0); ADD(1); ADD(2); ADD(3));
				ADDING(0, 3, ADD(0); ADD(1); ADD(2));
				ADDING(0, 2, ADD(0); ADD(1));
				ADDING(0, 1, ADD(0));
				ADDING(1, 4, ADD(1); ADD(2); ADD(3));
				ADDING(1, 3, ADD(1); ADD(2));
				ADDING(1, 2, ADD(1));
				ADDING(2, 4, ADD(2); ADD(3));
				ADDING(2, 3, ADD(2));
				ADDING(3, 4, ADD(3));
			}
		}
		switch (outputs) {
		case 4:
			KEEP(3); /* fall through */
		case 3:
			KEEP(2); /* fall through */
		case 2:
			KEEP(1); /* fall through */
		default:
			KEEP(0);
		}
	}
}

/* A row of two products: four vectors of outputs each, or as many of one. */
#define ALONG(i)                                                                                   \
	do {                                                                                       \
		vector part;                                                                       \
		memcpy(&part, from + t + (i)*VECTOR, sizeof part);                                 \
		one##i += first * part;                                                            \
		if (two)                                                                           \
			two##i += second * part;                                                   \
	} while (0)
#define KEEP_ALONG(i)                                                                              \
	do {                                                                                       \
		memcpy(out + at + (i)*VECTOR, &one##i, sizeof one##i);                             \
		if (two)                                                                           \
			memcpy(out + plane + at + (i)*VECTOR, &two##i, sizeof two##i);             \
	} while (0)
static inline __attribute__((always_inline)) void add_along(const real *x, const real *weight,
    size_t taps, size_t width, real *out, size_t plane, const bool two)
{
	for (size_t block = 0; block < width; block += 2 * BLOCK) {
		/* the last block overlaps the one before where the width is no multiple of it */
		size_t at = block + 2 * BLOCK > width ? width - 2 * BLOCK : block;
		const real *from = x + at;
		vector one0 = {0}, one1 = {0}, one2 = {0}, one3 = {0};
		vector two0 = {0}, two1 = {0}, two2 = {0}, two3 = {0};
		for (size_t t = 0; t < taps; t++) {
			real first = weight[t * ROWS], second = two ? weight[t * ROWS + 1] : 0;
			ALONG(0);
			ALONG(1);
			ALONG(2);
			ALONG(3);
		}
		KEEP_ALONG(0);
		KEEP_ALONG(1);
		KEEP_ALONG(2);
		KEEP_ALONG(3);
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

static int fill(struct direct_filter *sums, const double *kernel, const double *columns, const double *rows)
{
	size_t kh = sums->kh, kw = sums->kw, rank = sums->rank, taps = rank ? 1 : kw;
	size_t around = kh + ROWS - 1;
	sums->weight = mem_alloc((rank ? rank : 1) * around * taps * ROWS, sizeof *sums->weight);
	sums->across = rank ? mem_alloc(kw * ROWS, sizeof *sums->across) : NULL;
	if (!sums->weight || (rank && !sums->across))
		return -1;
	for (size_t p = 0; p < rank; p++)
		for (size_t b = 0; b < kw; b++)
			sums->across[b * ROWS + p] = (real)rows[p * kw + b];
	for (size_t p = 0; p < (rank ? rank : 1); p++)
		for (size_t a = 0; a < kh; a++)
			for (size_t q = 0; q < ROWS; q++)
				for (size_t t = 0; t < taps; t++) {
					double weight =
					    rank ? columns[p * kh + a] : kernel[a * kw + t];
					size_t row = p * around + a + q;
					sums->weight[(row * taps + t) * ROWS + q] = (real)weight;
				}
	return 0;
}

struct direct_filter *direct_filter_plan(
    size_t w, size_t inputs, size_t kh, size_t kw, const double *kernel, bool separable)
{
	struct direct_filter *sums = calloc(1, sizeof *sums);
	double *columns = mem_alloc(DIRECT_FILTER_RANK_MAX * kh, sizeof *columns);
	double *rows = mem_alloc(DIRECT_FILTER_RANK_MAX * kw, sizeof *rows);
	int status = sums && columns && rows ? 0 : err_set("correlation: no room for its plan");
	if (status == 0) {
		sums->kh = kh;
		sums->kw = kw;
		sums->blocks = (w + BLOCK - 1) / BLOCK;
		if (separable && sums->blocks < 2)
			sums->blocks = 2;
		/* an odd number of cache lines apart, rows fall on different places of the caches */
		size_t line = 64 / sizeof(real);
		sums->out_stride = ((sums->blocks * BLOCK + line - 1) / line | 1) * line;
		sums->in_stride = ((sums->blocks * BLOCK + kw - 1 + line - 1) / line | 1) * line;
		sums->inputs = inputs;
		sums->plane = inputs * sums->out_stride;
		int rank = separable ? direct_filter_rank(kh, kw, kernel, columns, rows) : 0;
		if (rank < 0)
			status = -1;
		else if (separable && !rank)
			status = err_set(
			    "correlation: the kernel is not a sum of %d products", DIRECT_FILTER_RANK_MAX);
		sums->rank = rank > 0 ? (size_t)rank : 0;
	}
	if (status == 0)
		status = fill(sums, kernel, columns, rows);
	free(columns);
	free(rows);
	if (status < 0) {
		direct_filter_free(sums);
		return NULL;
	}
	return sums;
}

size_t direct_filter_in_stride(const struct direct_filter *sums)
{
	return sums->in_stride;
}

size_t direct_filter_out_stride(const struct direct_filter *sums)
{
	return sums->out_stride;
}

static size_t sources_most(const struct direct_filter *sums)
{
	return (sums->rank ? sums->rank : 1) * (sums->kh + ROWS - 1);
}

/* in numbers, the list of sources rounded up to whole cache lines */
static size_t sources_room(const struct direct_filter *sums)
{
	return (sources_most(sums) * sizeof(struct source) + 63) / 64 * (64 / sizeof(real));
}

size_t direct_filter_scratch(const struct direct_filter *sums)
{
	return sources_room(sums) + sums->rank * sums->plane;
}

void direct_filter_exec(const struct direct_filter *sums, const real *in, size_t inputs, const size_t *row, size_t h,
    real *out, real *scratch)
{
	size_t rank = sums->rank, taps = rank ? 1 : sums->kw, around = sums->kh + ROWS - 1;
	struct source *source = (struct source *)scratch;
	real *planes = scratch + sources_room(sums);
	size_t width = sums->blocks * BLOCK;
	for (size_t i = 0; rank && i < inputs; i++) {
		const real *x = in + i * sums->in_stride;
		real *to = planes + i * sums->out_stride;
		for (size_t p = 0; p < rank; p += 2) {
			if (p + 1 < rank)
				along_two(x, sums->across + p, sums->kw, width,
				    to + p * sums->plane, sums->plane);
			else
				along_one(
				    x, sums->across + p, sums->kw, width, to + p * sums->plane);
		}
	}
	size_t stride = rank ? sums->out_stride : sums->in_stride;
	for (size_t r = 0; r < h; r += ROWS) {
		size_t outputs = h - r < ROWS ? h - r : ROWS, sources = 0;
		for (size_t p = 0; p < (rank ? rank : 1); p++) {
			const real *x = rank ? planes + p * sums->plane : in;
			const real *weight = sums->weight + p * around * taps * ROWS;
			for (size_t a = 0; a < sums->kh + outputs - 1; a++) {
				if (row[r + a] == DIRECT_FILTER_NONE)
					continue;
				size_t first = a < sums->kh ? 0 : a - sums->kh + 1;
				size_t end = a + 1 < outputs ? a + 1 : outputs;
				source[sources++] = (struct source){x + row[r + a] * stride,
				    weight + a * taps * ROWS, RANGE(first, end)};
			}
		}
		add_sources(source, sources, taps, sums->blocks, out + r * sums->out_stride,
		    sums->out_stride, outputs);
	}
}

void direct_filter_free(struct direct_filter *sums)
{
	if (!sums)
		return;
	free(sums->across);
	free(sums->weight);
	free(sums);
}
