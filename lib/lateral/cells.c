#include "lateral/cells.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/random.h"
#include "base/threads.h"
#include "fit/vector.h"
#include "lateral/confound.h"
#include "stats/resample.h"

enum {
	R = LATERAL_RANGES,
	INDICES = 5,
	SUMS = INDICES + 1, /* of w g, and of w */
	LANES = 16,
	CHUNK = 10,
	PARTS = 3, /* positive, negative, signed */
};

static const struct {
	const char *name;
	bool difference;
} indices[INDICES] = {
    {"cells_R_0", true},
    {"cells_R_1", true},
    {"cells_R_2", true},
    {"cells_coaxiality", false},
    {"cells_concentration", false},
};

struct place {
	double key;
	uint32_t tap;  /* among those of pairs i != j */
	uint32_t hash; /* of equal keys */
};

struct cells {
	const struct lateral *set;
	const struct lateral_plan *plan;
	size_t shifts;
	size_t total; /* taps of pairs i != j */
	size_t first[CELLS_COUNT + 1];
	size_t segment[CELLS_COUNT][R + 1]; /* places of a cell by range of distance */
	float *g[INDICES];                  /* (total): in order of cell and range */
	float *w[2];     /* (total): positive, negative part in order of cell, else random */
	double *pairs;   /* (n, n, 2, R, SUMS): of a pair's taps */
	size_t count[R]; /* pairs with a tap there */
	double *sample;  /* permutations: (count, PARTS, R, INDICES) */
	double *boot;
};

static int by_key(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->hash > y->hash) - (x->hash < y->hash);
}

static int by_range(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->tap > y->tap) - (x->tap < y->tap);
}

/* where a tap counted among those of pairs i != j is in an array (n, n, taps) */
static size_t position(const struct lateral *set, size_t tap)
{
	size_t pair = tap / set->taps, i = pair / (set->n - 1), j = pair % (set->n - 1);
	return (i * set->n + j + (j >= i)) * set->taps + tap % set->taps;
}

/* Sort places into cells of equal size by quantiles of the confounds, one after the other. C_ij(d) = C_ji(-d): such pairs
 * differ by rounding, which must not decide which of them comes first (their hash does). */
static void split(const struct lateral *set, struct place *place, size_t total,
    const double *const *c, size_t count)
{
	static const size_t way[LATERAL_CONFOUNDS_MAX] = {64, 8, 4};
	size_t parts = 1, each = way[count - 1];
	for (size_t k = 0; k < count; k++, parts *= each) {
		double largest = 0;
		for (size_t q = 0; q < total; q++)
			largest = fmax(largest, fabs(c[k][position(set, place[q].tap)]));
		double scale = largest > 0 ? 1e9 / largest : 0;
		for (size_t part = 0; part < parts; part++) {
			size_t first = part * total / parts, last = (part + 1) * total / parts;
			for (size_t q = first; q < last; q++)
				place[q].key = round(scale * c[k][position(set, place[q].tap)]);
			qsort(place + first, last - first, sizeof(*place), by_key);
		}
	}
}

static void directions(const struct lateral *set, size_t tap, double *g, double *r)
{
	size_t at = position(set, tap), p = at / set->taps, i = p / set->n, j = p % set->n;
	struct lateral_tap place = lateral_tap(set, i, j, at % set->taps);
	double dtheta = set->pair[p].dtheta;
	double there = place.r > 1e-9 ? 1 : 0;
	*r = place.r;
	g[0] = cos(2 * dtheta);
	g[1] = there * cos(2 * (dtheta - place.phi));
	g[2] = there * cos(2 * (dtheta - 2 * place.phi));
	g[3] = there * cos(2 * place.phi);
	g[4] = there * cos(2 * place.phi - dtheta);
}

static int arrange(struct cells *cells, const double *w, const double *const *c, size_t count)
{
	const struct lateral *set = cells->set;
	struct place *place = mem_alloc(cells->total, sizeof(*place));
	if (!place)
		return -1;
	for (size_t q = 0; q < cells->total; q++) {
		place[q].tap = (uint32_t)q;
		place[q].hash = rng_hash(cells->plan->seed, RNG_PERMUTATION, q);
	}
	split(set, place, cells->total, c, count);
	for (size_t cell = 0; cell < CELLS_COUNT; cell++) {
		size_t first = cell * cells->total / CELLS_COUNT;
		size_t last = (cell + 1) * cells->total / CELLS_COUNT;
		cells->first[cell] = first;
		cells->first[cell + 1] = last;
		/* weights in random order, the same for all shifts */
		struct rng rng = rng_start(cells->plan->seed, RNG_PERMUTATION, 6, cell);
		for (size_t q = last; q > first + 1; q--) {
			size_t other = first + rng_below(&rng, (uint32_t)(q - first));
			struct place swap = place[q - 1];
			place[q - 1] = place[other];
			place[other] = swap;
		}
		for (size_t q = first; q < last; q++) {
			double x = w[position(set, place[q].tap)];
			cells->w[0][q] = (float)fmax(x, 0);
			cells->w[1][q] = (float)fmax(-x, 0);
		}
		/* places by range */
		for (size_t q = first; q < last; q++) {
			double g[INDICES], r;
			directions(set, place[q].tap, g, &r);
			place[q].key = (double)lateral_range(cells->plan, r);
		}
		qsort(place + first, last - first, sizeof(*place), by_range);
		size_t q = first;
		for (size_t range = 0; range < R; range++) {
			cells->segment[cell][range] = q;
			while (q < last && place[q].key <= (double)range)
				q++;
		}
		cells->segment[cell][R] = last;
		for (q = first; q < last; q++) {
			double g[INDICES], r;
			directions(set, place[q].tap, g, &r);
			for (size_t k = 0; k < INDICES; k++)
				cells->g[k][q] = (float)g[k];
		}
	}
	free(place);
	return 0;
}

