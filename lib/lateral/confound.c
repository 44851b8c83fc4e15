#include "lateral/confound.h"
#include <float.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/threads.h"
#include "stats/resample.h"

struct correlation {
	const struct lateral *set;
	size_t size;
	const double *profile; /* (n, size, size), unit norm */
	double *c;
};

/* all sources and taps of target i */
static int correlate(size_t i, size_t worker, void *argument)
{
	(void)worker;
	const struct correlation *job = argument;
	const struct lateral *set = job->set;
	ptrdiff_t size = (ptrdiff_t)job->size, half = (ptrdiff_t)(set->k / 2);
	const double *a = job->profile + i * job->size * job->size;
	for (size_t j = 0; j < set->n; j++) {
		const double *b = job->profile + j * job->size * job->size;
		double *c = job->c + lateral_pair_index(set, i, j) * set->taps;
		for (size_t t = 0; t < set->taps; t++) {
			/* psi_j(x - d): column less dx, row plus dy as rows run down */
			ptrdiff_t dc = (ptrdiff_t)(t % set->k) - half;
			ptrdiff_t dr = (ptrdiff_t)(t / set->k) - half;
			ptrdiff_t r0 = dr > 0 ? dr : 0, r1 = dr > 0 ? size : size + dr;
			ptrdiff_t c0 = dc > 0 ? dc : 0, c1 = dc > 0 ? size : size + dc;
			double sum = 0;
			for (ptrdiff_t r = r0; r < r1; r++)
				for (ptrdiff_t x = c0; x < c1; x++)
					sum += a[r * size + x] * b[(r - dr) * size + x - dc];
			c[t] = sum;
		}
	}
	return 0;
}

int lateral_correlation(
    const struct lateral *set, const struct bank *bank, size_t threads, double *c)
{
	if (bank->filters != set->channels)
		return err_set("filters: %zu of them, but the kernel has %zu channels",
		    bank->filters, set->channels);
	size_t pixels = bank->size * bank->size;
	double *profile = mem_alloc(set->n * pixels, sizeof(*profile));
	if (!profile)
		return -1;
	for (size_t i = 0; i < set->n; i++) {
		const double *x = bank_filter(bank, set->unit[i].channel);
		double norm = 0;
		for (size_t p = 0; p < pixels; p++)
			norm += x[p] * x[p];
		norm = sqrt(norm);
		for (size_t p = 0; p < pixels; p++)
			profile[i * pixels + p] = norm > 0 ? x[p] / norm : 0;
	}
	struct correlation job = {set, bank->size, profile, c};
	int status = par_for(set->n, threads, correlate, &job);
	free(profile);
	return status;
}

/* ---- splines ---- */

enum {
	KNOTS_MAX = 13,
	TERMS_MAX = 1 + LATERAL_CONFOUNDS_MAX * KNOTS_MAX + 3,
	ENTRIES_MAX = 1 + LATERAL_CONFOUNDS_MAX * 2 + 3, /* of a tap that are not 0 */
};

struct knots {
	size_t count, zero; /* position of the knot at 0, whose hat is left out */
	double at[KNOTS_MAX];
	double scale; /* largest |c| */
};

struct splines {
	size_t count, terms;
	struct knots knots[LATERAL_CONFOUNDS_MAX];
	size_t first[LATERAL_CONFOUNDS_MAX]; /* term of a confound's first knot */
};

struct entry {
	size_t term;
	double value;
};

struct beyond {
	const struct lateral *set;
	const double *w;
	const double *const *c;
	double *residual;
	struct splines splines;
	size_t folds, blocks;
	size_t *fold;      /* (n) */
	double *gram;      /* (blocks, terms, terms + 1): normal equations, right side last */
	double *solutions; /* (blocks, terms): for pairs of folds g <= h */
};

static int place_knots(const struct lateral *set, const double *c, struct knots *knots)
{
	static const double share[] = {.5, .8, .93, .98, .995};
	enum { SIDE = sizeof share / sizeof *share, SAMPLE = 200000 };
	size_t total = set->n * (set->n - 1) * set->taps, step = total / SAMPLE + 1, m = 0,
	       seen = 0;
	double *x = mem_alloc(total / step + 1, sizeof(*x));
	if (!x)
		return -1;
	knots->scale = 0;
	for (size_t i = 0; i < set->n; i++)
		for (size_t j = 0; j < set->n; j++) {
			const double *pair = lateral_weights(set, c, i, j);
			for (size_t t = 0; t < set->taps && i != j; t++) {
				knots->scale = fmax(knots->scale, fabs(pair[t]));
				if (seen++ % step == 0)
					x[m++] = fabs(pair[t]);
			}
		}
	qsort(x, m, sizeof(*x), resample_compare);
	double positive[SIDE + 1], last = 0;
	size_t count = 0;
	for (size_t q = 0; q <= SIDE; q++) {
		double at = q < SIDE ? resample_quantile(x, m, share[q]) : knots->scale;
		if (at > last + 1e-3 * knots->scale) {
			positive[count++] = at;
			last = at;
		}
	}
	free(x);
	knots->count = 2 * count + 1;
	knots->zero = count;
	knots->at[count] = 0;
	for (size_t q = 0; q < count; q++) {
		knots->at[count + 1 + q] = positive[q];
		knots->at[count - 1 - q] = -positive[q];
	}
	return 0;
}

