/* K_beyond_C: cross-fitted least squares on functions of C and on effects of targets and sources. */
#include "kernel/residual.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/threads.h"
#include "base/vector.h"
#include "stats/regression.h"

enum { LANES = 16 }; /* kernels fitted at once */

/* A fit to half of the pairs is shrunk less: shrinking has the same effect on f in both halves, and would make their residuals
 * alike, while the noise that it lets in differs. */
#define HALF_PRIOR (SPLINE_PRIOR / 16)

/* the fit for pairs of two folds */
struct block {
	size_t g, h;         /* g <= h */
	size_t units, *unit; /* those of other folds */
	size_t m;            /* terms, then effects of these as targets, then as sources */
	double *factor;      /* (m, m): Cholesky's, of the normal equations in unit diagonal */
	double *scale;       /* (m) */
	double *gram;        /* (terms, terms): of the block's own pairs; NULL of the whole */
};

struct residual {
	const struct units *set;
	const struct spline *spline;
	size_t threads, folds, blocks;
	size_t *fold; /* (n) */
	bool *used;   /* (n, n): pairs that fits go by */
	double prior; /* of terms that are shrunk */
	double *pair; /* (n, n, terms): sums over a pair's taps */
	struct block *block;
	struct block whole; /* of all units: the fit to all pairs, which predicts none */
};

static bool inside(const struct residual *fit, const struct block *block, size_t i, size_t j)
{
	size_t a = fit->fold[i], b = fit->fold[j];
	return i != j && ((a == block->g && b == block->h) || (a == block->h && b == block->g));
}

/* products of terms over the block's own pairs, and sums of its pairs */
static int accumulate(size_t index, size_t worker, void *argument)
{
	(void)worker;
	struct residual *fit = argument;
	const struct units *set = fit->set;
	struct block *block = &fit->block[index];
	size_t terms = fit->spline->terms;
	if (!(block->gram = mem_alloc(terms * terms, sizeof(*block->gram))))
		return -1;
	for (size_t p = 0; p < set->n * set->n; p++) {
		if (!inside(fit, block, p / set->n, p % set->n) || !fit->used[p])
			continue;
		double *sum = fit->pair + p * terms;
		for (size_t t = 0; t < set->taps; t++) {
			struct spline_entry entry[SPLINE_ENTRIES];
			size_t m = spline_entries(fit->spline, p * set->taps + t, entry);
			for (size_t a = 0; a < m; a++) {
				double *row = block->gram + entry[a].term * terms;
				sum[entry[a].term] += entry[a].value;
				for (size_t b = 0; b < m; b++)
					row[entry[b].term] += entry[a].value * entry[b].value;
			}
		}
	}
	return 0;
}

/* the whole's folds are none of the others' */
static bool trains(const struct block *block, const struct block *other)
{
	return other->g != block->g && other->g != block->h && other->h != block->g &&
	       other->h != block->h;
}

/* The normal equations a (m, m) in unit diagonal, factored, with a ridge of 1e-9 that decides only what the data leave open;
 * terms that no tap reaches get 0. */
static void decompose(double *a, size_t m, double *scale)
{
	for (size_t i = 0; i < m; i++)
		scale[i] = a[i * m + i] > 0 ? 1 / sqrt(a[i * m + i]) : 0;
	for (size_t i = 0; i < m; i++) {
		for (size_t j = 0; j < m; j++)
			a[i * m + j] *= scale[i] * scale[j];
		a[i * m + i] = scale[i] > 0 ? 1 + 1e-9 : 1;
	}
	regression_cholesky(m, m, a, 1e-12);
}

