/* The regression behind Q_inv and the ceiling: sums over taps on a grid, Gaussian weights, least squares at every node. */
#include "kernel/invariant_fit.h"
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/vector.h"
#include "kernel/units.h"

#define PI M_PI
#define SCALES 6 /* of widths */
#define MOST_ANGLES 64
#define LANES ((size_t)16)

typedef float vector __attribute__((vector_size(64), aligned(4), may_alias));

/* what a cell sums over its taps: c, s cosine and sine of dphase; then w, w c, w s for each weight */
enum { N, C, S, CC, CS, DESIGN, TERMS = 3 };

struct invariant {
	double step;                                      /* px */
	size_t weights, angles, half, side, plane, cells; /* cells: angles x side x side */
	float *sums, *held;                               /* (DESIGN + TERMS weights, cells) */
	float *design;                                    /* (DESIGN, cells): of sums, weighted */
	float *rest, *top; /* (TERMS, cells): what is to be regressed, and weighted */
	float *work;       /* (2, cells + LANES) */
	float *matrix; /* (side, side up to whole LANES): weights between the columns of a row */
	float *place;  /* (weights, TERMS, cells): coefficients of 1, c, s */
	float *taps;   /* (cells, LANES): sums over taps of a cell, one after the other */
	float *node;   /* (cells, LANES): place, one node after the other */
};

struct invariant_width invariant_width(size_t width)
{
	static const double near[] = {.35, .5, .7, 1, 1.4, 2};
	double q = near[width % SCALES], per_px = width / SCALES % 2 ? 43 : 14;
	return (struct invariant_width){q, q * per_px * PI / 180, width < 2 * SCALES};
}

struct invariant *invariant_create(double reach, size_t weights, struct invariant_grid grid)
{
	struct invariant *p = mem_alloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->weights = weights;
	p->step = grid.step;
	p->angles = grid.angles;
	p->half = (size_t)ceil(reach / p->step) + 1;
	p->side = 2 * p->half + 1;
	p->plane = p->side * p->side;
	p->cells = p->angles * p->plane;
	size_t numbers = invariant_numbers(p);
	p->sums = mem_alloc(numbers + LANES, sizeof *p->sums);
	p->held = mem_alloc(numbers + LANES, sizeof *p->held);
	p->design = mem_alloc(DESIGN * p->cells + LANES, sizeof *p->design);
	p->rest = mem_alloc(TERMS * p->cells + LANES, sizeof *p->rest);
	p->top = mem_alloc(TERMS * p->cells + LANES, sizeof *p->top);
	p->work = mem_alloc(2 * (p->cells + LANES), sizeof *p->work);
	p->matrix = mem_alloc(p->side * (p->side + LANES), sizeof *p->matrix);
	p->place = mem_alloc(TERMS * weights * p->cells, sizeof *p->place);
	p->taps = mem_alloc(p->cells * LANES, sizeof *p->taps);
	p->node = mem_alloc(p->cells * LANES, sizeof *p->node);
	if (p->sums && p->held && p->design && p->rest && p->top && p->work && p->matrix &&
	    p->place && p->taps && p->node)
		return p;
	invariant_free(p);
	return NULL;
}

void invariant_free(struct invariant *p)
{
	if (!p)
		return;
	free(p->sums);
	free(p->held);
	free(p->design);
	free(p->rest);
	free(p->top);
	free(p->work);
	free(p->matrix);
	free(p->place);
	free(p->taps);
	free(p->node);
	free(p);
}

/* ---- sums over taps ---- */

size_t invariant_numbers(const struct invariant *p)
{
	return (DESIGN + TERMS * p->weights) * p->cells;
}

/* A pair's taps onto p->taps: 1, c, s, c c, c s, then y, y c, y s of each weight. less (weights, stride): taken off the weights;
 * NULL: nothing. */
