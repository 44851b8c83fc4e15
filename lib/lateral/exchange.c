#include "lateral/exchange.h"
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/random.h"
#include "base/threads.h"
#include "fit/vector.h"
#include "stats/resample.h"

enum {
	KERNELS = EXCHANGE_KERNELS,
	ROWS = EXCHANGE_ROWS,
	FOLDS = 6,
	ANGLES = 12,
	REACH = 2, /* px, of the weighting */
	LANES = 8,
	DENSITIES = 16, /* orders that N is the mean of */
	MOST = EXCHANGE_TAPS,
};
#define SIGMA .7 /* px */

/* of a cell: w, w c, w s of each kernel, c and s cosine and sine of dphase */
typedef float vector __attribute__((vector_size(LANES * sizeof(float)), may_alias));
typedef uint32_t mask __attribute__((vector_size(LANES * sizeof(uint32_t))));
static const mask frames[2] = {{0}, {0, 0, 0x80000000, 0, 0, 0x80000000}};

/* a row's columns whose Delta is inside the disc */
struct strip {
	uint32_t from, to;
};

struct space {
	const struct lateral *set;
	size_t kernels;
	uint64_t seed;
	/* cells: ANGLES x plane; a plane is half of side x side: the other half are the same places from the target's other end */
	size_t half, side, plane, cells;
	size_t folds, blocks; /* blocks: of pairs by the folds of their units */
	size_t *fold;         /* (n) */
	size_t *pair;         /* (n (n - 1)): pairs i != j by block */
	size_t *block;        /* (blocks + 1): where a block's pairs begin */
	size_t *start;        /* (n n): where a pair's taps begin in w */
	struct strip *strip;  /* (n, n, k) */
	float *cosine, *sine; /* (n) of theta */
	float *
	    wave; /* (n, n, 4, k): e^{i phase_x column}, e^{i phase_y row}, re and im, from the middle */
	float *w
	    [KERNELS]; /* taps inside the disc, less their mean; all 0 where there is no such kernel */
	double squares[KERNELS];
	float *density[ROWS]; /* (cells): 1 / N; 0 where no tap ever is */
	double *out;
};

struct scratch {
	vector *grid[ROWS];  /* (blocks, cells) */
	vector *sum, *a, *b; /* (cells); two of (ANGLES, side, side) */
	uint32_t
	    *cell[ROWS]; /* (taps): of the pair at hand, twice the cell, plus 1 for the other end */
	float *c, *s;    /* (taps) */
};

static size_t block_of(size_t g, size_t h)
{
	size_t low = g < h ? g : h, high = g < h ? h : g;
	return high * (high + 1) / 2 + low;
}

static void space_free(struct space *space)
{
	free(space->fold);
	free(space->pair);
	free(space->block);
	free(space->start);
	free(space->strip);
	free(space->cosine);
	free(space->wave);
	free(space->w[0]);
	free(space->density[0]);
}

/* folds, and pairs in the order of their blocks */
static int draw_folds(struct space *space)
{
	size_t n = space->set->n, *order = mem_alloc(n, sizeof(*order)), at = 0;
	if (!order)
		return -1;
	struct rng rng = rng_start(space->seed, RNG_HALVES, 1, 0);
	rng_permutation(&rng, order, n);
	for (size_t i = 0; i < n; i++)
		space->fold[order[i]] = i % space->folds;
	free(order);
	for (size_t b = 0; b < space->blocks; b++) {
		space->block[b] = at;
		for (size_t p = 0; p < n * n; p++)
			if (p / n != p % n && block_of(space->fold[p / n], space->fold[p % n]) == b)
				space->pair[at++] = p;
	}
	space->block[space->blocks] = at;
	return 0;
}

