#include "kernel/overlap.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "kernel/products.h"
#include "indices/rows.h"
#include "stats/resample.h"

struct correlation {
	const struct units *set;
	size_t size;
	const double *profile; /* (n, size, size), unit norm */
	double *c;
};

/* all sources and taps of target i */
static int correlate(size_t i, size_t worker, void *argument)
{
	(void)worker;
	const struct correlation *job = argument;
	const struct units *set = job->set;
	ptrdiff_t size = (ptrdiff_t)job->size, half = (ptrdiff_t)(set->k / 2);
	const double *a = job->profile + i * job->size * job->size;
	for (size_t j = 0; j < set->n; j++) {
		const double *b = job->profile + j * job->size * job->size;
		double *c = job->c + units_index(set, i, j) * set->taps;
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

int overlap_correlation(
    const struct units *set, const struct bank *bank, size_t threads, double *c)
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

int lateral_balance(const struct units *set, const double *w, double *out)
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

/* Chance by moving whole filters of w: r with f as it is, of products of both less their means (norm their size), or, with
 * `beyond`, with what is predicted of the moved kernel. */
static int correlation_chance(const struct units *set, const double *w, const double *f,
    double norm, const struct residual *beyond, const struct lateral_plan *plan,
    struct report_row *row)
{
	size_t n = set->n, count = beyond ? plan->invariance_permutations : plan->permutations;
	uint32_t *orders = mem_alloc(count * n, sizeof(*orders));
	size_t *order = mem_alloc(n, sizeof(*order));
	double *r = mem_alloc(count, sizeof(*r));
	int status = -1;
	if (orders && order && r) {
		for (size_t b = 0; b < count; b++) {
			resample_order(plan->seed, b, 4, n, order);
			for (size_t i = 0; i < n; i++)
				orders[b * n + i] = (uint32_t)order[i];
		}
		status = beyond ? residual_moved(beyond, w, orders, count, r)
				: products_moved(set, f, w, orders, count, plan->threads, r);
	}
	for (size_t b = 0; b < count && !status && !beyond; b++)
		r[b] = norm > 0 ? r[b] / norm : NAN;
	if (!status) {
		struct resample_chance chance = resample_chance(
		    row->value, r, count, 1, beyond ? RESAMPLE_GREATER : RESAMPLE_TWO_SIDED);
		row->chance = chance.mean;
		row->p = chance.p;
	}
	free(orders);
	free(order);
	free(r);
	return status;
}

static int correlation_interval(
    const struct overlap *pair, size_t n, const struct lateral_plan *plan, struct report_row *row)
{
	size_t count = lateral_samples(plan);
	double *times = mem_alloc(n + n * n, sizeof(*times));
	double *sample = mem_alloc(count, sizeof(*sample));
	int status = -1;
	if (times && sample) {
		for (size_t b = 0; b < count; b++) {
			resample_pairs(plan->seed, plan->bootstrap, b, n, times, times + n);
			sample[b] = overlap_r(pair, n, times + n);
		}
		status = resample_pair_interval(row->value, sample, n, plan->bootstrap, 1,
		    LATERAL_LEVEL, &row->low, &row->high);
	}
	free(times);
	free(sample);
	return status;
}

/* The row r of w and another (n, n, taps) array, with `beyond` the prediction of it. */
static int correlation_row(const struct units *set, const double *w, const double *other,
    const struct residual *beyond, const struct lateral_plan *plan, struct report_row row,
    struct report *report)
{
	size_t n = set->n, taps = set->taps, total = n * n * taps;
	double *k = mem_alloc(2 * total, sizeof(*k)), mean[2] = {0}, kk = 0, ff = 0;
	struct overlap *pair = mem_alloc(n * n, sizeof(*pair));
	int status = -1;
	row.part = SIGN_BOTH;
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
		status = correlation_chance(set, k, f, sqrt(kk * ff), beyond, plan, &row);
	}
	if (!status)
		status = correlation_interval(pair, n, plan, &row);
	if (!status)
		status = report_add(report, row);
	free(k);
	free(pair);
	return status;
}

int lateral_explained(const struct units *set, const char *kernel, const double *w,
    const double *const c[LATERAL_CONFOUNDS_MAX], const double *residual,
    const struct residual *beyond, const struct lateral_plan *plan, struct report *report)
{
	static const char *const names[LATERAL_CONFOUNDS_MAX] = {"r_C1", "r_C2", "r_C3"};
	struct report_row row = {.kernel = kernel};
	for (size_t k = 0; k < LATERAL_CONFOUNDS_MAX; k++) {
		row.quantity = names[k];
		if (c[k] && correlation_row(set, w, c[k], NULL, plan, row, report))
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
	int status = correlation_row(set, w, fit, beyond, plan, row, report);
	free(fit);
	return status;
}

static double *kernel_of(const struct units *set)
{
	return mem_alloc(set->n * set->n * set->taps, sizeof(double));
}

static int read_overlaps(
    const struct units_files *files, const struct units *set, size_t threads, double *c[3])
{
	struct bank bank, lgn;
	int status = bank_load(files->filters, &bank);
	if (status < 0)
		return -1;
	c[0] = kernel_of(set);
	status = c[0] ? overlap_correlation(set, &bank, threads, c[0]) : -1;
	if (status == 0 && files->lgn) {
		c[1] = kernel_of(set);
		status = c[1] ? bank_load_single(files->lgn, &lgn) : -1;
		if (status == 0) {
			status = bank_compose(&bank, lgn.x, lgn.size);
			if (status == 0)
				status = overlap_correlation(set, &bank, threads, c[1]);
			bank_free(&lgn);
		}
	}
	bank_free(&bank);
	return status;
}

int overlap_read(
    const struct units_files *files, const struct units *set, size_t threads, double *c[3])
{
	struct npys_array covariance;
	int status = files->filters ? read_overlaps(files, set, threads, c) : 0;
	if (status == 0 && files->c3) {
		c[2] = kernel_of(set);
		status = c[2] ? npys_load(files->c3, &covariance, UNITS_KERNEL_MAX) : -1;
		if (status == 0) {
			status = units_select(set, &covariance, UNITS_COVARIANCE, c[2]);
			if (status)
				status = err_set("%s: %s", files->c3, err_reason());
			npys_array_free(&covariance);
		}
	}
	return status;
}