FOR_AVX512 static void gather(struct invariant *p, const struct invariant_data *data, size_t pair,
    const float *less, size_t stride)
{
	const vector one = {1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1}, design = {1, 1, 1, 1, 1};
	const vector cosine = {0, 1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1};
	const vector sine = {0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1};
	const vector square = {0, 0, 0, 1}, product = {0, 0, 0, 0, 1};
	const vector of[INVARIANT_WEIGHTS] = {{0, 0, 0, 0, 0, 1, 1, 1},
	    {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1}};
	double angles = (double)p->angles, angle = floor((data->dtheta[pair] / PI + .5) * angles);
	size_t plane = (size_t)fmin(fmax(angle, 0), angles - 1) * p->plane;
	float middle = (float)p->half + .5F, scale = (float)(1 / p->step);
	for (size_t t = data->first[pair]; t < data->first[pair + 1]; t++) {
		const struct invariant_tap *tap = &data->tap[t];
		float c = tap->cosine, s = tap->sine;
		size_t column = (size_t)(tap->along * scale + middle);
		size_t row = (size_t)(tap->across * scale + middle);
		vector times = design;
		for (size_t w = 0; w < p->weights; w++)
			times +=
			    (tap->w[w] - (less ? less[w * stride + t - data->first[pair]] : 0)) *
			    of[w];
		*(vector *)(p->taps + (plane + row * p->side + column) * LANES) +=
		    times * (one + c * cosine + s * sine + c * c * square + c * s * product);
	}
}

/* sums = p->taps in either frame of the target, (q, s) and (-q, -s); p->taps becomes 0 */
static void turn(struct invariant *p, float *sums)
{
	for (size_t z = 0; z < p->angles; z++)
		for (size_t a = z * p->plane, b = a + p->plane - 1; a <= b; a++, b--)
			for (size_t k = 0; k < DESIGN + TERMS * p->weights; k++) {
				bool odd =
				    k < DESIGN ? k == S || k == CS : (k - DESIGN) % TERMS == 2;
				float sign = odd ? -1 : 1;
				float sum = p->taps[a * LANES + k] + sign * p->taps[b * LANES + k];
				sums[k * p->cells + a] = sum;
				sums[k * p->cells + b] = sign * sum;
			}
	memset(p->taps, 0, p->cells * LANES * sizeof *p->taps);
}

/* the second half of every plane from the first, of terms (TERMS, cells) */
static void other_end(const struct invariant *p, float *terms)
{
	for (size_t k = 0; k < TERMS; k++)
		for (size_t z = 0; z < p->angles; z++) {
			float *x = terms + k * p->cells + z * p->plane, sign = k == 2 ? -1 : 1;
			for (size_t a = 0, b = p->plane - 1; a < b; a++, b--)
				x[b] = sign * x[a];
		}
}

/* ---- weighting ---- */

/* exp(-x^2 / 2 sigma^2) at whole x up to 3 sigma, sigma in nodes; the last x */
static size_t bell(double sigma, size_t most, float *weight)
{
	size_t reach = (size_t)fmin(fmax(ceil(3 * sigma), 1), (double)most);
	for (size_t x = 0; x <= reach; x++)
		weight[x] = (float)exp(-(double)(x * x) / (2 * sigma * sigma));
	return reach;
}

/*
 * Sums are kept in registers, LANES at a time; what a row's last lanes read and write beyond it is put right by the next row, and
 * behind the last one there is room.
 */

/* out (rows, length) = in weighted along its rows, which end at their ends: matrix (length, padded) */
VECTOR_INLINE void along_rows(float *restrict out, const float *restrict in, size_t rows,
    size_t length, const float *matrix, size_t padded, size_t reach)
{
	for (size_t r = 0; r < rows; r++)
		for (size_t c = 0; c < length; c += LANES) {
			const float *x = in + r * length;
			vector sum = {0};
			size_t first = c > reach ? c - reach : 0, end = c + LANES + reach;
			for (size_t d = first; d < end && d < length; d++)
				sum += x[d] * *(const vector *)(matrix + d * padded + c);
			*(vector *)(out + r * length + c) = sum;
		}
}

/* the first `wanted` of rows of `inner` numbers, `stride` apart, weighted with their neighbours among `length` rows */
VECTOR_INLINE void across_rows(float *restrict out, const float *restrict in, size_t wanted,
    size_t length, size_t inner, size_t stride, const float *weight, size_t reach)
{
	for (size_t l = 0; l < wanted; l++)
		for (size_t c = 0; c < inner; c += LANES) {
			vector sum = {0};
			for (size_t m = l > reach ? l - reach : 0; m < length && m <= l + reach;
			     m++)
				sum += weight[m > l ? m - l : l - m] *
				       *(const vector *)(in + m * stride + c);
			*(vector *)(out + l * stride + c) = sum;
		}
}