/* of the pairs that a share of the hashes lies below */
static size_t find_strips(struct space *space, double share)
{
	const struct lateral *set = space->set;
	size_t n = set->n, k = set->k, total = 0;
	double radius = (double)(k / 2) + .5;
	memset(space->strip, 0, n * n * k * sizeof(*space->strip));
	for (size_t p = 0; p < n * n; p++) {
		bool out = p / n == p % n ||
			   rng_hash(space->seed, RNG_PERMUTATION, p) >= share * 4294967296.;
		space->start[p] = total;
		for (size_t r = 0; r < k && !out; r++) {
			double y = set->dy[r * k] + set->pair[p].y;
			struct strip strip = {0, 0};
			for (size_t c = 0; c < k; c++) {
				double x = set->dx[c] + set->pair[p].x;
				if (x * x + y * y > radius * radius)
					continue;
				strip.from = strip.to ? strip.from : (uint32_t)c;
				strip.to = (uint32_t)c + 1;
			}
			space->strip[p * k + r] = strip;
			total += strip.to - strip.from;
		}
	}
	return total;
}

/* Weights in single precision, less their mean, the largest 1: T over sum w^2 has no scale. */
static int take_weights(struct space *space, const double *const *w)
{
	size_t n = space->set->n, k = space->set->k, total = find_strips(space, 1);
	if (total > MOST)
		total = find_strips(space, (double)MOST / (double)total);
	space->w[0] = mem_alloc(KERNELS * total, sizeof(float));
	if (!space->w[0])
		return -1;
	for (size_t q = 0; q < KERNELS; q++) {
		double sum = 0, largest = 0, squares = 0;
		size_t at = 0;
		space->w[q] = space->w[0] + q * total;
		for (int pass = 0; pass < 3 && q < space->kernels; pass++)
			for (size_t s = 0; s < n * n * k; s++)
				for (size_t c = space->strip[s].from; c < space->strip[s].to; c++) {
					double x = w[q][s * k + c] - sum / (double)total;
					if (pass == 0)
						sum += w[q][s * k + c];
					else if (pass == 1)
						largest = fmax(largest, fabs(x));
					else if (largest > 0)
						squares += pow((double)(space->w[q][at++] =
									    (float)(x / largest)),
						    2);
				}
		space->squares[q] = squares;
	}
	return 0;
}

static void describe_waves(struct space *space)
{
	const struct lateral *set = space->set;
	size_t k = set->k;
	for (size_t p = 0; p < set->n * set->n; p++) {
		float *wave = space->wave + p * 4 * k;
		for (size_t c = 0; c < k; c++) {
			double x = set->pair[p].phase_x * set->dx[c];
			double y = set->pair[p].phase_y * set->dy[c * k];
			wave[c] = (float)cos(x);
			wave[k + c] = (float)sin(x);
			wave[2 * k + c] = (float)cos(y);
			wave[3 * k + c] = (float)sin(y);
		}
	}
	for (size_t i = 0; i < set->n; i++) {
		space->cosine[i] = (float)cos(set->unit[i].gabor.theta);
		space->sine[i] = (float)sin(set->unit[i].gabor.theta);
	}
}

static int space_make(struct space *space, const double *const *w)
{
	const struct lateral *set = space->set;
	size_t n = set->n;
	space->folds = n < FOLDS ? n : FOLDS;
	space->blocks = space->folds * (space->folds + 1) / 2;
	space->half = set->k / 2 + 1;
	space->side = 2 * space->half + 1;
	space->plane = (space->side * space->side + 1) / 2;
	space->cells = ANGLES * space->plane;
	space->fold = mem_alloc(n, sizeof(*space->fold));
	space->pair = mem_alloc(n * n, sizeof(*space->pair));
	space->block = mem_alloc(space->blocks + 1, sizeof(*space->block));
	space->start = mem_alloc(n * n, sizeof(*space->start));
	space->strip = mem_alloc(n * n * set->k, sizeof(*space->strip));
	space->cosine = mem_alloc(2 * n, sizeof(*space->cosine));
	space->wave = mem_alloc(n * n * 4 * set->k, sizeof(*space->wave));
	space->density[0] = mem_alloc(ROWS * space->cells, sizeof(float));
	if (!space->fold || !space->pair || !space->block || !space->start || !space->strip ||
	    !space->cosine || !space->wave || !space->density[0])
		return -1;
	space->density[1] = space->density[0] + space->cells;
	space->sine = space->cosine + n;
	describe_waves(space);
	return draw_folds(space) || take_weights(space, w) ? -1 : 0;
}

