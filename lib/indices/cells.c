#include "indices/cells.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/random.h"
#include "base/threads.h"
#include "base/vector.h"
#include "conv/fft.h"
#include "conv/sizes.h"
#include "indices/rows.h"
#include "kernel/overlap.h"
#include "stats/resample.h"

enum {
	R = LATERAL_RANGES,
	INDICES = 5,
	SUMS = INDICES + 1, /* of w g, and of w */
	CHUNK = 10,
	PARTS = 3, /* positive, negative, signed */
};

/* What of the whole's weight is rounding: of sums over taps, and of transforms in single precision, where up to 5e-7 of it
 * was seen in places without weight. */
#define ROUNDING 1e-12
#define ROUNDING_SHIFTS 1e-6

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
	const struct units *set;
	const struct lateral_plan *plan;
	size_t total;       /* taps of pairs i != j */
	size_t ways, cells; /* quantiles of each confound, and what they make */
	size_t first[CELLS_MOST + 1];
	size_t segment[CELLS_MOST][R + 1]; /* places of a cell by range of distance */
	float *g[INDICES];                 /* (total): in order of cell and range */
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
static size_t position(const struct units *set, size_t tap)
{
	size_t pair = tap / set->taps, i = pair / (set->n - 1), j = pair % (set->n - 1);
	return (i * set->n + j + (j >= i)) * set->taps + tap % set->taps;
}

/* Sort places into cells of equal size by quantiles of the confounds, one after the other. C_ij(d) = C_ji(-d): such pairs
 * differ by rounding, which must not decide which of them comes first (their hash does). */