/* Rows 0 to half of every plane: the others are the same from the other end. */
FOR_AVX512 static void weigh(
    const struct invariant *p, const struct invariant_width *width, const float *in, float *out)
{
	float near[64], angle[MOST_ANGLES];
	size_t reach = bell(width->near / p->step, 63, near), side = p->side;
	size_t turn = bell(width->angle * (double)p->angles / PI, p->angles - 1, angle);
	size_t wanted = p->half + 1, rows = wanted + reach < side ? wanted + reach : side;
	size_t padded = (side + LANES - 1) / LANES * LANES;
	float *a = p->work, *b = a + p->cells + LANES, *matrix = p->matrix;
	for (size_t d = 0; d < side; d++)
		for (size_t c = 0; c < padded; c++) {
			size_t apart = c > d ? c - d : d - c;
			matrix[d * padded + c] = apart <= reach ? near[apart] : 0;
		}
	for (size_t z = 0; z < p->angles; z++) {
		along_rows(a + z * p->plane, in + z * p->plane, rows, side, matrix, padded, reach);
		across_rows(
		    b + z * p->plane, a + z * p->plane, wanted, rows, side, side, near, reach);
	}
	across_rows(out, b, p->angles, p->angles, wanted * side, p->plane, angle, turn);
}

/* ---- regression ---- */

/* place (TERMS, cells) += the coefficients of the normal equations; a tap's worth of ridge keeps the phase terms bounded, and
 * where hardly a tap is near the weight is `base` */
FOR_AVX512 static void solve(size_t count, size_t cells, const float *g, const float *y, bool phase,
    float base, float *place)
{
#pragma omp simd
	for (size_t e = 0; e < count; e++) {
		float some = g[e] > .01F ? g[e] : 1, n = 1 / some, f = 0, h = 0, a = y[e] * n;
		if (phase) {
			float c = g[C * cells + e], s = g[S * cells + e];
			float cc = g[CC * cells + e] - c * c * n + 1;
			float cs = g[CS * cells + e] - c * s * n;
			float ss = g[e] - g[CC * cells + e] - s * s * n + 1;
			float det = 1 / (cc * ss - cs * cs);
			float yc = y[cells + e] - y[e] * c * n,
			      ys = y[2 * cells + e] - y[e] * s * n;
			f = (yc * ss - ys * cs) * det;
			h = (ys * cc - yc * cs) * det;
			a -= (f * c + h * s) * n;
		}
		bool there = g[e] > .01F;
		place[e] += there ? a : base;
		place[cells + e] += there ? f : 0;
		place[2 * cells + e] += there ? h : 0;
	}
}

/* what the coefficients leave of the sums g (DESIGN, cells), y (TERMS, cells) */
FOR_AVX512 static void leave(
    size_t count, size_t cells, const float *g, const float *y, const float *place, float *rest)
{
#pragma omp simd
	for (size_t e = 0; e < count; e++) {
		float a = place[e], b = place[cells + e], h = place[2 * cells + e];
		float n = g[e], c = g[C * cells + e], s = g[S * cells + e];
		float cc = g[CC * cells + e], cs = g[CS * cells + e];
		rest[e] = y[e] - a * n - b * c - h * s;
		rest[cells + e] = y[cells + e] - a * c - b * cc - h * cs;
		rest[2 * cells + e] = y[2 * cells + e] - a * s - b * cs - h * (n - cc);
	}
}

/* place += what the weighted sums p->top say, in the first half of every plane */
static void regress(const struct invariant *p, bool phase, float base, float *place)
{
	for (size_t z = 0; z < p->cells; z += p->plane)
		solve((p->plane + 1) / 2, p->cells, p->design + z, p->top + z, phase, base,
		    place + z);
}

/* p->place (first halves of planes) of weights `from` to `to` - 1 from p->sums, at one width */
static void fit(
    struct invariant *p, size_t from, size_t to, struct invariant_width wide, size_t passes)
{
	size_t cells = p->cells;
	double taps = 0;
	for (size_t e = 0; e < cells; e++)
		taps += (double)p->sums[e];
	for (size_t k = 0; k < (wide.phase ? DESIGN : 1); k++)
		weigh(p, &wide, p->sums + k * cells, p->design + k * cells);
	for (size_t w = from; w < to; w++) {
		const float *y = p->sums + (DESIGN + TERMS * w) * cells;
		float *place = p->place + TERMS * w * cells;
		double sum = 0;
		for (size_t e = 0; e < cells; e++)
			sum += (double)y[e];
		memset(place, 0, TERMS * cells * sizeof *place);
		for (size_t pass = 0; pass < passes; pass++) {
			for (size_t z = 0; z < cells && pass > 0; z += p->plane)
				leave((p->plane + 1) / 2, cells, p->sums + z, y + z, place + z,
				    p->rest + z);
			if (pass > 0)
				other_end(p, p->rest);
			for (size_t k = 0; k < (wide.phase ? TERMS : 1); k++)
				weigh(p, &wide, (pass > 0 ? p->rest : y) + k * cells,
				    p->top + k * cells);
			regress(
			    p, wide.phase, pass == 0 && taps > 0 ? (float)(sum / taps) : 0, place);
		}
	}
}