static void scratch_free(struct scratch *scratch)
{
	free(scratch->grid[0]);
	free(scratch->sum);
	free(scratch->a);
	free(scratch->cell[0]);
	free(scratch->c);
}

static int scratch_make(struct scratch *scratch, const struct space *space)
{
	size_t taps = space->set->taps, full = ANGLES * space->side * space->side;
	scratch->grid[0] = mem_alloc(ROWS * space->blocks * space->cells, sizeof(vector));
	scratch->sum = mem_alloc(space->cells, sizeof(vector));
	scratch->a = mem_alloc(2 * full, sizeof(vector));
	scratch->cell[0] = mem_alloc(ROWS * taps, sizeof(uint32_t));
	scratch->c = mem_alloc(2 * taps, sizeof(float));
	if (!scratch->grid[0] || !scratch->sum || !scratch->a || !scratch->cell[0] || !scratch->c)
		return -1;
	scratch->grid[1] = scratch->grid[0] + space->blocks * space->cells;
	scratch->b = scratch->a + full;
	scratch->cell[1] = scratch->cell[0] + taps;
	scratch->s = scratch->c + taps;
	return 0;
}

/* cell of (column, row) in a plane of `side`, seen from the end that puts it into the first half */
VECTOR_INLINE uint32_t place(int plane, int side, int middle, float x, float y)
{
	int at = (int)y * side + (int)x, end = at > middle;
	return (uint32_t)(2 * (plane + (end ? 2 * middle - at : at)) + end);
}

/* The taps inside the disc of the pair at (i, j) when its units carry the Gabors of a and b: cells, cosine and sine of
 * dphase; how many. */
VECTOR_INLINE size_t trace(
    const struct space *space, size_t i, size_t j, size_t a, size_t b, struct scratch *scratch)
{
	const struct lateral *set = space->set;
	size_t n = set->n, k = set->k, m = 0;
	const struct lateral_pair *where = &set->pair[i * n + j], *label = &set->pair[a * n + b];
	const struct strip *strip = space->strip + (i * n + j) * k;
	const float *columns = space->wave + (a * n + b) * 4 * k, *rows = columns + 2 * k;
	double bin = floor((label->dtheta / LATERAL_PI + .5) * ANGLES);
	int plane = (int)fmin(fmax(bin, 0), ANGLES - 1) * (int)space->plane;
	int side = (int)space->side, middle = (int)space->plane - 1;
	float co = space->cosine[a], si = space->sine[a];
	float half = (float)space->half + .5F, x = (float)(where->x - (double)(k / 2));
	double phase = label->phase + label->phase_x * where->x + label->phase_y * where->y;
	float pc = (float)cos(phase), ps = (float)sin(phase);
	for (size_t r = 0; r < k; r++) {
		size_t from = strip[r].from, width = strip[r].to - from;
		const float *wc = columns + from, *ws = wc + k;
		uint32_t *turned = scratch->cell[0] + m, *still = scratch->cell[1] + m;
		float *c = scratch->c + m, *s = scratch->s + m;
		float rc = pc * rows[r] - ps * rows[k + r], rs = ps * rows[r] + pc * rows[k + r];
		float y = (float)(set->dy[r * k] + where->y), left = x + (float)from;
		float qx = co * left + si * y + half, qy = -si * left + co * y + half;
#pragma omp simd
		for (size_t t = 0; t < width; t++) {
			float step = (float)(int)t;
			turned[t] = place(plane, side, middle, qx + co * step, qy - si * step);
			still[t] = place(plane, side, middle, left + half + step, y + half);
			c[t] = rc * wc[t] - rs * ws[t];
			s[t] = rs * wc[t] + rc * ws[t];
		}
		m += width;
	}
	return m;
}