static void split(
    const struct cells *cells, struct place *place, const double *const *c, size_t count)
{
	const struct units *set = cells->set;
	size_t parts = 1, total = cells->total;
	for (size_t k = 0; k < count; k++, parts *= cells->ways) {
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

/* as many quantiles of each confound as leave CELLS_TAPS in a cell, and at most CELLS_MOST cells */
static void count_cells(struct cells *cells, size_t confounds)
{
	cells->ways = 1;
	cells->cells = 1;
	for (size_t ways = 1; cells->ways == ways; ways++) {
		size_t more = 1;
		for (size_t k = 0; k < confounds; k++)
			more *= ways + 1;
		if (more <= CELLS_MOST && more * CELLS_TAPS <= cells->total) {
			cells->ways = ways + 1;
			cells->cells = more;
		}
	}
}

static void directions(const struct units *set, size_t tap, double *g, double *r)
{
	size_t at = position(set, tap), p = at / set->taps, i = p / set->n, j = p % set->n;
	struct units_tap place = units_tap(set, i, j, at % set->taps);
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
	const struct units *set = cells->set;
	struct place *place = mem_alloc(cells->total, sizeof(*place));
	if (!place)
		return -1;
	for (size_t q = 0; q < cells->total; q++) {
		place[q].tap = (uint32_t)q;
		place[q].hash = rng_hash(cells->plan->seed, RNG_PERMUTATION, q);
	}
	split(cells, place, c, count);
	for (size_t cell = 0; cell < cells->cells; cell++) {
		size_t first = cell * cells->total / cells->cells;
		size_t last = (cell + 1) * cells->total / cells->cells;
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

/* indices (PARTS, R, INDICES) from sums by range, the whole the first, of positive and negative weights. A range that has less
 * than the share `least` of the whole's weight has none: what is there is rounding. */
static void finish(double sum[2][R][SUMS], double least, double *out)
{
	for (size_t part = 0; part < PARTS; part++) {
		double up = part == SIGN_NEGATIVE ? 0 : 1;
		double down = part == SIGN_POSITIVE ? 0
			      : part == SIGN_BOTH ? -1
						       : 1,
		       whole = 0;
		for (size_t r = 0; r < R; r++) {
			double all = up * sum[0][r][INDICES] + fabs(down) * sum[1][r][INDICES];
			whole = r ? whole : all;
			bool there = all > least * whole;
			for (size_t k = 0; k < INDICES; k++)
				out[(part * R + r) * INDICES + k] =
				    there ? (up * sum[0][r][k] + down * sum[1][r][k]) / all : NAN;
		}
	}
}

/*
 * Shifting the weights of a cell by s places gives the sums over its places of w[(q + s) mod size] g[q], g an index or 1: all s
 * at once by one transform, w written twice and g followed by 0.
 */
struct shifts {
	const struct cells *cells;
	size_t count, size, half; /* permutations; of a transform, real and (stride) complex */
	struct fft *forward, *backward;
	real_complex *weights; /* (cells, 2, half) */
	uint32_t *shift;       /* (cells, count) */
	real *room;            /* (threads, 8 half): real numbers and two spectra */
	double *sum;           /* (R, SUMS, 2, count) */
};

static int transform_weights(size_t cell, size_t worker, void *argument)
{
	struct shifts *job = argument;
	const struct cells *cells = job->cells;
	size_t first = cells->first[cell], size = cells->first[cell + 1] - first;
	real *x = job->room + worker * 8 * job->half;
	for (size_t part = 0; part < 2; part++) {
		memset(x, 0, job->size * sizeof(*x));
		for (size_t q = 0; q < 2 * size; q++)
			x[q] = cells->w[part][first + q % size];
		fft_exec(job->forward, x, job->weights + (2 * cell + part) * job->half);
	}
	struct rng rng = rng_start(cells->plan->seed, RNG_PERMUTATION, 7, cell);
	for (size_t b = 0; b < job->count && size > 0; b++)
		job->shift[cell * job->count + b] = rng_below(&rng, (uint32_t)size);
	return 0;
}

/* out = conj(a) b */
VECTOR_CLONES static void multiply(
    const real_complex *a, const real_complex *b, size_t count, real_complex *out)
{
	const real *x = (const real *)a, *y = (const real *)b;
	real *z = (real *)out;
#pragma omp simd
	for (size_t q = 0; q < count; q++) {
		z[2 * q] = x[2 * q] * y[2 * q] + x[2 * q + 1] * y[2 * q + 1];
		z[2 * q + 1] = x[2 * q] * y[2 * q + 1] - x[2 * q + 1] * y[2 * q];
	}
}

/* one sum of one range, in all cells */
static int shift_sums(size_t item, size_t worker, void *argument)
{
	struct shifts *job = argument;
	const struct cells *cells = job->cells;
	size_t r = item / SUMS, count = job->count;
	const float *g = item % SUMS < INDICES ? cells->g[item % SUMS] : NULL; /* NULL: 1 */
	real *x = job->room + worker * 8 * job->half;
	real_complex *spectrum = (real_complex *)(x + 2 * job->half);
	real_complex *product = (real_complex *)(x + 4 * job->half);
	double *sum = job->sum + item * 2 * count;
	for (size_t cell = 0; cell < cells->cells; cell++) {
		size_t first = cells->first[cell];
		size_t from = cells->segment[cell][r], to = cells->segment[cell][r + 1];
		if (from == to)
			continue;
		memset(x, 0, job->size * sizeof(*x));
		for (size_t q = from; q < to; q++)
			x[q - first] = g ? g[q] : 1;
		fft_exec(job->forward, x, spectrum);
		for (size_t part = 0; part < 2; part++) {
			const uint32_t *shift = job->shift + cell * count;
			double *to_part = sum + part * count;
			multiply(spectrum, job->weights + (2 * cell + part) * job->half,
			    job->size / 2 + 1, product);
			fft_exec(job->backward, product, x);
			for (size_t b = 0; b < count; b++)
				to_part[b] += (double)x[shift[b]] / (double)job->size;
		}
	}
	return 0;
}

/* cells->sample from the sums */
static int finish_shifts(size_t b, size_t worker, void *argument)
{
	(void)worker;
	struct shifts *job = argument;
	double sum[2][R][SUMS];
	for (size_t part = 0; part < 2; part++)
		for (size_t r = 0; r < R; r++)
			for (size_t k = 0; k < SUMS; k++)
				sum[part][r][k] =
				    job->sum[((r * SUMS + k) * 2 + part) * job->count + b];
	/* range 0 held what is in none: the whole has all */
	for (size_t part = 0; part < 2; part++)
		for (size_t r = 1; r < R; r++)
			for (size_t k = 0; k < SUMS; k++)
				sum[part][0][k] += sum[part][r][k];
	finish(sum, ROUNDING_SHIFTS, job->cells->sample + b * PARTS * R * INDICES);
	return 0;
}

static int permute(const struct cells *cells)
{
	size_t threads = par_threads(cells->plan->threads), count = cells->plan->permutations;
	size_t largest = cells->total / cells->cells + 1, size = conv_good_size(2 * largest);
	struct shifts job = {
	    cells, count, size, (size / 2 + 4) / 2 * 2, NULL, NULL, NULL, NULL, NULL, NULL};
	const struct fft_axis axis = {job.size, 1, 1};
	int status = -1;
	job.forward = fft_plan(FFT_R2C, 1, &axis, 0, NULL, false);
	job.backward = fft_plan(FFT_C2R, 1, &axis, 0, NULL, false);
	job.weights = mem_alloc(2 * cells->cells * job.half, sizeof(*job.weights));
	job.shift = mem_alloc(cells->cells * count, sizeof(*job.shift));
	job.room = mem_alloc(threads * 8 * job.half, sizeof(*job.room));
	job.sum = mem_alloc(R * SUMS * 2 * count, sizeof(*job.sum));
	if (job.forward && job.backward && job.weights && job.shift && job.room && job.sum &&
	    !par_for(cells->cells, threads, transform_weights, &job) &&
	    !par_for(R * SUMS, threads, shift_sums, &job))
		status = par_for(count, threads, finish_shifts, &job);
	fft_free(job.forward);
	fft_free(job.backward);
	free(job.weights);
	free(job.shift);
	free(job.room);
	free(job.sum);
	return status;
}

/* sums over the taps of every pair, by part and range */
static void sum_pairs(struct cells *cells, const double *w)
{
	const struct units *set = cells->set;
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
	finish(sum, ROUNDING, out);
}

static int bootstrap(size_t chunk, size_t worker, void *argument)
{
	(void)worker;
	struct cells *job = argument;
	const struct lateral_plan *plan = job->plan;
	size_t n = job->set->n, count = lateral_samples(plan);
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
	for (enum sign part = SIGN_POSITIVE; (size_t)part < PARTS; part++)
		for (size_t k = 0; k < INDICES; k++)
			for (size_t r = 0; r < lateral_ranges(plan); r++) {
				size_t at = (part * R + r) * INDICES + k;
				if (!cells->count[r])
					continue;
				struct report_row row = lateral_row(
				    kernel, part, indices[k].name, plan, r, cells->count[r]);
				row.value = value[at];
				struct resample_chance chance = resample_chance(row.value,
				    cells->sample + at, plan->permutations, PARTS * R * INDICES,
				    RESAMPLE_TWO_SIDED);
				row.chance = chance.mean;
				row.p = chance.p;
				if (indices[k].difference) {
					row.value -= chance.mean;
					row.chance -= chance.mean;
				}
				if (resample_pair_interval(row.value, cells->boot + at,
					cells->set->n, plan->bootstrap, PARTS * R * INDICES,
					LATERAL_LEVEL, &row.low, &row.high) ||
				    report_add(report, row))
					return -1;
			}
	return 0;
}

int cells_rows(const struct units *set, const char *kernel, const double *residual,
    const double *const *c, size_t count, const struct lateral_plan *plan, struct report *report)
{
	size_t n = set->n, samples = lateral_samples(plan);
	struct cells cells = {.set = set, .plan = plan, .total = n * (n - 1) * set->taps};
	double *w = mem_alloc(n * n * set->taps, sizeof(*w));
	float *floats = mem_alloc((INDICES + 2) * cells.total, sizeof(*floats));
	int status = -1;
	count_cells(&cells, count);
	cells.pairs = mem_alloc(n * n * 2 * R * SUMS, sizeof(double));
	cells.sample = mem_alloc(plan->permutations * PARTS * R * INDICES, sizeof(double));
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
	if (permute(&cells) ||
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