/* squared error on the sums `held`, but for the weights' own squares */
FOR_AVX512 static double squared_error(
    size_t count, size_t cells, const float *g, const float *y, const float *place)
{
	double sum = 0;
#pragma omp simd reduction(+ : sum)
	for (size_t e = 0; e < count; e++) {
		float a = place[e], b = place[cells + e], h = place[2 * cells + e];
		float n = g[e], c = g[C * cells + e], s = g[S * cells + e];
		float cc = g[CC * cells + e], cs = g[CS * cells + e];
		sum += (double)(a * a * n + b * b * cc + h * h * (n - cc) +
				2 * (a * b * c + a * h * s + b * h * cs) -
				2 * (a * y[e] + b * y[cells + e] + h * y[2 * cells + e]));
	}
	return sum;
}

static void both_ends(struct invariant *p)
{
	for (size_t w = 0; w < p->weights; w++)
		other_end(p, p->place + TERMS * w * p->cells);
	for (size_t e = 0; e < p->cells; e++)
		for (size_t k = 0; k < TERMS * p->weights; k++)
			p->node[e * LANES + k] = p->place[k * p->cells + e];
}

/* ---- the width ---- */

#define USUAL 2 /* .7 px, 10 degrees */

typedef double errors[INVARIANT_WEIGHTS][INVARIANT_WIDTHS];

/* errors of a width on p->held, learnt from p->sums */
static void try(struct invariant *p, size_t width, errors error)
{
	size_t cells = p->cells;
	fit(p, 0, p->weights, invariant_width(width), 2);
	for (size_t w = 0; w < p->weights; w++)
		for (size_t z = 0; z < cells; z += p->plane)
			error[w][width] += squared_error((p->plane + 1) / 2, cells, p->held + z,
			    p->held + (DESIGN + TERMS * w) * cells + z,
			    p->place + TERMS * w * cells + z);
}

void invariant_add(struct invariant *p, const struct invariant_data *data, size_t pair)
{
	gather(p, data, pair, NULL, 0);
}

void invariant_take(struct invariant *p, float *sums)
{
	turn(p, sums);
}

float *invariant_sums(struct invariant *p)
{
	return p->sums;
}

void invariant_fit(struct invariant *p, const size_t *width)
{
	for (size_t w = 0, next; w < p->weights; w = next) {
		for (next = w + 1; next < p->weights && width[next] == width[w];)
			next++;
		fit(p, w, next, invariant_width(width[w]), 2);
	}
	both_ends(p);
}

int invariant_choose(struct invariant *p, invariant_split *split, void *argument, size_t *width)
{
	errors error = {{0}};
	bool wanted[INVARIANT_WIDTHS] = {0};
	/* the scale first, then at the scale that is best for some weight whatever else there is */
	for (size_t stage = 0; stage < 2; stage++) {
		size_t tried = 0;
		for (size_t k = 0; k < INVARIANT_WIDTHS && stage == 0; k++)
			wanted[k] = k < SCALES;
		for (size_t k = 0; k < INVARIANT_WIDTHS && stage == 1; k++) {
			wanted[k] = false;
			for (size_t w = 0; w < p->weights; w++)
				wanted[k] = wanted[k] || (k >= SCALES && k % SCALES == width[w]);
		}
		for (size_t s = 0; s < INVARIANT_SPLITS; s++) {
			int there = split(s, p->sums, p->held, argument);
			if (there < 0)
				return -1;
			for (size_t k = 0; k < INVARIANT_WIDTHS && there; k++)
				if (wanted[k])
					try(p, k, error);
			tried += there > 0;
		}
		for (size_t w = 0; w < p->weights; w++) {
			width[w] = stage ? width[w] : USUAL;
			/* a width that was not tried has no error, and noise makes those of all others positive */
			for (size_t k = 0; k < INVARIANT_WIDTHS && tried; k++)
				if ((k < SCALES || wanted[k]) && error[w][k] < error[w][width[w]])
					width[w] = k;
		}
	}
	return 0;
}

/* ---- from pairs ---- */

struct training {
	struct invariant *predictor;
	const struct invariant_data *data;
	const size_t *pair, *fold; /* fold: of the units */
	size_t count;
};