/* sums of every block; counts instead of weights (in the first lane) where `count` */
VECTOR_CLONES static void fill(
    const struct space *space, const size_t *order, bool count, struct scratch *scratch)
{
	const vector first = {1, 1, 1}, second = {0, 0, 0, 1, 1, 1};
	const vector one = {1, 0, 0, 1}, cosine = {0, 1, 0, 0, 1}, sine = {0, 0, 1, 0, 0, 1};
	size_t n = space->set->n;
	memset(scratch->grid[0], 0, ROWS * space->blocks * space->cells * sizeof(vector));
	for (size_t block = 0; block < space->blocks; block++) {
		vector *turned = scratch->grid[0] + block * space->cells;
		vector *still = scratch->grid[1] + block * space->cells;
		for (size_t q = space->block[block]; q < space->block[block + 1]; q++) {
			size_t p = space->pair[q], i = p / n, j = p % n;
			const float *w = space->w[0] + space->start[p];
			const float *v = space->w[1] + space->start[p];
			size_t m =
			    trace(space, i, j, order ? order[i] : i, order ? order[j] : j, scratch);
			const uint32_t *there = scratch->cell[0], *here = scratch->cell[1];
			for (size_t t = 0; t < m; t++) {
				vector x = (w[t] * first + v[t] * second) *
					   (one + scratch->c[t] * cosine + scratch->s[t] * sine);
				if (count)
					x = one;
				turned[there[t] / 2] += (vector)((mask)x ^ frames[there[t] & 1]);
				still[here[t] / 2] += (vector)((mask)x ^ frames[here[t] & 1]);
			}
		}
	}
}

/* out (cells) = W in (cells): in both frames, weighted along columns, rows and dtheta */
VECTOR_INLINE void weigh(
    const struct space *space, const vector *in, struct scratch *scratch, vector *out)
{
	const vector odd = {1, 1, -1, 1, 1, -1};
	float near[REACH + 1];
	size_t side = space->side, half = space->half, full = side * side, rows = half + 1 + REACH;
	vector *a = scratch->a, *b = scratch->b;
	for (size_t d = 0; d <= REACH; d++)
		near[d] = (float)exp(-(double)(d * d) / (2 * SIGMA * SIGMA));
	for (size_t z = 0; z < ANGLES; z++) {
		const vector *from = in + z * space->plane;
		vector *x = a + z * full, *y = b + z * full;
		for (size_t p = 0; p < space->plane; p++) {
			x[p] = from[p];
			x[full - 1 - p] = odd * from[p];
		}
		/* the middle is its own other end */
		x[space->plane - 1] = from[space->plane - 1] + odd * from[space->plane - 1];
		rows = rows < side ? rows : side;
		for (size_t r = 0; r < rows; r++)
			for (size_t c = 0; c < side; c++) {
				vector sum = near[0] * x[r * side + c];
				for (size_t d = 1; d <= REACH; d++) {
					if (c >= d)
						sum += near[d] * x[r * side + c - d];
					if (c + d < side)
						sum += near[d] * x[r * side + c + d];
				}
				y[r * side + c] = sum;
			}
		for (size_t r = 0; r <= half; r++)
			for (size_t c = 0; c < side; c++) {
				vector sum = near[0] * y[r * side + c];
				for (size_t d = 1; d <= REACH; d++) {
					if (r >= d)
						sum += near[d] * y[(r - d) * side + c];
					if (r + d < rows)
						sum += near[d] * y[(r + d) * side + c];
				}
				x[r * side + c] = sum;
			}
	}
	for (size_t z = 0; z < ANGLES; z++)
		for (size_t p = 0; p < space->plane; p++) {
			vector sum = a[z * full + p];
			if (z > 0)
				sum += .25F * a[(z - 1) * full + p];
			if (z + 1 < ANGLES)
				sum += .25F * a[(z + 1) * full + p];
			out[z * space->plane + p] = sum;
		}
}

/* sum over cells of x (W x) / N, by kernel, times sign onto out */
VECTOR_INLINE void form(const struct space *space, size_t row, const vector *x, double sign,
    struct scratch *scratch, double out[KERNELS])
{
	const vector phase = {1, 2, 2, 1, 2, 2};
	vector sum = {0};
	vector *weighed = scratch->b;
	weigh(space, x, scratch, weighed);
	for (size_t e = 0; e < space->cells; e++)
		sum += space->density[row][e] * phase * x[e] * weighed[e];
	out[0] += sign * (double)(sum[0] + sum[1] + sum[2]);
	out[1] += sign * (double)(sum[3] + sum[4] + sum[5]);
}