/* sums over n places of weights and of weights times each index, in fixed order */
VECTOR_CLONES static void dots(const float *w, float *const *g, size_t at, size_t n, double *sum)
{
	float lane[SUMS][LANES] = {{0}};
	size_t q = 0;
	for (; q + LANES <= n; q += LANES) {
		const float *a = g[0] + at + q, *b = g[1] + at + q, *c = g[2] + at + q,
			    *d = g[3] + at + q, *e = g[4] + at + q;
#pragma omp simd
		for (size_t l = 0; l < LANES; l++) {
			float x = w[q + l];
			lane[0][l] += x * a[l];
			lane[1][l] += x * b[l];
			lane[2][l] += x * c[l];
			lane[3][l] += x * d[l];
			lane[4][l] += x * e[l];
			lane[5][l] += x;
		}
	}
	for (; q < n; q++) {
		for (size_t k = 0; k < INDICES; k++)
			lane[k][0] += w[q] * g[k][at + q];
		lane[INDICES][0] += w[q];
	}
	for (size_t k = 0; k < SUMS; k++)
		for (size_t l = 0; l < LANES; l++)
			sum[k] += (double)lane[k][l];
}

/* indices (PARTS, R, INDICES) from sums by range, the whole the first, of positive and negative weights */
static void finish(double sum[2][R][SUMS], double *out)
{
	for (size_t part = 0; part < PARTS; part++)
		for (size_t r = 0; r < R; r++)
			for (size_t k = 0; k < INDICES; k++) {
				double up = part == LATERAL_NEGATIVE ? 0 : 1;
				double down = part == LATERAL_POSITIVE ? 0
					      : part == LATERAL_SIGNED ? -1
								       : 1;
				double all =
				    up * sum[0][r][INDICES] + fabs(down) * sum[1][r][INDICES];
				out[(part * R + r) * INDICES + k] =
				    all > 0 ? (up * sum[0][r][k] + down * sum[1][r][k]) / all : NAN;
			}
}

static int permute(size_t chunk, size_t worker, void *argument)
{
	(void)worker;
	struct cells *job = argument;
	size_t first = chunk * CHUNK, last = first + CHUNK;
	last =
	    last < job->shifts ? last : job->shifts;
	double sum[CHUNK][2][R][SUMS];
	memset(sum, 0, sizeof sum);
	for (size_t cell = 0; cell < CELLS_COUNT; cell++) {
		size_t begin = job->first[cell], size = job->first[cell + 1] - begin;
		for (size_t b = first; b < last && size > 0; b++) {
			struct rng rng = rng_start(
			    job->plan->seed, RNG_PERMUTATION, 7, (uint64_t)b * CELLS_COUNT + cell);
			size_t shift = rng_below(&rng, (uint32_t)size);
			for (size_t r = 0; r < R; r++) {
				size_t at = job->segment[cell][r],
				       n = job->segment[cell][r + 1] - at;
				size_t from = (at - begin + shift) % size;
				size_t before = n < size - from ? n : size - from; /* the end */
				for (size_t part = 0; part < 2; part++) {
					const float *w = job->w[part] + begin;
					double *to = sum[b - first][part][r];
					dots(w + from, job->g, at, before, to);
					dots(w, job->g, at + before, n - before, to);
				}
			}
		}
	}
	for (size_t b = first; b < last; b++) {
		/* range 0 held what is in none: the whole has all */
		for (size_t part = 0; part < 2; part++)
			for (size_t r = 1; r < R; r++)
				for (size_t k = 0; k < SUMS; k++)
					sum[b - first][part][0][k] += sum[b - first][part][r][k];
		finish(sum[b - first], job->sample + b * PARTS * R * INDICES);
	}
	return 0;
}

/* sums over the taps of every pair, by part and range */
static void sum_pairs(struct cells *cells, const double *w)
{
	const struct lateral *set = cells->set;
	bool seen[R] = {false};
	for (size_t tap = 0; tap < cells->total; tap++) {
		if (tap % set->taps == 0)
			memset(seen, 0, sizeof seen);
		size_t at = position(set, tap);
		double g[INDICES], r, x = w[at];
		directions(set, tap, g, &r);
		size_t range = lateral_range(cells->plan, r), part = x < 0;
		double(*sum)[SUMS] =
		    (double(*)[SUMS])(cells->pairs + (at / set->taps * 2 + part) * R * SUMS);
		for (size_t b = 0; b <= range; b += range ? range : 1) {
			cells->count[b] += !seen[b];
			seen[b] = true;
			for (size_t k = 0; k < INDICES; k++)
				sum[b][k] += fabs(x) * g[k];
			sum[b][INDICES] += fabs(x);
		}
	}
}

