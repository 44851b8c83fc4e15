/* What of a kernel depends on the relative phase of profiles, and what on their envelopes alone. */
#include <math.h>
#include <stdlib.h>
#include "base/memory.h"
#include "kernel/products.h"
#include "indices/rows.h"
#include "indices/signed.h"
#include "stats/resample.h"

enum { R = LATERAL_RANGES };

#define NEAR 1.0 /* px: |Delta| below which the nearest tap of a pair counts as short range */

VECTOR_CLONES void phase_sum(
    const struct signed_job *job, const double *factor, struct phase_still *still)
{
	size_t n = job->set->n;
	double c[R] = {0}, m[R] = {0}, mm[R] = {0}, k[R] = {0}, km[R] = {0}, kk[R] = {0};
	for (size_t p = 0; p < n * n; p++) {
		double f = p / n == p % n ? 0 : factor ? factor[p] : 1;
		const struct phase_sums *s = &job->phase[p];
		if (!(f > 0))
			continue;
#pragma omp simd
		for (size_t r = 0; r < R; r++) {
			c[r] += f * s->n[r];
			m[r] += f * s->m[r];
			mm[r] += f * s->mm[r];
			k[r] += f * s->k[r];
			km[r] += f * s->km[r];
			kk[r] += f * s->kk[r];
		}
	}
	for (size_t r = 0; r < R; r++) {
		still->c[r] = c[r], still->m[r] = m[r], still->mm[r] = mm[r];
		still->k[r] = k[r], still->km[r] = km[r], still->kk[r] = kk[r];
	}
}

VECTOR_CLONES void phase_parts(const struct signed_job *job, const struct phase_still *still,
    const size_t *order, const double *factor, double *out)
{
	const struct units *set = job->set;
	size_t n = set->n;
	const double *c = still->c, *m = still->m, *mm = still->mm;
	const double *k = still->k, *km = still->km, *kk = still->kk;
	double x[R] = {0}, xm[R] = {0}, xx[R] = {0}, kx[R] = {0};
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++) {
			double f = factor ? factor[i * n + j] : 1, px, py;
			if (i == j || !(f > 0))
				continue;
			const struct phase_sums *s = &job->phase[i * n + j];
			signed_phases(
			    job, i * n + j, order ? order[i] : i, order ? order[j] : j, &px, &py);
			px *= f;
			py *= f;
			double qx = (px * px - py * py) / (2 * f), qy = px * py / f;
#pragma omp simd
			for (size_t r = 0; r < R; r++) {
				x[r] += px * s->mx[r] - py * s->my[r];
				xm[r] += px * s->mmx[r] - py * s->mmy[r];
				xx[r] += f * s->mm[r] / 2 + qx * s->m2x[r] - qy * s->m2y[r];
				kx[r] += px * s->kmx[r] - py * s->kmy[r];
			}
		}
	for (size_t r = 0; r < R; r++) {
		double vm = mm[r] - m[r] * m[r] / c[r];
		double vk = kk[r] - k[r] * k[r] / c[r], vx = xx[r] - x[r] * x[r] / c[r];
		double vkm = km[r] - k[r] * m[r] / c[r], vxm = xm[r] - x[r] * m[r] / c[r];
		double vkx = kx[r] - k[r] * x[r] / c[r];
		double left = vk - vkm * vkm / vm, right = vx - vxm * vxm / vm;
		out[SIGNED_PHASE + r] = left > 1e-13 * kk[r] && right > 1e-13 * xx[r]
					    ? (vkx - vkm * vxm / vm) / sqrt(left * right)
					    : NAN;
		left = vk - vkx * vkx / vx;
		right = vm - vxm * vxm / vx;
		if (r == 0)
			out[SIGNED_BLIND] = left > 1e-13 * kk[r] && right > 1e-13 * mm[r]
						? (vkm - vkx * vxm / vx) / sqrt(left * right)
						: NAN;
	}
}

/*
 * Chance of SIGNED_BLIND: MRQAP with double semi-partialling. What M has beyond 1 and X = M cos dphase is moved with whole filters
 * (orientation, frequency, phase and centre), and correlated with the weights given 1 and X. Partial r from
 * products of what K~ and M leave, u and e, and of X.
 */
