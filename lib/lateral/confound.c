#include "lateral/confound.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/threads.h"
#include "lateral/products.h"
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

/* take the mean of every target (or source) from the means of its pairs */
static void level(double *mean, size_t n, bool sources)
{
	for (size_t i = 0; i < n; i++) {
		double sum = 0;
		for (size_t j = 0; j < n; j++)
			sum += i == j ? 0 : mean[sources ? j * n + i : i * n + j];
		for (size_t j = 0; j < n; j++)
			if (i != j)
				mean[sources ? j * n + i : i * n + j] -= sum / (double)(n - 1);
	}
}

int lateral_balance(const struct lateral *set, const double *w, double *out)
{
	enum { TURNS = 30 }; /* each leaves 1/(n - 1) of the error */
	size_t n = set->n, taps = set->taps;
	double *mean = mem_alloc(2 * n * n, sizeof(*mean)), *before = mean + n * n;
	if (!mean)
		return -1;
	for (size_t p = 0; p < n * n; p++) {
		for (size_t t = 0; t < taps && p / n != p % n; t++)
			mean[p] += w[p * taps + t] / (double)taps;
		before[p] = mean[p];
	}
	for (size_t turn = 0; turn < TURNS; turn++) {
		level(mean, n, false);
		level(mean, n, true);
	}
	for (size_t p = 0; p < n * n; p++)
		for (size_t t = 0; t < taps; t++)
			out[p * taps + t] =
			    p / n == p % n ? 0 : w[p * taps + t] - before[p] + mean[p];
	free(mean);
	return 0;
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
	const double *own; /* the kernel */
	double *w;         /* less effects of targets and sources: what is fitted */
	const double *const *c;
	double *residual;
	struct splines splines;
	size_t folds, blocks;
	size_t *fold;      /* (n) */
	double *gram;      /* (blocks, terms, terms + 1): normal equations, right side last */
	bool right;        /* only the right side is new */
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
	for (size_t a = 0; a < terms; a++)
		gram[a * (terms + 1) + terms] = 0;
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
					for (size_t b = 0; b < m && !job->right; b++)
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
				job->residual[at + t] = job->own[at + t] - fit;
			}
		}
	return 0;
}

/* w = the kernel less the effects of targets and sources that its residual shows: its balanced residual and the fit */
static int less_effects(struct beyond *job)
{
	size_t total = job->set->n * job->set->n * job->set->taps;
	if (lateral_balance(job->set, job->residual, job->w))
		return -1;
	for (size_t e = 0; e < total; e++)
		job->w[e] += job->own[e] - job->residual[e];
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
	struct beyond job = {.set = set, .own = w, .c = c, .residual = residual};
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
	job.w = mem_alloc(set->n * set->n * set->taps, sizeof(*job.w));
	if (order && job.fold && job.gram && job.solutions && job.w) {
		struct rng rng = rng_start(seed, RNG_HALVES, 0, 0);
		rng_permutation(&rng, order, set->n);
		for (size_t i = 0; i < set->n; i++)
			job.fold[order[i]] = i % job.folds;
		memset(residual, 0, set->n * set->n * set->taps * sizeof(*residual));
		memcpy(job.w, w, set->n * set->n * set->taps * sizeof(*w));
		status = 0;
		for (size_t round = 0; round < LATERAL_ROUNDS && !status; round++) {
			job.right = round > 0;
			if (round > 0)
				status = less_effects(&job);
			if (!status)
				status = par_for(job.blocks, threads, accumulate, &job);
			if (!status)
				status = par_for(job.blocks, threads, predict, &job);
		}
	}
	free(job.w);
	free(order);
	free(job.fold);
	free(job.gram);
	free(job.solutions);
	return status;
}

/* ---- what they explain ---- */

/* of a pair's taps: sums of weights k and predictions f, less their means over all pairs */
struct overlap {
	double kk, ff, kf, k, f, n;
};

static double overlap_r(const struct overlap *pair, size_t n, const double *factor)
{
	struct overlap s = {0};
	for (size_t p = 0; p < n * n; p++) {
		double f = p / n == p % n ? 0 : factor ? factor[p] : 1;
		s.kk += f * pair[p].kk, s.ff += f * pair[p].ff, s.kf += f * pair[p].kf;
		s.k += f * pair[p].k, s.f += f * pair[p].f, s.n += f * pair[p].n;
	}
	double vk = s.kk - s.k * s.k / s.n, vf = s.ff - s.f * s.f / s.n;
	return vk > 1e-12 * s.kk && vf > 1e-12 * s.ff ? (s.kf - s.k * s.f / s.n) / sqrt(vk * vf)
						      : NAN;
}