/* x (m, LANES): right sides become solutions */
FOR_AVX512 static void solve(const struct block *block, double *x)
{
	size_t m = block->m;
	const double *l = block->factor;
	for (size_t i = 0; i < m; i++) {
		double *to = x + i * LANES;
		for (size_t q = 0; q < LANES; q++)
			to[q] *= block->scale[i];
		for (size_t k = 0; k < i; k++) {
			double f = l[i * m + k];
			const double *from = x + k * LANES;
#pragma omp simd
			for (size_t q = 0; q < LANES; q++)
				to[q] -= f * from[q];
		}
		double inverse = l[i * m + i] > 0 ? 1 / l[i * m + i] : 0;
		for (size_t q = 0; q < LANES; q++)
			to[q] *= inverse;
	}
	for (size_t i = m; i-- > 0;) {
		double *from = x + i * LANES, inverse = l[i * m + i] > 0 ? 1 / l[i * m + i] : 0;
		for (size_t q = 0; q < LANES; q++)
			from[q] *= inverse;
		for (size_t k = 0; k < i; k++) {
			double f = l[i * m + k], *to = x + k * LANES;
#pragma omp simd
			for (size_t q = 0; q < LANES; q++)
				to[q] -= f * from[q];
		}
		for (size_t q = 0; q < LANES; q++)
			from[q] *= block->scale[i];
	}
}

/* Bends of s_1 that the taps at hand reach are drawn to 0, in the normal equations a (m, m). Where only few taps lie near the
 * last knot, their noise would else be extrapolated, many times enlarged, to held-out taps next to it. */
static void straighten(const struct spline *spline, double *a, size_t m)
{
	for (size_t knot = 0; knot < SPLINE_KNOTS; knot++) {
		struct spline_entry bend[3];
		size_t count = spline_bend(spline, knot, bend);
		bool reached = true;
		for (size_t i = 0; i < count; i++)
			reached = reached && a[bend[i].term * m + bend[i].term] > 0;
		for (size_t i = 0; i < count && reached; i++)
			for (size_t j = 0; j < count; j++)
				a[bend[i].term * m + bend[j].term] +=
				    SPLINE_BEND * bend[i].value * bend[j].value;
	}
}

/* the normal equations of a block, the last one the whole, from those of the blocks it is trained on */
static int prepare(size_t index, size_t worker, void *argument)
{
	(void)worker;
	struct residual *fit = argument;
	struct block *block = index < fit->blocks ? &fit->block[index] : &fit->whole;
	size_t n = fit->set->n, terms = fit->spline->terms, m = block->m;
	double *a = block->factor;
	for (size_t b = 0; b < fit->blocks; b++) {
		if (!trains(block, &fit->block[b]))
			continue;
		for (size_t i = 0; i < terms; i++)
			for (size_t j = 0; j < terms; j++)
				a[i * m + j] += fit->block[b].gram[i * terms + j];
	}
	for (size_t i = fit->spline->shrunk; i < terms; i++)
		a[i * m + i] += a[i * m + i] > 0 ? fit->prior : 0;
	straighten(fit->spline, a, m);
	double taps = (double)fit->set->taps;
	for (size_t x = 0; x < block->units; x++)
		for (size_t y = 0; y < block->units; y++) {
			size_t i = block->unit[x], j = block->unit[y];
			size_t target = terms + x, source = terms + block->units + y;
			const double *pair = fit->pair + (i * n + j) * terms;
			if (i == j || !fit->used[i * n + j])
				continue;
			for (size_t t = 0; t < terms; t++) {
				a[t * m + target] += pair[t];
				a[target * m + t] += pair[t];
				a[t * m + source] += pair[t];
				a[source * m + t] += pair[t];
			}
			a[target * m + target] += taps;
			a[source * m + source] += taps;
			a[target * m + source] += taps;
			a[source * m + target] += taps;
		}
	decompose(a, m, block->scale);
	return 0;
}

static int block_start(const struct residual *fit, size_t g, size_t h, struct block *block)
{
	size_t n = fit->set->n, terms = fit->spline->terms;
	*block = (struct block){.g = g, .h = h};
	if (!(block->unit = mem_alloc(n, sizeof(*block->unit))))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (fit->fold[i] != g && fit->fold[i] != h)
			block->unit[block->units++] = i;
	block->m = terms + 2 * block->units;
	block->factor = mem_alloc(block->m * block->m, sizeof(double));
	block->scale = mem_alloc(block->m, sizeof(double));
	return block->factor && block->scale ? 0 : -1;
}

static void block_free(struct block *block)
{
	free(block->unit);
	free(block->factor);
	free(block->scale);
	free(block->gram);
}

