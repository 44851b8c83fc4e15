/* Short range: weights nearest Delta = 0 against orientation and phase, and the ring model. */
#include <math.h>
#include "indices/signed.h"

void ring_sum(const struct signed_job *job, const double *factor, struct ring_sums *s)
{
	size_t n = job->set->n;
	*s = (struct ring_sums){0};
	for (size_t p = 0; p < n * n; p++) {
		double near = job->near[p], f = factor ? factor[p] : 1, x, y;
		if (p / n == p % n || isnan(near) || !(f > 0))
			continue;
		double c = job->labels->pair[p].c2;
		signed_phases(job, p, p / n, p % n, &x, &y);
		double d = x * job->near_x[p] - y * job->near_y[p];
		double part[] = {near > 0 ? near : 0, near < 0 ? -near : 0, near};
		s->m += f, s->c += f * c, s->cc += f * c * c;
		s->d += f * d, s->dd += f * d * d, s->cd += f * c * d, s->kd += f * near * d;
		for (size_t q = 0; q < 3; q++) {
			s->k[q] += f * part[q];
			s->kk[q] += f * part[q] * part[q];
			s->kc[q] += f * part[q] * c;
		}
	}
}

void ring_move(const struct signed_job *job, const size_t *orientations, const size_t *phases,
    struct ring_sums *turned, struct ring_sums *phased)
{
	size_t n = job->set->n;
	double c = 0, cc = 0, kc[3] = {0}, cd = 0, d = 0, dd = 0, kd = 0, dc = 0;
	for (size_t i = 0; i < n; i++) {
		const struct label_pair *own = &job->labels->pair[i * n];
		const struct label_pair *moved = &job->labels->pair[orientations[i] * n];
		for (size_t j = 0; j < n; j++) {
			size_t p = i * n + j;
			double near = job->near[p], x, y;
			if (i == j || isnan(near))
				continue;
			double cosine = moved[orientations[j]].c2, up = near > 0 ? near : 0;
			signed_phases(job, p, phases[i], phases[j], &x, &y);
			double phase = x * job->near_x[p] - y * job->near_y[p];
			c += cosine, cc += cosine * cosine, cd += cosine * job->near_d[p];
			kc[0] += up * cosine, kc[2] += near * cosine;
			d += phase, dd += phase * phase, kd += near * phase;
			dc += phase * own[j].c2;
		}
	}
	turned->c = c, turned->cc = cc, turned->cd = cd;
	turned->kc[0] = kc[0], turned->kc[1] = kc[0] - kc[2], turned->kc[2] = kc[2];
	phased->d = d, phased->dd = dd, phased->kd = kd, phased->cd = dc;
}

void ring(const struct ring_sums *s, double *out)
{
	double m = s->m, vc = s->cc - s->c * s->c / m, vd = s->dd - s->d * s->d / m;
	double vcd = s->cd - s->c * s->d / m, vkd = s->kd - s->k[2] * s->d / m, vk = 0, vkc = 0;
	for (size_t q = 0; q < 3; q++) {
		vk = s->kk[q] - s->k[q] * s->k[q] / m;
		vkc = s->kc[q] - s->k[q] * s->c / m;
		out[SIGNED_SHORT + q] =
		    vk > 1e-14 * s->kk[q] && vc > 1e-14 * s->cc ? vkc / sqrt(vk * vc) : NAN;
	}
	double det = vc * vd - vcd * vcd;
	bool any = vk > 1e-14 * s->kk[2] && det > 1e-10 * s->cc * s->dd;
	double left = vk - vkc * vkc / vc;
	out[SIGNED_RING_ORIENTATION] = any ? (vkc * vd - vkd * vcd) / det : NAN;
	out[SIGNED_RING_PHASE] = any ? (vkd * vc - vkc * vcd) / det : NAN;
	out[SIGNED_RING_MEAN] =
	    any ? (s->k[2] - out[SIGNED_RING_ORIENTATION] * s->c - out[SIGNED_RING_PHASE] * s->d) /
		      m
		: NAN;
	out[SIGNED_SHORT_PHASE] =
	    any && left > 1e-13 * s->kk[2] ? (vkd - vkc * vcd / vc) / sqrt(left * det / vc) : NAN;
}
