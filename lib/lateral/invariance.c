#include "lateral/invariance.h"
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/threads.h"
#include "fit/vector.h"
#include "stats/resample.h"

enum { KERNELS = INVARIANCE_KERNELS };

/* what a cell sums over its taps: c, s cosine and sine of dphase, k weight; K, KC, KS once for each kernel */
enum { N, C, S, CC, CS, K, KC, KS, KERNEL = KS - K + 1, SUMS = 16 };

enum {
	ANGLES = INVARIANCE_ANGLES,
	REACH = 2,
	BLOCKS_MAX = INVARIANCE_FOLDS * (INVARIANCE_FOLDS + 1) / 2
};

typedef float vector __attribute__((vector_size(SUMS * sizeof(float)), may_alias));

/* the model of a place: K = a + b cos dphase + c sin dphase */
struct place {
	float a[KERNELS], b[KERNELS], c[KERNELS];
};

/* a row's columns whose Delta is inside the disc */
struct strip {
	uint32_t from, to;
};

struct space {
	const struct lateral *set;
	size_t kernels;
	bool rotated;
	size_t half, side, cells; /* cells: ANGLES x side x side */
	size_t folds, blocks;
	size_t *fold;         /* (n) */
	size_t *pair;         /* (n (n - 1)): pairs i != j by block */
	size_t *block;        /* (blocks + 1): where a block's pairs begin */
	size_t *start;        /* (n n): where a pair's taps begin in w */
	struct strip *strip;  /* (n, n, k) */
	float *cosine, *sine; /* (n) of theta */
	float *
	    wave; /* (n, n, 4, k): e^{i phase_x column}, e^{i phase_y row}, re and im, from the middle */
	float *w[KERNELS]; /* taps inside the disc; all 0 where there is no such kernel */
};

struct scratch {
	float *grid;         /* (blocks, cells, SUMS) */
	float *row;          /* (folds, cells, SUMS): of the pairs with a unit in a fold */
	float *all;          /* (cells, SUMS) */
	float *train;        /* (cells, SUMS) */
	float *blur;         /* (cells, SUMS) */
	struct place *place; /* (cells) */
	uint32_t *cell;      /* (taps): of the pair at hand */
	float *c, *s;        /* (taps) */
};

/* moments of weights and predictions; copies of it add up */
struct moments {
	double n, k, kk, f, ff, kf;
};

static double correlation(const struct moments *m)
{
	double vk = m->kk - m->k * m->k / m->n, vf = m->ff - m->f * m->f / m->n;
	return vk > 1e-12 * m->kk && vf > 1e-12 * m->ff
		   ? (m->kf - m->k * m->f / m->n) / sqrt(vk * vf)
		   : NAN;
}

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
	*space = (struct space){0};
}