static int divide(struct residual *fit, uint64_t seed)
{
	size_t n = fit->set->n, count = 0, *order = mem_alloc(n, sizeof(*order));
	if (!order)
		return -1;
	struct rng rng = rng_start(seed, RNG_HALVES, 0, 0);
	rng_permutation(&rng, order, n);
	for (size_t i = 0; i < n; i++)
		fit->fold[order[i]] = i % fit->folds;
	free(order);
	for (size_t h = 0; h < fit->folds; h++)
		for (size_t g = 0; g <= h; g++)
			if (block_start(fit, g, h, &fit->block[count++]))
				return -1;
	return block_start(fit, SIZE_MAX, SIZE_MAX, &fit->whole);
}

static int use_pairs(struct residual *fit, enum residual_pairs pairs, uint64_t seed)
{
	size_t n = fit->set->n, couples = n * (n - 1) / 2, couple = 0,
	       *order = mem_alloc(couples, sizeof(*order));
	if (!order)
		return -1;
	struct rng rng = rng_start(seed, RNG_HALVES, 2, 0);
	rng_permutation(&rng, order, couples);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++, couple++) {
			bool first = order[couple] < couples / 2;
			fit->used[i * n + j] = fit->used[j * n + i] =
			    pairs == RESIDUAL_ALL || first == (pairs == RESIDUAL_FIRST);
		}
	free(order);
	return 0;
}

struct residual *residual_create(const struct units *set, const struct spline *spline,
    enum residual_pairs pairs, uint64_t seed, size_t threads)
{
	if (set->n < 4) {
		err_set("K_beyond_C: %zu usable filters, cross-fitting needs 4", set->n);
		return NULL;
	}
	struct residual *fit = mem_alloc(1, sizeof(*fit));
	if (!fit)
		return NULL;
	*fit = (struct residual){.set = set,
	    .spline = spline,
	    .threads = threads,
	    .prior = pairs == RESIDUAL_ALL ? SPLINE_PRIOR : HALF_PRIOR};
	fit->folds = set->n < RESIDUAL_FOLDS ? set->n : RESIDUAL_FOLDS;
	fit->blocks = fit->folds * (fit->folds + 1) / 2;
	fit->fold = mem_alloc(set->n, sizeof(*fit->fold));
	fit->block = mem_alloc(fit->blocks, sizeof(*fit->block));
	fit->used = mem_alloc(set->n * set->n, sizeof(*fit->used));
	if (fit->fold && fit->block && fit->used && !use_pairs(fit, pairs, seed) &&
	    (fit->pair = mem_alloc(set->n * set->n * fit->spline->terms, sizeof(double))) &&
	    !divide(fit, seed) && !par_for(fit->blocks, threads, accumulate, fit) &&
	    !par_for(fit->blocks + 1, threads, prepare, fit))
		return fit;
	residual_free(fit);
	return NULL;
}

void residual_free(struct residual *fit)
{
	if (!fit)
		return;
	for (size_t b = 0; b < fit->blocks && fit->block; b++)
		block_free(&fit->block[b]);
	block_free(&fit->whole);
	free(fit->block);
	free(fit->fold);
	free(fit->used);
	free(fit->pair);
	free(fit);
}

/* LANES kernels at once, each w moved by an order; without orders, w as it is in the first lane */
struct fits {
	const struct residual *fit;
	const double *w;
	const uint32_t *order; /* (lanes, n) or NULL */
	size_t lanes;
	double *right;    /* (blocks, terms, LANES): of a block's own pairs */
	double *sum;      /* (n, n, LANES): of a pair's weights */
	double *effect;   /* (2, n, LANES): of targets, sources in the fit to all pairs, around 0 */
	double *residual; /* (n, n, taps) or NULL */
	double *moments;  /* (blocks, 3, LANES): sums of f, f f and w f over a block's own pairs */
};

/* the weights (taps, LANES) of pair (i, j) */
static void gather(const struct fits *fits, size_t i, size_t j, double *tile)
{
	size_t n = fits->fit->set->n, taps = fits->fit->set->taps;
	for (size_t q = 0; q < fits->lanes; q++) {
		const uint32_t *order = fits->order + q * n;
		const double *w =
		    fits->w + (fits->order ? order[i] * n + order[j] : i * n + j) * taps;
		for (size_t t = 0; t < taps; t++)
			tile[t * LANES + q] = w[t];
	}
}

FOR_AVX512 static void add_scaled(double *to, const double *from, double f)
{
#pragma omp simd
	for (size_t q = 0; q < LANES; q++)
		to[q] += f * from[q];
}