int phase_blind_sample(const struct signed_job *job, const double *w)
{
	const struct units *set = job->set;
	size_t n = set->n, taps = set->taps, total = n * n * taps, count = job->count;
	double *u = mem_alloc(3 * total, sizeof(*u)), *e = u + total, *x = e + total;
	uint32_t *orders = mem_alloc((count + 1) * n, sizeof(*orders));
	size_t *order = mem_alloc(n, sizeof(*order));
	double *with_u = mem_alloc(2 * (count + 1), sizeof(*with_u)), *with_x = with_u + count + 1;
	int status = -1;
	if (!u || !orders || !order || !with_u)
		goto out;
	double sx = 0, sxx = 0, sk = 0, skx = 0, sm = 0, smx = 0, m = (double)(n * (n - 1) * taps);
	for (size_t p = 0; p < n * n; p++)
		for (size_t t = 0; t < taps && p / n != p % n; t++) {
			size_t at = p * taps + t;
			double dphase;
			u[at] = w[at];
			e[at] = units_overlap(set, p, t, &dphase);
			x[at] = e[at] * cos(dphase);
			sx += x[at], sxx += x[at] * x[at];
			sk += w[at], skx += w[at] * x[at];
			sm += e[at], smx += e[at] * x[at];
		}
	double vx = sxx - sx * sx / m, ku = (skx - sk * sx / m) / vx, me = (smx - sm * sx / m) / vx;
	double uu = 0, ee = 0, norm = sqrt(vx);
	for (size_t p = 0; p < n * n; p++)
		for (size_t t = 0; t < taps && p / n != p % n; t++) {
			size_t at = p * taps + t;
			double beyond = x[at] - sx / m;
			u[at] -= sk / m + ku * beyond;
			e[at] -= sm / m + me * beyond;
			x[at] = beyond / norm;
			uu += u[at] * u[at];
			ee += e[at] * e[at];
		}
	for (size_t b = 0; b < count; b++) {
		resample_order(job->plan->seed, b, 4, n, order);
		for (size_t i = 0; i < n; i++)
			orders[b * n + i] = (uint32_t)order[i];
	}
	if (products_moved(set, u, e, orders, count, job->plan->threads, with_u) ||
	    products_moved(set, x, e, orders, count, job->plan->threads, with_x))
		goto out;
	for (size_t b = 0; b < count; b++) {
		double left = ee - with_x[b] * with_x[b];
		job->sample[b * SIGNED_COUNT + SIGNED_BLIND] =
		    uu > 0 && left > 1e-9 * ee ? with_u[b] / sqrt(uu * left) : NAN;
	}
	status = 0;
out:
	free(u);
	free(orders);
	free(order);
	free(with_u);
	return status;
}

void phase_pair(const struct units *set, const struct lateral_plan *plan, size_t p,
    const double *w, struct phase_sums *sum, double *near, double *near_x, double *near_y)
{
	const struct units_pair *pair = &set->pair[p];
	double closest = NEAR;
	*near = NAN;
	for (size_t t = 0; t < set->taps; t++) {
		double x = set->dx[t] + pair->x, y = set->dy[t] + pair->y, r = sqrt(x * x + y * y);
		double g, m = units_overlap(set, p, t, &g), k = w[t];
		g -= pair->phase;
		double gx = cos(g), gy = sin(g);
		size_t range = lateral_range(plan, r);
		if (r < closest) {
			closest = r;
			*near = k;
			*near_x = gx;
			*near_y = gy;
		}
		for (size_t b = 0; b <= range; b += range ? range : 1) {
			sum->n[b]++;
			sum->m[b] += m;
			sum->mm[b] += m * m;
			sum->k[b] += k;
			sum->km[b] += k * m;
			sum->kk[b] += k * k;
			sum->mx[b] += m * gx;
			sum->my[b] += m * gy;
			sum->mmx[b] += m * m * gx;
			sum->mmy[b] += m * m * gy;
			sum->m2x[b] += m * m * (gx * gx - gy * gy);
			sum->m2y[b] += m * m * 2 * gx * gy;
			sum->kmx[b] += k * m * gx;
			sum->kmy[b] += k * m * gy;
		}
	}
}