/* folds, and pairs in the order of their blocks */
static int draw_folds(struct space *space, uint64_t seed)
{
	size_t n = space->set->n, *order = mem_alloc(n, sizeof(*order)), at = 0;
	if (!order)
		return -1;
	struct rng rng = rng_start(seed, RNG_HALVES, 1, 0);
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

/* Weights in single precision, the largest 1 (a correlation has no scale); largest what that was. */
static int take_weights(struct space *space, const double *const *w, double *largest)
{
	const struct lateral *set = space->set;
	size_t n = set->n, k = set->k, total = 0;
	double radius = (double)(k / 2) + .5;
	for (size_t p = 0; p < n * n; p++) {
		space->start[p] = total;
		for (size_t r = 0; r < k && p / n != p % n; r++) {
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
	space->w[0] = mem_alloc(KERNELS * total, sizeof(float));
	if (!space->w[0])
		return -1;
	for (size_t q = 0; q < KERNELS; q++) {
		size_t at = 0;
		space->w[q] = space->w[0] + q * total;
		largest[q] = 0;
		if (q >= space->kernels)
			continue;
		for (size_t e = 0; e < n * n * set->taps; e++)
			if (e / set->taps / n != e / set->taps % n)
				largest[q] = fmax(largest[q], fabs(w[q][e]));
		for (size_t s = 0; s < n * n * k && largest[q] > 0; s++)
			for (size_t c = space->strip[s].from; c < space->strip[s].to; c++)
				space->w[q][at++] = (float)(w[q][s * k + c] / largest[q]);
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

static int space_make(struct space *space, const struct lateral *set, size_t kernels,
    const double *const *w, uint64_t seed, double *largest)
{
	size_t n = set->n;
	*space = (struct space){.set = set, .kernels = kernels, .rotated = true};
	space->folds = n < INVARIANCE_FOLDS ? n : INVARIANCE_FOLDS;
	space->blocks = space->folds * (space->folds + 1) / 2;
	space->half = set->k / 2 + 1;
	space->side = 2 * space->half + 1;
	space->cells = ANGLES * space->side * space->side;
	space->fold = mem_alloc(n, sizeof(*space->fold));
	space->pair = mem_alloc(n * n, sizeof(*space->pair));
	space->block = mem_alloc(space->blocks + 1, sizeof(*space->block));
	space->start = mem_alloc(n * n, sizeof(*space->start));
	space->strip = mem_alloc(n * n * set->k, sizeof(*space->strip));
	space->cosine = mem_alloc(2 * n, sizeof(*space->cosine));
	space->wave = mem_alloc(n * n * 4 * set->k, sizeof(*space->wave));
	if (space->fold && space->pair && space->block && space->start && space->strip &&
	    space->cosine && space->wave) {
		space->sine = space->cosine + n;
		describe_waves(space);
		if (!draw_folds(space, seed) && !take_weights(space, w, largest))
			return 0;
	}
	space_free(space);
	return -1;
}

static void scratch_free(struct scratch *scratch)
{
	free(scratch->grid);
	free(scratch->row);
	free(scratch->all);
	free(scratch->place);
	free(scratch->cell);
	free(scratch->c);
	*scratch = (struct scratch){0};
}

static int scratch_make(struct scratch *scratch, const struct space *space)
{
	size_t cells = space->cells * SUMS, taps = space->set->taps;
	scratch->grid = mem_alloc(space->blocks * cells, sizeof(float));
	scratch->row = mem_alloc(space->folds * cells, sizeof(float));
	scratch->all = mem_alloc(3 * cells, sizeof(float));
	scratch->place = mem_alloc(space->cells, sizeof(struct place));
	scratch->cell = mem_alloc(taps, sizeof(*scratch->cell));
	scratch->c = mem_alloc(2 * taps, sizeof(float));
	if (scratch->grid && scratch->row && scratch->all && scratch->place && scratch->cell &&
	    scratch->c) {
		scratch->train = scratch->all + cells;
		scratch->blur = scratch->train + cells;
		scratch->s = scratch->c + taps;
		return 0;
	}
	scratch_free(scratch);
	return -1;
}

static size_t angle_bin(double dtheta)
{
	double bin = floor((dtheta / LATERAL_PI + .5) * ANGLES);
	return (size_t)fmin(fmax(bin, 0), ANGLES - 1);
}

/* The taps inside the disc of the pair at (i, j) when its units carry the Gabors of a and b: cell, cosine and sine of
 * dphase; how many. */
VECTOR_INLINE size_t trace(
    const struct space *space, size_t i, size_t j, size_t a, size_t b, struct scratch *scratch)
{
	const struct lateral *set = space->set;
	size_t n = set->n, k = set->k, m = 0;
	const struct lateral_pair *where = &set->pair[i * n + j], *label = &set->pair[a * n + b];
	const struct strip *strip = space->strip + (i * n + j) * k;
	const float *columns = space->wave + (a * n + b) * 4 * k, *rows = columns + 2 * k;
	int plane = (int)(angle_bin(label->dtheta) * space->side * space->side);
	int side = (int)space->side;
	float co = space->rotated ? space->cosine[a] : 1, si = space->rotated ? space->sine[a] : 0;
	float half = (float)space->half + .5F, x = (float)(where->x - (double)(k / 2));
	double phase = label->phase + label->phase_x * where->x + label->phase_y * where->y;
	float pc = (float)cos(phase), ps = (float)sin(phase);
	for (size_t r = 0; r < k; r++) {
		size_t from = strip[r].from, width = strip[r].to - from;
		const float *wc = columns + from, *ws = wc + k;
		uint32_t *cell = scratch->cell + m;
		float *c = scratch->c + m, *s = scratch->s + m;
		float rc = pc * rows[r] - ps * rows[k + r], rs = ps * rows[r] + pc * rows[k + r];
		float y = (float)(set->dy[r * k] + where->y), left = x + (float)from;
		float qx = co * left + si * y + half, qy = -si * left + co * y + half;
#pragma omp simd
		for (size_t t = 0; t < width; t++) {
			float step = (float)(int)t;
			int column = (int)(qx + co * step), row = (int)(qy - si * step);
			cell[t] = (uint32_t)(plane + row * side + column);
			c[t] = rc * wc[t] - rs * ws[t];
			s[t] = rs * wc[t] + rc * ws[t];
		}
		m += width;
	}
	return m;
}

VECTOR_CLONES static void fill(
    const struct space *space, const size_t *order, struct scratch *scratch)
{
	/* 1, c, s, cc, cs, k, kc, ks, l, lc, ls as a product of two */
	const vector ones = {1, 1, 1}, first_c = {0, 0, 0, 1, 1},
		     first_k = {0, 0, 0, 0, 0, 1, 1, 1},
		     first_l = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1};
	const vector others = {1, 0, 0, 0, 0, 1, 0, 0, 1},
		     second_c = {0, 1, 0, 1, 0, 0, 1, 0, 0, 1},
		     second_s = {0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 1};
	size_t n = space->set->n, size = space->cells * SUMS;
	memset(scratch->grid, 0, space->blocks * size * sizeof(float));
	for (size_t block = 0; block < space->blocks; block++) {
		vector *grid = (vector *)(scratch->grid + block * size);
		for (size_t q = space->block[block]; q < space->block[block + 1]; q++) {
			size_t p = space->pair[q], i = p / n, j = p % n;
			const float *w = space->w[0] + space->start[p];
			const float *v = space->w[1] + space->start[p];
			size_t m =
			    trace(space, i, j, order ? order[i] : i, order ? order[j] : j, scratch);
			for (size_t t = 0; t < m; t++) {
				float c = scratch->c[t], s = scratch->s[t];
				vector one = ones + c * first_c + w[t] * first_k + v[t] * first_l;
				vector two = others + c * second_c + s * second_s;
				grid[scratch->cell[t]] += one * two;
			}
		}
	}
}

/* to += f * from over n numbers */
VECTOR_INLINE void add(float *to, const float *from, float f, size_t n)
{
#pragma omp simd
	for (size_t i = 0; i < n; i++)
		to[i] += f * from[i];
}

/* smoothing along the middle axis of (outer, length, inner) */
VECTOR_INLINE void smooth(float *out, const float *in, size_t outer, size_t length, size_t inner,
    const float *weight, size_t reach)
{
	for (size_t o = 0; o < outer; o++)
		for (size_t l = 0; l < length; l++) {
			float *to = out + (o * length + l) * inner;
			size_t from = l > reach ? l - reach : 0;
			memset(to, 0, inner * sizeof(*to));
			for (size_t m = from; m < length && m <= l + reach; m++)
				add(to, in + (o * length + m) * inner,
				    weight[m > l ? m - l : l - m], inner);
		}
}

/* sums of all blocks, and of those with a fold */
VECTOR_CLONES static void total(const struct space *space, struct scratch *scratch)
{
	size_t size = space->cells * SUMS;
	memset(scratch->row, 0, space->folds * size * sizeof(float));
	memset(scratch->all, 0, size * sizeof(float));
	for (size_t h = 0; h < space->folds; h++)
		for (size_t g = 0; g <= h; g++) {
			const float *block = scratch->grid + block_of(g, h) * size;
			add(scratch->all, block, 1, size);
			add(scratch->row + g * size, block, 1, size);
			if (g != h)
				add(scratch->row + h * size, block, 1, size);
		}
}

/* the model of every place that has taps in the block of folds (g, h), from the blocks that share no fold with it */
VECTOR_CLONES static void regress(
    const struct space *space, struct scratch *scratch, size_t g, size_t h)
{
	float near[REACH + 1], angle[2] = {1, .25F};
	size_t side = space->side, plane = side * side, size = space->cells * SUMS;
	const float *held = scratch->grid + block_of(g, h) * size;
	const float *p = scratch->row + g * size, *q = scratch->row + h * size;
	float *a = scratch->train, *b = scratch->blur;
	for (size_t d = 0; d <= REACH; d++)
		near[d] = (float)exp(-(double)(d * d) / (2 * INVARIANCE_SIGMA * INVARIANCE_SIGMA));
	if (g == h) {
#pragma omp simd
		for (size_t e = 0; e < size; e++)
			a[e] = scratch->all[e] - p[e];
	} else {
#pragma omp simd
		for (size_t e = 0; e < size; e++)
			a[e] = scratch->all[e] - (p[e] + q[e] - held[e]);
	}
	/* both frames of the target; in image axes the same pairs of cells, so that either prediction has as many taps */
	const vector flip = {1, 1, -1, 1, -1, 1, 1, -1, 1, 1, -1};
	for (size_t z = 0; z < ANGLES; z++)
		for (size_t x = 0; x <= plane / 2; x++) {
			vector *one = (vector *)(a + (z * plane + x) * SUMS);
			vector *two = (vector *)(a + (z * plane + plane - 1 - x) * SUMS);
			vector sum = *one + flip * *two;
			*one = sum;
			*two = flip * sum;
		}
	smooth(b, a, ANGLES * side, side, SUMS, near, REACH);
	smooth(a, b, ANGLES, side, side * SUMS, near, REACH);
	smooth(b, a, 1, ANGLES, plane * SUMS, angle, 1);
	for (size_t z = 0; z < space->cells; z++) {
		const float *u = b + z * SUMS;
		struct place *place = &scratch->place[z];
		*place = (struct place){{0}, {0}, {0}};
		if (!(held[z * SUMS + N] > 0) || !(u[N] > .01F))
			continue;
		/* normal equations of 1, c, s; a unit tap's worth of ridge keeps the phase terms bounded */
		double n = 1 / (double)u[N], c = u[C], s = u[S], ridge = 1;
		double cc = u[CC] - c * c * n + ridge, cs = u[CS] - c * s * n;
		double ss = (double)u[N] - u[CC] - s * s * n + ridge;
		double det = 1 / (cc * ss - cs * cs);
		for (size_t k = 0; k < KERNELS; k++) {
			const float *v = u + k * KERNEL;
			double kc = v[KC] - v[K] * c * n, ks = v[KS] - v[K] * s * n;
			double f = (kc * ss - ks * cs) * det, e = (ks * cc - kc * cs) * det;
			place->a[k] = (float)((v[K] - f * c - e * s) * n);
			place->b[k] = (float)f;
			place->c[k] = (float)e;
		}
	}
}

/* r of weights and predictions, for each kernel: everything it needs of the weights is in the cells, but their squares */
static void score(const struct space *space, const size_t *order, const double *squares,
    struct scratch *scratch, double *r)
{
	struct moments m[KERNELS] = {{.kk = squares[0]}, {.kk = squares[1]}};
	fill(space, order, scratch);
	total(space, scratch);
	for (size_t h = 0; h < space->folds; h++)
		for (size_t g = 0; g <= h; g++) {
			const float *held = scratch->grid + block_of(g, h) * space->cells * SUMS;
			regress(space, scratch, g, h);
			for (size_t p = 0; p < space->cells; p++) {
				const float *u = held + p * SUMS;
				if (!(u[N] > 0))
					continue;
				double ss = u[N] - u[CC];
				for (size_t k = 0; k < space->kernels; k++) {
					const float *v = u + k * KERNEL;
					double a = scratch->place[p].a[k],
					       b = scratch->place[p].b[k];
					double c = scratch->place[p].c[k];
					m[k].n += u[N];
					m[k].k += v[K];
					m[k].f += a * u[N] + b * u[C] + c * u[S];
					m[k].kf += a * v[K] + b * v[KC] + c * v[KS];
					m[k].ff +=
					    a * a * u[N] + b * b * u[CC] + c * c * ss +
					    2 * (a * b * u[C] + a * c * u[S] + b * c * u[CS]);
				}
			}
		}
	for (size_t k = 0; k < space->kernels; k++)
		r[k] = correlation(&m[k]);
}

/* At the true labels: predictions of the first kernel tap by tap (n, n, taps; NULL: not wanted) and moments of every kernel
 * by pair (KERNELS, n, n; NULL: not wanted). */
static void predictions(
    const struct space *space, struct scratch *scratch, double *prediction, struct moments *moments)
{
	const struct lateral *set = space->set;
	size_t n = set->n;
	fill(space, NULL, scratch);
	total(space, scratch);
	for (size_t h = 0; h < space->folds; h++)
		for (size_t g = 0; g <= h; g++) {
			size_t block = block_of(g, h);
			regress(space, scratch, g, h);
			for (size_t q = space->block[block]; q < space->block[block + 1]; q++) {
				size_t p = space->pair[q], count;
				count = trace(space, p / n, p % n, p / n, p % n, scratch);
				for (size_t k = 0; k < space->kernels && moments; k++) {
					struct moments m = {0};
					for (size_t t = 0; t < count; t++) {
						const struct place *u =
						    &scratch->place[scratch->cell[t]];
						double w = space->w[k][space->start[p] + t];
						double f = u->a[k] + u->b[k] * scratch->c[t] +
							   u->c[k] * scratch->s[t];
						m.n++;
						m.k += w;
						m.kk += w * w;
						m.f += f;
						m.ff += f * f;
						m.kf += w * f;
					}
					moments[k * n * n + p] = m;
				}
				for (size_t r = 0, t = 0; r < set->k && prediction; r++) {
					struct strip strip = space->strip[p * set->k + r];
					for (size_t c = strip.from; c < strip.to; c++, t++) {
						const struct place *u =
						    &scratch->place[scratch->cell[t]];
						prediction[p * set->taps + r * set->k + c] =
						    u->a[0] + u->b[0] * scratch->c[t] +
						    u->c[0] * scratch->s[t];
					}
				}
			}
		}
}

enum { INVARIANT, UNROTATED, LEAD, ROWS };
static const char *const names[ROWS] = {"Q_inv", "Q_unrotated", "Q_lead"};

struct job {
	struct space *space[2]; /* rotated, not */
	const struct lateral_plan *plan;
	double squares[KERNELS];
	struct scratch *scratch;    /* (threads) */
	struct moments *moments[2]; /* (KERNELS, n, n) */
	double *sample;             /* permutations: (count, KERNELS, ROWS) */
	double *boot;
};

static void score_both(
    const struct job *job, const size_t *order, struct scratch *scratch, double *out)
{
	double r[2][KERNELS];
	for (size_t turn = 0; turn < 2; turn++)
		score(job->space[turn], order, job->squares, scratch, r[turn]);
	for (size_t k = 0; k < job->space[0]->kernels; k++) {
		out[k * ROWS + INVARIANT] = r[0][k];
		out[k * ROWS + UNROTATED] = r[1][k];
		out[k * ROWS + LEAD] = r[0][k] - r[1][k];
	}
}

static int permute(size_t b, size_t worker, void *argument)
{
	struct job *job = argument;
	size_t n = job->space[0]->set->n, *order = mem_alloc(n, sizeof(*order));
	if (!order)
		return -1;
	resample_order(job->plan->seed, b, 2, n, order);
	score_both(job, order, &job->scratch[worker], job->sample + b * KERNELS * ROWS);
	free(order);
	return 0;
}

static int bootstrap(size_t b, size_t worker, void *argument)
{
	(void)worker;
	struct job *job = argument;
	size_t n = job->space[0]->set->n;
	double *times = mem_alloc(n + n * n, sizeof(*times));
	if (!times)
		return -1;
	resample_pairs(job->plan->seed, job->plan->bootstrap, b, n, times, times + n);
	for (size_t k = 0; k < job->space[0]->kernels; k++) {
		double r[2];
		for (size_t turn = 0; turn < 2; turn++) {
			struct moments sum = {0};
			for (size_t p = 0; p < n * n; p++) {
				double f = times[n + p];
				const struct moments *m = &job->moments[turn][k * n * n + p];
				sum.n += f * m->n, sum.k += f * m->k, sum.kk += f * m->kk;
				sum.f += f * m->f, sum.ff += f * m->ff, sum.kf += f * m->kf;
			}
			r[turn] = correlation(&sum);
		}
		double *out = job->boot + (b * KERNELS + k) * ROWS;
		out[INVARIANT] = r[0];
		out[UNROTATED] = r[1];
		out[LEAD] = r[0] - r[1];
	}
	free(times);
	return 0;
}

/* values, permutations and samples; value (KERNELS, ROWS) */
static int run(struct job *job, size_t threads, double *value)
{
	size_t n = job->space[0]->set->n;
	for (size_t turn = 0; turn < 2; turn++)
		predictions(job->space[turn], &job->scratch[0], NULL, job->moments[turn]);
	for (size_t k = 0; k < KERNELS; k++)
		for (size_t p = 0; p < n * n; p++)
			job->squares[k] += job->moments[0][k * n * n + p].kk;
	score_both(job, NULL, &job->scratch[0], value);
	if (par_for(job->plan->invariance_permutations, threads, permute, job))
		return -1;
	return par_for(
	    job->plan->bootstrap + resample_dyads(job->plan->bootstrap), threads, bootstrap, job);
}

static int add_rows(const struct lateral *set, const char *kernel, const double *value,
    const double *sample, const double *boot, const struct lateral_plan *plan,
    struct report *report)
{
	for (size_t q = 0; q < ROWS; q++) {
		struct report_row row = {.kernel = kernel,
		    .part = LATERAL_SIGNED,
		    .quantity = names[q],
		    .value = value[q],
		    .n = set->n * (set->n - 1)};
		struct resample_chance chance = resample_chance(value[q], sample + q,
		    plan->invariance_permutations, KERNELS * ROWS, RESAMPLE_GREATER);
		row.chance = chance.mean;
		row.p = chance.p;
		if (resample_pair_interval(value[q], boot + q, set->n, plan->bootstrap,
			KERNELS * ROWS, .95, &row.low, &row.high) ||
		    report_add(report, row))
			return -1;
	}
	return 0;
}

int lateral_invariance(const struct lateral *set, size_t kernels, const char *const *kernel,
    const double *const *w, const struct lateral_plan *plan, struct report *report)
{
	size_t threads = par_threads(plan->threads), n = set->n;
	size_t samples = plan->bootstrap + resample_dyads(plan->bootstrap);
	double value[KERNELS * ROWS], largest[KERNELS];
	struct space space, still;
	int status = -1;
	for (size_t q = 0; q < KERNELS * ROWS; q++)
		value[q] = NAN;
	if (space_make(&space, set, kernels, w, plan->seed, largest))
		return -1;
	still = space;
	still.rotated = false;
	struct job job = {.space = {&space, &still}, .plan = plan};
	struct moments *moments = mem_alloc(2 * KERNELS * n * n, sizeof(*moments));
	job.scratch = mem_alloc(threads, sizeof(*job.scratch));
	job.sample = mem_alloc(plan->invariance_permutations * KERNELS * ROWS, sizeof(double));
	job.boot = mem_alloc(samples * KERNELS * ROWS, sizeof(double));
	if (!moments || !job.scratch || !job.sample || !job.boot)
		goto out;
	for (size_t t = 0; t < threads; t++)
		if (scratch_make(&job.scratch[t], &space))
			goto out;
	job.moments[0] = moments;
	job.moments[1] = moments + KERNELS * n * n;
	if (n >= 4 && run(&job, threads, value))
		goto out;
	status = 0;
	for (size_t k = 0; k < kernels && !status; k++) {
		if (!(largest[k] > 0))
			for (size_t q = 0; q < ROWS; q++)
				value[k * ROWS + q] = NAN;
		status = add_rows(set, kernel[k], value + k * ROWS, job.sample + k * ROWS,
		    job.boot + k * ROWS, plan, report);
	}
out:
	for (size_t t = 0; t < threads && job.scratch; t++)
		scratch_free(&job.scratch[t]);
	free(job.scratch);
	free(moments);
	free(job.sample);
	free(job.boot);
	space_free(&space);
	return status;
}

int lateral_predict(
    const struct lateral *set, const double *w, bool rotated, uint64_t seed, double *prediction)
{
	if (set->n < 4)
		return err_set(
		    "prediction: %zu usable filters, leaving filters out needs 4", set->n);
	double largest[KERNELS];
	struct space space;
	struct scratch scratch = {0};
	int status = -1;
	if (space_make(&space, set, 1, &w, seed, largest))
		return -1;
	space.rotated = rotated;
	if (!scratch_make(&scratch, &space)) {
		memset(prediction, 0, set->n * set->n * set->taps * sizeof(*prediction));
		predictions(&space, &scratch, prediction, NULL);
		for (size_t p = 0; p < set->n * set->n * set->taps; p++)
			prediction[p] *= largest[0];
		status = 0;
		scratch_free(&scratch);
	}
	space_free(&space);
	return status;
}