static int split_pairs(size_t split, float *train, float *held, void *argument)
{
	const struct training *t = argument;
	const struct invariant_data *data = t->data;
	size_t pairs[2] = {0};
	for (size_t inside = 0; inside < 2; inside++) {
		for (size_t q = 0; q < t->count; q++) {
			bool target = t->fold[data->target[t->pair[q]]] / 2 == split;
			bool source = t->fold[data->source[t->pair[q]]] / 2 == split;
			if (target != source || target != inside)
				continue;
			gather(t->predictor, data, t->pair[q], NULL, 0);
			pairs[inside]++;
		}
		turn(t->predictor, inside ? held : train);
	}
	return pairs[0] > 0 && pairs[1] > 0;
}

int invariant_learn(struct invariant *p, const struct invariant_data *data, const size_t *pair,
    size_t count, size_t *width)
{
	size_t *fold = mem_alloc(data->units, sizeof *fold), units = 0;
	if (!fold)
		return -1;
	/* the pairs' units in their order, one after the other; the others are in no fold */
	for (size_t q = 0; q < count; q++)
		fold[data->target[pair[q]]] = fold[data->source[pair[q]]] = 1;
	for (size_t i = 0; i < data->units; i++)
		fold[i] = fold[i] ? units++ % INVARIANT_FOLDS : SIZE_MAX;
	struct training training = {p, data, pair, fold, count};
	int status = invariant_choose(p, split_pairs, &training, width);
	free(fold);
	for (size_t q = 0; q < count; q++)
		gather(p, data, pair[q], NULL, 0);
	turn(p, p->sums);
	invariant_fit(p, width);
	return status;
}

/* ---- between the nodes ---- */

FOR_AVX512 void invariant_predict(const struct invariant *p, const struct invariant_data *data,
    size_t pair, size_t stride, float *out)
{
	double angles = (double)p->angles;
	double z = fmin(fmax((data->dtheta[pair] / PI + .5) * angles - .5, 0), angles - 1);
	size_t low = (size_t)fmin(floor(z), angles - 2), side = p->side;
	float up = (float)(z - (double)low), middle = (float)p->half, scale = (float)(1 / p->step);
	for (size_t t = data->first[pair], at = 0; t < data->first[pair + 1]; t++, at++) {
		const struct invariant_tap *tap = &data->tap[t];
		float x = tap->along * scale + middle;
		float y = tap->across * scale + middle;
		size_t column = (size_t)x, row = (size_t)y;
		float u = x - (float)column, v = y - (float)row;
		const vector *a = (const vector *)p->node + (low * side + row) * side + column;
		const vector *b = a + p->plane;
		float c = tap->cosine, s = tap->sine;
		vector first = (1 - v) * ((1 - u) * a[0] + u * a[1]) +
			       v * ((1 - u) * a[side] + u * a[side + 1]);
		vector second = (1 - v) * ((1 - u) * b[0] + u * b[1]) +
				v * ((1 - u) * b[side] + u * b[side + 1]);
		vector sum = (1 - up) * first + up * second;
		for (size_t w = 0; w < p->weights; w++)
			out[w * stride + at] =
			    sum[TERMS * w] + c * sum[TERMS * w + 1] + s * sum[TERMS * w + 2];
	}
}

int invariant_sharpen(
    struct invariant *p, const struct invariant_data *data, const size_t *pair, size_t count)
{
	struct invariant_width sharp = {.5, 7 * PI / 180, true};
	size_t most = 0, cells = p->cells;
	for (size_t q = 0; q < count; q++) {
		size_t taps = data->first[pair[q] + 1] - data->first[pair[q]];
		most = taps > most ? taps : most;
	}
	float *value = mem_alloc(p->weights * most, sizeof *value);
	if (!value)
		return -1;
	fit(p, 0, p->weights, sharp, INVARIANT_PASSES);
	both_ends(p);
	for (size_t pass = 0; pass < INVARIANT_PASSES; pass++) {
		for (size_t q = 0; q < count; q++) {
			invariant_predict(p, data, pair[q], most, value);
			gather(p, data, pair[q], value, most);
		}
		turn(p, p->held);
		for (size_t w = 0; w < p->weights; w++) {
			const float *y = p->held + (DESIGN + TERMS * w) * cells;
			for (size_t k = 0; k < TERMS; k++)
				weigh(p, &sharp, y + k * cells, p->top + k * cells);
			regress(p, true, 0, p->place + TERMS * w * cells);
		}
		both_ends(p);
	}
	free(value);
	return 0;
}