static int right_sides(size_t index, size_t worker, void *argument)
{
	(void)worker;
	struct fits *fits = argument;
	const struct residual *fit = fits->fit;
	size_t n = fit->set->n, taps = fit->set->taps, terms = fit->spline->terms;
	double *tile = mem_alloc(taps * LANES, sizeof(*tile)),
	       *right = fits->right + index * terms * LANES;
	if (!tile)
		return -1;
	memset(right, 0, terms * LANES * sizeof(*right));
	for (size_t p = 0; p < n * n; p++) {
		if (!inside(fit, &fit->block[index], p / n, p % n))
			continue;
		double *sum = fits->sum + p * LANES;
		memset(sum, 0, LANES * sizeof(*sum));
		if (!fit->used[p])
			continue;
		gather(fits, p / n, p % n, tile);
		for (size_t t = 0; t < taps; t++) {
			struct spline_entry entry[SPLINE_ENTRIES];
			size_t m = spline_entries(fit->spline, p * taps + t, entry);
			add_scaled(sum, tile + t * LANES, 1);
			for (size_t e = 0; e < m; e++)
				add_scaled(right + entry[e].term * LANES, tile + t * LANES,
				    entry[e].value);
		}
	}
	free(tile);
	return 0;
}

/* what the block is trained on says of its terms and effects, (m, LANES) in x */
static void coefficients(const struct fits *fits, const struct block *block, double *x)
{
	const struct residual *fit = fits->fit;
	size_t n = fit->set->n, terms = fit->spline->terms, units = block->units;
	memset(x, 0, block->m * LANES * sizeof(*x));
	for (size_t b = 0; b < fit->blocks; b++)
		for (size_t e = 0; e < terms && trains(block, &fit->block[b]); e++)
			add_scaled(x + e * LANES, fits->right + (b * terms + e) * LANES, 1);
	for (size_t a = 0; a < units; a++)
		for (size_t b = 0; b < units; b++) {
			const double *sum =
			    fits->sum + (block->unit[a] * n + block->unit[b]) * LANES;
			if (a != b) {
				add_scaled(x + (terms + a) * LANES, sum, 1);
				add_scaled(x + (terms + units + b) * LANES, sum, 1);
			}
		}
	solve(block, x);
}

static int effects_of_all(struct fits *fits)
{
	const struct block *whole = &fits->fit->whole;
	size_t n = whole->units;
	double *x = mem_alloc(whole->m * LANES, sizeof(*x));
	if (!x)
		return -1;
	coefficients(fits, whole, x);
	for (size_t side = 0; side < 2; side++) {
		const double *own = x + (fits->fit->spline->terms + side * n) * LANES;
		double *effect = fits->effect + side * n * LANES, mean[LANES] = {0};
		for (size_t i = 0; i < n; i++)
			add_scaled(mean, own + i * LANES, 1 / (double)n);
		for (size_t i = 0; i < n; i++) {
			memcpy(effect + i * LANES, own + i * LANES, sizeof(mean));
			add_scaled(effect + i * LANES, mean, -1);
		}
	}
	free(x);
	return 0;
}

/*
 * The level of a block's fit: f's as far as the effects of the block's units are those of the fit to all pairs. If instead the
 * mean of the effects over these units were f's, each block would have a level of its own, by which units happen to be in it, and
 * what all taps of a pair and of its reverse have in common would pass for reciprocity.
 */
static void level(const struct fits *fits, const struct block *block, double *x)
{
	size_t n = fits->fit->set->n, terms = fits->fit->spline->terms, known = 0;
	for (size_t a = 0; a < block->units; a++)
		known += block->scale[terms + a] > 0; /* has pairs there */
	for (size_t side = 0; side < 2; side++)
		for (size_t a = 0; a < block->units; a++)
			if (block->scale[terms + a] > 0) {
				add_scaled(x, x + (terms + side * block->units + a) * LANES,
				    1 / (double)known);
				add_scaled(x, fits->effect + (side * n + block->unit[a]) * LANES,
				    -1 / (double)known);
			}
}