static int correlation_chance(const struct lateral *set, const double *k, const double *f,
    const struct lateral_plan *plan, double norm, struct report_row *row)
{
	size_t n = set->n, count = plan->permutations;
	uint32_t *orders = mem_alloc(count * n, sizeof(*orders));
	size_t *order = mem_alloc(n, sizeof(*order));
	double *product = mem_alloc(count, sizeof(*product));
	int status = -1;
	if (orders && order && product) {
		for (size_t b = 0; b < count; b++) {
			resample_order(plan->seed, b, 4, n, order);
			for (size_t i = 0; i < n; i++)
				orders[b * n + i] = (uint32_t)order[i];
		}
		status = products_moved(set, f, k, orders, count, plan->threads, product);
	}
	for (size_t b = 0; b < count && !status; b++)
		product[b] = norm > 0 ? product[b] / norm : NAN;
	if (!status) {
		struct resample_chance chance =
		    resample_chance(row->value, product, count, 1, RESAMPLE_TWO_SIDED);
		row->chance = chance.mean;
		row->p = chance.p;
	}
	free(orders);
	free(order);
	free(product);
	return status;
}

static int correlation_interval(
    const struct overlap *pair, size_t n, const struct lateral_plan *plan, struct report_row *row)
{
	size_t count = plan->bootstrap + resample_dyads(plan->bootstrap);
	double *times = mem_alloc(n + n * n, sizeof(*times));
	double *sample = mem_alloc(count, sizeof(*sample));
	int status = -1;
	if (times && sample) {
		for (size_t b = 0; b < count; b++) {
			resample_pairs(plan->seed, plan->bootstrap, b, n, times, times + n);
			sample[b] = overlap_r(pair, n, times + n);
		}
		status = resample_pair_interval(
		    row->value, sample, n, plan->bootstrap, 1, .95, &row->low, &row->high);
	}
	free(times);
	free(sample);
	return status;
}

/* The row r of w and another (n, n, taps) array; chance by moving whole filters of w where that is wanted. */
static int correlation_row(const struct lateral *set, const double *w, const double *other,
    bool chance, const struct lateral_plan *plan, struct report_row row, struct report *report)
{
	size_t n = set->n, taps = set->taps, total = n * n * taps;
	double *k = mem_alloc(2 * total, sizeof(*k)), mean[2] = {0}, kk = 0, ff = 0;
	struct overlap *pair = mem_alloc(n * n, sizeof(*pair));
	int status = -1;
	row.part = LATERAL_SIGNED;
	row.n = n * (n - 1);
	row.chance = row.p = NAN;
	if (k && pair) {
		double *f = k + total, m = (double)(n * (n - 1) * taps);
		for (size_t e = 0; e < total; e++)
			if (e / taps / n != e / taps % n) {
				mean[0] += w[e] / m;
				mean[1] += other[e] / m;
			}
		for (size_t e = 0; e < total; e++)
			if (e / taps / n != e / taps % n) {
				struct overlap *to = &pair[e / taps];
				k[e] = w[e] - mean[0];
				f[e] = other[e] - mean[1];
				kk += k[e] * k[e], ff += f[e] * f[e];
				to->kk += k[e] * k[e], to->ff += f[e] * f[e];
				to->kf += k[e] * f[e], to->k += k[e], to->f += f[e], to->n++;
			}
		row.value = overlap_r(pair, n, NULL);
		status = chance ? correlation_chance(set, k, f, plan, sqrt(kk * ff), &row) : 0;
	}
	if (!status)
		status = correlation_interval(pair, n, plan, &row);
	if (!status)
		status = report_add(report, row);
	free(k);
	free(pair);
	return status;
}

int lateral_explained(const struct lateral *set, const char *kernel, const double *w,
    const double *const c[LATERAL_CONFOUNDS_MAX], const double *residual,
    const struct lateral_plan *plan, struct report *report)
{
	static const char *const names[LATERAL_CONFOUNDS_MAX] = {"r_C1", "r_C2", "r_C3"};
	struct report_row row = {.kernel = kernel};
	for (size_t k = 0; k < LATERAL_CONFOUNDS_MAX; k++) {
		row.quantity = names[k];
		if (c[k] && correlation_row(set, w, c[k], true, plan, row, report))
			return -1;
	}
	if (!residual)
		return 0;
	size_t total = set->n * set->n * set->taps;
	double *fit = mem_alloc(total, sizeof(*fit));
	if (!fit)
		return -1;
	for (size_t e = 0; e < total; e++)
		fit[e] = w[e] - residual[e];
	row.quantity = "explained_C";
	int status = correlation_row(set, w, fit, false, plan, row, report);
	free(fit);
	return status;
}