/* the nonzero terms of a tap with confounds x; gives how many */
static size_t entries(const struct splines *splines, const double *x, struct entry *entry)
{
	size_t m = 0;
	entry[m++] = (struct entry){0, 1};
	for (size_t s = 0; s < splines->count; s++) {
		const struct knots *knots = &splines->knots[s];
		if (knots->count < 2)
			continue;
		size_t k = knots->zero;
		if (x[s] >= 0)
			while (k + 2 < knots->count && knots->at[k + 1] <= x[s])
				k++;
		else
			do
				k--;
			while (k > 0 && knots->at[k] > x[s]);
		double part = (x[s] - knots->at[k]) / (knots->at[k + 1] - knots->at[k]);
		if (k != knots->zero)
			entry[m++] = (struct entry){splines->first[s] + k, 1 - part};
		if (k + 1 != knots->zero)
			entry[m++] = (struct entry){splines->first[s] + k + 1, part};
	}
	size_t term = splines->terms;
	for (size_t a = 0; a < splines->count; a++)
		for (size_t b = 0; b < a; b++) {
			double scale = splines->knots[a].scale * splines->knots[b].scale;
			term--;
			if (scale > 0)
				entry[m++] = (struct entry){term, x[a] * x[b] / scale};
		}
	return m;
}

static size_t block_of(size_t g, size_t h)
{
	size_t low = g < h ? g : h, high = g < h ? h : g;
	return high * (high + 1) / 2 + low;
}

static void block_folds(size_t block, size_t *g, size_t *h)
{
	for (*h = 0; block_of(0, *h + 1) <= block; ++*h)
		;
	*g = block - block_of(0, *h);
}

/* normal equations of the pairs in a block of folds */
static int accumulate(size_t block, size_t worker, void *argument)
{
	(void)worker;
	struct beyond *job = argument;
	const struct lateral *set = job->set;
	size_t terms = job->splines.terms;
	double *gram = job->gram + block * terms * (terms + 1);
	for (size_t i = 0; i < set->n; i++)
		for (size_t j = 0; j < set->n; j++) {
			if (i == j || block_of(job->fold[i], job->fold[j]) != block)
				continue;
			size_t at = lateral_pair_index(set, i, j) * set->taps;
			for (size_t t = 0; t < set->taps; t++) {
				double x[LATERAL_CONFOUNDS_MAX];
				struct entry entry[ENTRIES_MAX];
				for (size_t s = 0; s < job->splines.count; s++)
					x[s] = job->c[s][at + t];
				size_t m = entries(&job->splines, x, entry);
				for (size_t a = 0; a < m; a++) {
					double *row = gram + entry[a].term * (terms + 1);
					for (size_t b = 0; b < m; b++)
						row[entry[b].term] +=
						    entry[a].value * entry[b].value;
					row[terms] += entry[a].value * job->w[at + t];
				}
			}
		}
	return 0;
}

/* Solve a x = y for a positive semidefinite a (m, m + 1 with y last), scaled to unit diagonal, with a ridge of 1e-9 that
 * decides only what the data leave open; terms that no tap reaches get 0. */