VECTOR_CLONES static void evaluate(const struct cells *cells, const double *f, double *out)
{
	enum { ALL = 2 * R * SUMS };
	double sum[2][R][SUMS], *total = &sum[0][0][0];
	memset(sum, 0, sizeof sum);
	for (size_t p = 0; p < cells->set->n * cells->set->n; p++) {
		double factor = f ? f[p] : 1;
		const double *pair = cells->pairs + p * ALL;
		if (!(factor > 0))
			continue;
#pragma omp simd
		for (size_t k = 0; k < ALL; k++)
			total[k] += factor * pair[k];
	}
	finish(sum, out);
}

static int bootstrap(size_t chunk, size_t worker, void *argument)
{
	(void)worker;
	struct cells *job = argument;
	const struct lateral_plan *plan = job->plan;
	size_t n = job->set->n, count = plan->bootstrap + resample_dyads(plan->bootstrap);
	double *times = mem_alloc(n + n * n, sizeof(*times));
	if (!times)
		return -1;
	for (size_t b = chunk * CHUNK; b < (chunk + 1) * CHUNK && b < count; b++) {
		resample_pairs(plan->seed, plan->bootstrap, b, n, times, times + n);
		evaluate(job, times + n, job->boot + b * PARTS * R * INDICES);
	}
	free(times);
	return 0;
}

static int rows(const struct cells *cells, const char *kernel, struct report *report)
{
	const struct lateral_plan *plan = cells->plan;
	double value[PARTS * R * INDICES];
	evaluate(cells, NULL, value);
	for (enum lateral_part part = LATERAL_POSITIVE; (size_t)part < PARTS; part++)
		for (size_t k = 0; k < INDICES; k++)
			for (size_t r = 0; r < (plan->edges > 1 ? plan->edges : 1); r++) {
				size_t at = (part * R + r) * INDICES + k;
				if (!cells->count[r])
					continue;
				struct report_row row = {.kernel = kernel,
				    .part = part,
				    .quantity = indices[k].name,
				    .from = r ? plan->edge[r - 1] : 0,
				    .to = r ? plan->edge[r] : 0,
				    .value = value[at],
				    .n = cells->count[r]};
				struct resample_chance chance = resample_chance(row.value,
				    cells->sample + at, cells->shifts,
				    PARTS * R * INDICES, RESAMPLE_TWO_SIDED);
				row.chance = chance.mean;
				row.p = chance.p;
				if (indices[k].difference && cells->shifts) {
					row.value -= chance.mean;
					row.chance -= chance.mean;
				}
				if (resample_pair_interval(row.value, cells->boot + at,
					cells->set->n, plan->bootstrap, PARTS * R * INDICES, .95,
					&row.low, &row.high) ||
				    report_add(report, row))
					return -1;
			}
	return 0;
}

int cells_rows(const struct lateral *set, const char *kernel, const double *residual,
    const double *const *c, size_t count, const struct lateral_plan *plan, struct report *report)
{
	size_t n = set->n, samples = plan->bootstrap + resample_dyads(plan->bootstrap);
	struct cells cells = {.set = set, .plan = plan, .total = n * (n - 1) * set->taps};
	double *w = mem_alloc(n * n * set->taps, sizeof(*w));
	float *floats = mem_alloc((INDICES + 2) * cells.total, sizeof(*floats));
	int status = -1;
	cells.shifts = plan->invariance_permutations < CELLS_SHIFTS ? plan->invariance_permutations
								    : CELLS_SHIFTS;
	cells.pairs = mem_alloc(n * n * 2 * R * SUMS, sizeof(double));
	cells.sample =
	    mem_alloc(cells.shifts * PARTS * R * INDICES, sizeof(double));
	cells.boot = mem_alloc(samples * PARTS * R * INDICES, sizeof(double));
	if (!w || !floats || !cells.pairs || !cells.sample || !cells.boot)
		goto out;
	for (size_t k = 0; k < INDICES; k++)
		cells.g[k] = floats + k * cells.total;
	for (size_t part = 0; part < 2; part++)
		cells.w[part] = floats + (INDICES + part) * cells.total;
	if (lateral_balance(set, residual, w) || arrange(&cells, w, c, count))
		goto out;
	sum_pairs(&cells, w);
	if (par_for((cells.shifts + CHUNK - 1) / CHUNK, plan->threads, permute,
		&cells) ||
	    par_for((samples + CHUNK - 1) / CHUNK, plan->threads, bootstrap, &cells))
		goto out;
	status = rows(&cells, kernel, report);
out:
	free(w);
	free(floats);
	free(cells.pairs);
	free(cells.sample);
	free(cells.boot);
	return status;
}