/*
 * With x_gh the sums of block (g, h), A all of them and R_g those with fold g, block (g, h) meets A - R_g - R_h + x_gh, without
 * the last two where g = h. Over all blocks the forms add up to A A - sum_g R_g R_g + sum_{g < h} x_gh x_gh.
 */
VECTOR_CLONES static void statistic(
    const struct space *space, size_t row, struct scratch *scratch, double out[KERNELS])
{
	vector *sum = scratch->sum;
	out[0] = out[1] = 0;
	for (size_t g = 0; g <= space->folds; g++) {
		memset(sum, 0, space->cells * sizeof *sum);
		for (size_t b = 0, high = 0; high < space->folds; high++)
			for (size_t low = 0; low <= high; low++, b++) {
				const vector *x = scratch->grid[row] + b * space->cells;
				if (g < space->folds && g != low && g != high)
					continue;
				for (size_t e = 0; e < space->cells; e++)
					sum[e] += x[e];
				if (g == space->folds && low != high)
					form(space, row, x, 1, scratch, out);
			}
		form(space, row, sum, g < space->folds ? -1 : 1, scratch, out);
	}
}

struct job {
	struct space *space;
	struct scratch *scratch; /* (threads) */
};

VECTOR_CLONES static void add_density(
    const struct space *space, size_t row, struct scratch *scratch)
{
	memset(scratch->sum, 0, space->cells * sizeof(vector));
	for (size_t b = 0; b < space->blocks; b++)
		for (size_t e = 0; e < space->cells; e++)
			scratch->sum[e] += scratch->grid[row][b * space->cells + e];
	weigh(space, scratch->sum, scratch, scratch->b);
	for (size_t e = 0; e < space->cells; e++)
		space->density[row][e] += scratch->b[e][0] / DENSITIES;
}

/* 1 / N from orders that the permutations do not have */
static int find_density(struct space *space, struct scratch *scratch)
{
	size_t *order = mem_alloc(space->set->n, sizeof(*order));
	if (!order)
		return -1;
	for (size_t b = 0; b < DENSITIES; b++) {
		resample_order(space->seed, b, 9, space->set->n, order);
		fill(space, order, true, scratch);
		for (size_t row = 0; row < ROWS; row++)
			add_density(space, row, scratch);
	}
	for (size_t e = 0; e < ROWS * space->cells; e++)
		space->density[0][e] = space->density[0][e] > .01F ? 1 / space->density[0][e] : 0;
	free(order);
	return 0;
}

static int permute(size_t b, size_t worker, void *argument)
{
	struct job *job = argument;
	struct space *space = job->space;
	struct scratch *scratch = &job->scratch[worker];
	size_t n = space->set->n, *order = mem_alloc(n, sizeof(*order));
	if (!order)
		return -1;
	for (size_t i = 0; i < n; i++)
		order[i] = i;
	if (b > 0)
		resample_order(space->seed, b - 1, 2, n, order);
	fill(space, order, false, scratch);
	for (size_t row = 0; row < ROWS; row++) {
		double t[KERNELS];
		statistic(space, row, scratch, t);
		for (size_t k = 0; k < KERNELS; k++)
			space->out[(b * KERNELS + k) * ROWS + row] =
			    space->squares[k] > 0 ? t[k] / space->squares[k] : 0;
	}
	free(order);
	return 0;
}

int exchange_run(const struct lateral *set, size_t kernels, const double *const *w, uint64_t seed,
    size_t permutations, size_t threads, double *out)
{
	struct space space = {.set = set, .kernels = kernels, .seed = seed, .out = out};
	struct job job = {&space, mem_alloc(threads, sizeof(*job.scratch))};
	int status = job.scratch ? space_make(&space, w) : -1;
	for (size_t t = 0; t < threads && status == 0; t++)
		status = scratch_make(&job.scratch[t], &space);
	if (status == 0 && !(status = find_density(&space, &job.scratch[0])))
		status = par_for(permutations + 1, threads, permute, &job);
	for (size_t t = 0; t < threads && job.scratch; t++)
		scratch_free(&job.scratch[t]);
	free(job.scratch);
	space_free(&space);
	return status;
}