static void solve(double *a, size_t m, double *x)
{
	size_t s = m + 1;
	double scale[TERMS_MAX];
	for (size_t i = 0; i < m; i++)
		scale[i] = a[i * s + i] > 0 ? 1 / sqrt(a[i * s + i]) : 0;
	for (size_t i = 0; i < m; i++) {
		for (size_t j = 0; j < m; j++)
			a[i * s + j] *= scale[i] * scale[j];
		a[i * s + m] *= scale[i];
		a[i * s + i] = scale[i] > 0 ? 1 + 1e-9 : 1;
	}
	for (size_t j = 0; j < m; j++) { /* Cholesky, the right side carried along */
		double pivot = sqrt(fmax(a[j * s + j], 1e-12));
		a[j * s + j] = pivot;
		for (size_t i = j + 1; i < m; i++)
			a[i * s + j] /= pivot;
		a[j * s + m] /= pivot;
		for (size_t i = j + 1; i < m; i++) {
			for (size_t k = j + 1; k <= i; k++)
				a[i * s + k] -= a[i * s + j] * a[k * s + j];
			a[i * s + m] -= a[i * s + j] * a[j * s + m];
		}
	}
	for (size_t j = m; j-- > 0;) {
		double sum = a[j * s + m];
		for (size_t i = j + 1; i < m; i++)
			sum -= a[i * s + j] * x[i];
		x[j] = sum / a[j * s + j];
	}
	for (size_t i = 0; i < m; i++)
		x[i] *= scale[i];
}

/* coefficients for the pairs of a block, from blocks that share no fold with it; then their residuals */
static int predict(size_t block, size_t worker, void *argument)
{
	(void)worker;
	struct beyond *job = argument;
	const struct lateral *set = job->set;
	size_t terms = job->splines.terms, g, h;
	block_folds(block, &g, &h);
	double *sum = mem_alloc(terms * (terms + 1), sizeof(*sum));
	if (!sum)
		return -1;
	for (size_t b = 0; b < job->blocks; b++) {
		size_t p, q;
		block_folds(b, &p, &q);
		if (p == g || p == h || q == g || q == h)
			continue;
		const double *gram = job->gram + b * terms * (terms + 1);
		for (size_t e = 0; e < terms * (terms + 1); e++)
			sum[e] += gram[e];
	}
	double *x = job->solutions + block * terms;
	solve(sum, terms, x);
	free(sum);

	for (size_t i = 0; i < set->n; i++)
		for (size_t j = 0; j < set->n; j++) {
			if (i == j || block_of(job->fold[i], job->fold[j]) != block)
				continue;
			size_t at = lateral_pair_index(set, i, j) * set->taps;
			for (size_t t = 0; t < set->taps; t++) {
				double c[LATERAL_CONFOUNDS_MAX], fit = 0;
				struct entry entry[ENTRIES_MAX];
				for (size_t s = 0; s < job->splines.count; s++)
					c[s] = job->c[s][at + t];
				size_t m = entries(&job->splines, c, entry);
				for (size_t e = 0; e < m; e++)
					fit += entry[e].value * x[entry[e].term];
				job->residual[at + t] = job->w[at + t] - fit;
			}
		}
	return 0;
}

int lateral_beyond(const struct lateral *set, const double *w, const double *const *c, size_t count,
    uint64_t seed, size_t threads, double *residual)
{
	if (count < 1 || count > LATERAL_CONFOUNDS_MAX)
		return err_set(
		    "confounds: %zu of them, 1 to %d are possible", count, LATERAL_CONFOUNDS_MAX);
	if (set->n < 4)
		return err_set("K_beyond_C: %zu usable filters, cross-fitting needs 4", set->n);
	struct beyond job = {.set = set, .w = w, .c = c, .residual = residual};
	job.splines.count = count;
	job.splines.terms = 1 + count * (count - 1) / 2;
	for (size_t s = 0; s < count; s++) {
		if (place_knots(set, c[s], &job.splines.knots[s]))
			return -1;
		job.splines.first[s] =
		    s ? job.splines.first[s - 1] + job.splines.knots[s - 1].count : 1;
		job.splines.terms += job.splines.knots[s].count;
	}
	job.folds = set->n < LATERAL_FOLDS ? set->n : LATERAL_FOLDS;
	job.blocks = job.folds * (job.folds + 1) / 2;
	size_t terms = job.splines.terms;
	size_t *order = mem_alloc(set->n, sizeof(*order));
	job.fold = mem_alloc(set->n, sizeof(*job.fold));
	job.gram = mem_alloc(job.blocks * terms * (terms + 1), sizeof(*job.gram));
	job.solutions = mem_alloc(job.blocks * terms, sizeof(*job.solutions));
	int status = -1;
	if (order && job.fold && job.gram && job.solutions) {
		struct rng rng = rng_start(seed, RNG_HALVES, 0, 0);
		rng_permutation(&rng, order, set->n);
		for (size_t i = 0; i < set->n; i++)
			job.fold[order[i]] = i % job.folds;
		memset(residual, 0, set->n * set->n * set->taps * sizeof(*residual));
		status = par_for(job.blocks, threads, accumulate, &job);
		if (!status)
			status = par_for(job.blocks, threads, predict, &job);
	}
	free(order);
	free(job.fold);
	free(job.gram);
	free(job.solutions);
	return status;
}