static int predict(size_t index, size_t worker, void *argument)
{
	(void)worker;
	struct fits *fits = argument;
	const struct residual *fit = fits->fit;
	const struct block *block = &fit->block[index];
	size_t n = fit->set->n, taps = fit->set->taps, terms = fit->spline->terms;
	double *x = mem_alloc(block->m * LANES, sizeof(*x));
	if (!x)
		return -1;
	coefficients(fits, block, x);
	level(fits, block, x);
	double(*moment)[LANES] = (double(*)[LANES])(fits->moments + index * 3 * LANES);
	for (size_t e = 0; e < terms && !fits->residual; e++) {
		double row[LANES] = {0};
		const double *right = fits->right + (index * terms + e) * LANES,
			     *own = x + e * LANES;
		for (size_t d = 0; d < terms; d++)
			if (block->gram[e * terms + d] != 0)
				add_scaled(row, x + d * LANES, block->gram[e * terms + d]);
		for (size_t q = 0; q < LANES; q++) {
			moment[0][q] += own[q] * block->gram[e]; /* with 1 */
			moment[1][q] += own[q] * row[q];
			moment[2][q] += own[q] * right[q];
		}
	}
	for (size_t p = 0; p < n * n && fits->residual; p++)
		for (size_t t = 0; t < taps && inside(fit, block, p / n, p % n); t++) {
			struct spline_entry entry[SPLINE_ENTRIES];
			size_t at = p * taps + t, m = spline_entries(fit->spline, at, entry);
			double f = 0;
			for (size_t e = 0; e < m; e++)
				f += entry[e].value * x[entry[e].term * LANES];
			fits->residual[at] = fits->w[at] - f;
		}
	free(x);
	return 0;
}

static int fits_start(struct fits *fits, const struct residual *fit, const double *w)
{
	size_t n = fit->set->n;
	*fits = (struct fits){.fit = fit, .w = w, .lanes = 1};
	fits->right = mem_alloc(fit->blocks * fit->spline->terms * LANES, sizeof(double));
	fits->sum = mem_alloc(n * n * LANES, sizeof(double));
	fits->effect = mem_alloc(2 * n * LANES, sizeof(double));
	fits->moments = mem_alloc(fit->blocks * 3 * LANES, sizeof(double));
	return fits->right && fits->sum && fits->effect && fits->moments ? 0 : -1;
}

static int fits_run(struct fits *fits)
{
	const struct residual *fit = fits->fit;
	memset(fits->moments, 0, fit->blocks * 3 * LANES * sizeof(double));
	if (par_for(fit->blocks, fit->threads, right_sides, fits) || effects_of_all(fits))
		return -1;
	return par_for(fit->blocks, fit->threads, predict, fits);
}

static void fits_end(struct fits *fits)
{
	free(fits->right);
	free(fits->sum);
	free(fits->effect);
	free(fits->moments);
}

int residual_of(const struct residual *fit, const double *w, double *residual)
{
	struct fits fits;
	int status = fits_start(&fits, fit, w);
	memset(residual, 0, fit->set->n * fit->set->n * fit->set->taps * sizeof(*residual));
	fits.residual = residual;
	status = status ? status : fits_run(&fits);
	fits_end(&fits);
	return status;
}

int residual_moved(
    const struct residual *fit, const double *w, const uint32_t *order, size_t count, double *r)
{
	size_t n = fit->set->n, taps = fit->set->taps;
	struct regression_sums all = {.n = (double)(n * (n - 1) * taps)};
	struct fits fits;
	int status = fits_start(&fits, fit, w);
	for (size_t e = 0; e < n * n * taps; e++)
		if (e / taps / n != e / taps % n) {
			all.y += w[e];
			all.yy += w[e] * w[e];
		}
	for (size_t b = 0; b < count && !status; b += LANES) {
		fits.order = order + b * n;
		fits.lanes = count - b < LANES ? count - b : LANES;
		status = fits_run(&fits);
		for (size_t q = 0; q < fits.lanes && !status; q++) {
			all.p = all.pp = all.py = 0;
			for (size_t block = 0; block < fit->blocks; block++) {
				const double *moment = fits.moments + block * 3 * LANES + q;
				all.p += moment[0];
				all.pp += moment[LANES];
				all.py += moment[2 * LANES];
			}
			r[b + q] = regression_r(&all);
		}
	}
	fits_end(&fits);
	return status;
}
