#include "models/descriptions.h"
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/threads.h"
#include "field/field.h"
#include "stats/resample.h"

#define PI UNITS_PI
#define PARTS LADDER_PARTS

static size_t samples_of(const struct ladder *c)
{
	return c->plan->bootstrap + resample_dyads(c->plan->bootstrap);
}

/* Values, which stand last, and intervals of `count` numbers a sample. */
static int intervals(
    const struct ladder *c, const double *sample, size_t count, struct described *out)
{
	size_t bootstrap = c->plan->bootstrap;
	for (size_t k = 0; k < count; k++) {
		out[k] = (struct described){sample[samples_of(c) * count + k], NAN, NAN};
		if (bootstrap && resample_pair_interval(out[k].value, sample + k, c->set->n,
				     bootstrap, count, .95, &out[k].low, &out[k].high) < 0)
			return -1;
	}
	return 0;
}

/* ---- ring ---- */

struct near { /* the tap of a pair that is nearest to Delta = 0 */
	bool there;
	double y[PARTS], c2, phase;
};

/* pair (i, j) counts times[i n + j] times (NULL: once) */
static void ring_fit(
    const struct ladder *c, const struct near *near, const double *times, double *out)
{
	for (int part = 0; part < PARTS; part++) {
		struct regression m = {.terms = part == SIGN_BOTH ? 3 : 2};
		double j[REGRESSION_TERMS] = {0};
		for (size_t p = 0; p < c->pairs; p++) {
			double w = times ? times[c->target[p] * c->set->n + c->source[p]] : 1;
			double x[3] = {1, near[p].c2, near[p].phase};
			if (!near[p].there || !(w > 0))
				continue;
			for (size_t a = 0; a < m.terms; a++) {
				m.b[a] += w * x[a] * near[p].y[part];
				for (size_t b = 0; b < m.terms; b++)
					m.g[a][b] += w * x[a] * x[b];
			}
		}
		regression_solve(&m, j);
		for (size_t a = 0; a < RINGS; a++)
			out[(size_t)part * RINGS + a] = m.g[0][0] > 3 && a < m.terms ? j[a] : NAN;
	}
}

int describe_ring(const struct ladder *c, struct described out[PARTS][RINGS], size_t *pairs)
{
	size_t samples = samples_of(c), n = c->set->n, count = PARTS * RINGS;
	struct near *near = mem_alloc(c->pairs, sizeof *near);
	double *sample = mem_alloc((samples + 1) * count, sizeof *sample),
	       *times = mem_alloc(n + n * n, sizeof *times);
	int status = -1;
	*pairs = 0;
	if (!near || !sample || !times)
		goto out;
	for (size_t p = 0; p < c->pairs; p++) {
		const double *w = ladder_weights(c, p);
		double nearest = DESCRIPTIONS_SHORT;
		for (size_t t = 0; t < c->set->taps; t++) {
			struct units_tap tap = units_tap(c->set, c->target[p], c->source[p], t);
			if (!(tap.r < nearest))
				continue;
			nearest = tap.r;
			near[p] = (struct near){true, {fmax(w[t], 0), fmax(-w[t], 0), w[t]},
			    cos(2 * ladder_dtheta(c, p)), cos(tap.dphase)};
		}
		*pairs += near[p].there;
	}
	ring_fit(c, near, NULL, sample + samples * count);
	for (size_t b = 0; b < samples; b++) {
		resample_pairs(c->plan->seed, c->plan->bootstrap, b, n, times, times + n);
		ring_fit(c, near, times + n, sample + b * count);
	}
	status = intervals(c, sample, count, out[0]);
out:
	free(near);
	free(sample);
	free(times);
	return status;
}

/* ---- arcs ---- */

#define STARTS 8

struct arcs {
	const struct ladder *ladder;
	size_t radius, points; /* of the field */
	const float *splat;    /* (pairs, points): sum of G w */
	const size_t *every;   /* (pairs): all of them */
	double *sample;        /* (samples + 1, ARCS); the last: as it is */
};

/* sum of squared distances of points from the circle of curvature k through the origin, tangent to the axis */
static double off_arc(const struct field_point *p, size_t count, double k)
{
	double sum = 0;
	for (size_t i = 0; i < count; i++) {
		/* |q - (0, 1/k)| - 1/|k|, without cancellation at small k */
		double q2 = p[i].x * p[i].x + p[i].y * p[i].y, a = k * q2 - 2 * p[i].y;
		double d = a / (1 + sqrt(fmax(0, 1 + k * a)));
		sum += d * d;
	}
	return sum;
}

/* smallest of off_arc over |k| <= 2 / px: a grid, then golden section about its best */
static double best_arc(const struct field_point *p, size_t count)
{
	const double step = .02, ratio = (sqrt(5) - 1) / 2;
	double best = INFINITY, at = 0;
	for (int i = -100; i <= 100; i++) {
		double value = off_arc(p, count, i * step);
		if (value < best) {
			best = value;
			at = i * step;
		}
	}
	double a = at - step, b = at + step;
	for (int i = 0; i < 24; i++) {
		double x = b - ratio * (b - a), y = a + ratio * (b - a);
		if (off_arc(p, count, x) < off_arc(p, count, y))
			b = y;
		else
			a = x;
	}
	return fmin(best, off_arc(p, count, (a + b) / 2));
}

/* sum of squared distances from the best line through the origin: the smaller eigenvalue of sum q q' */
static double best_line(const struct field_point *p, size_t count)
{
	double xx = 0, xy = 0, yy = 0;
	for (size_t i = 0; i < count; i++) {
		xx += p[i].x * p[i].x;
		xy += p[i].x * p[i].y;
		yy += p[i].y * p[i].y;
	}
	return fmax(0, (xx + yy) / 2 - sqrt((xx - yy) * (xx - yy) / 4 + xy * xy));
}

static void arcs_of_field(
    const struct field *field, struct field_point *point, size_t most, double out[ARCS])
{
	double arc = 0, line = 0, n = 0, r = fmax(2, (double)field->radius / 2);
	for (int k = 0; k < STARTS; k++) {
		double phi = PI * (k + .5) / STARTS;
		size_t first, last;
		if (!field_streamline(
			field, r * cos(phi), r * sin(phi), most, point, &first, &last) ||
		    (double)(last - first) * FIELD_STEP < 2)
			continue;
		size_t count = last - first + 1;
		arc += best_arc(point + first, count);
		line += best_line(point + first, count);
		n += (double)count;
	}
	out[ARC_ARC] = n > 0 ? sqrt(arc / n) : NAN;
	out[ARC_LINE] = n > 0 ? sqrt(line / n) : NAN;
	out[ARC_LEAD] = out[ARC_LINE] - out[ARC_ARC];
}

/* sample b of filters or pairs, or all of them as they are (b = samples) */
static int arcs_sample(size_t b, size_t worker, void *argument)
{
	(void)worker;
	const struct arcs *job = argument;
	const struct ladder *c = job->ladder;
	size_t n = c->set->n, most = (size_t)((double)(2 * job->radius) / FIELD_STEP);
	struct field field;
	double *times = mem_alloc(n + n * n, sizeof *times);
	float *share = mem_alloc(c->pairs, sizeof *share);
	struct field_point *point = mem_alloc(2 * most + 1, sizeof *point);
	int status = field_create(&field, job->radius);
	if (status < 0 || !times || !share || !point) {
		status = -1;
		goto out;
	}
	for (size_t i = 0; i < n + n * n; i++)
		times[i] = 1;
	if (b < samples_of(c))
		resample_pairs(c->plan->seed, c->plan->bootstrap, b, n, times, times + n);
	field_shares(c->set, c->target, c->source, job->every, c->pairs, times, share);
	for (size_t p = 0; p < c->pairs; p++) {
		double weight = times[n + c->target[p] * n + c->source[p]];
		if (!(weight > 0))
			continue;
		double dtheta = ladder_dtheta(c, p), re = cos(2 * dtheta), im = sin(2 * dtheta);
		const float *splat = job->splat + p * job->points;
		for (size_t q = 0; q < job->points; q++) {
			double x = (double)share[p] * (double)splat[q], w = weight * x;
			field.re[q] += w * re;
			field.im[q] += w * im;
			field.sum[q] += w;
			field.squares[q] += w * x;
		}
	}
	arcs_of_field(&field, point, most, job->sample + b * ARCS);
out:
	field_free(&field);
	free(times);
	free(share);
	free(point);
	return status;
}

int describe_arcs(const struct ladder *c, struct described out[2][ARCS])
{
	const struct units *set = c->set;
	size_t samples = samples_of(c), radius = set->k > 1 ? set->k / 2 : 1;
	size_t size = 2 * radius + 1, points = size * size;
	float *splat = mem_alloc(c->pairs * points, sizeof *splat);
	size_t *every = mem_alloc(c->pairs, sizeof *every);
	double *a = mem_alloc(2 * points, sizeof *a), *w = mem_alloc(set->taps, sizeof *w);
	struct arcs job = {
	    c, radius, points, splat, every, mem_alloc((samples + 1) * ARCS, sizeof *job.sample)};
	int status = splat && every && a && w && job.sample ? 0 : -1;
	for (int part = 0; status == 0 && part < 2; part++) {
		for (size_t p = 0; p < c->pairs; p++) {
			size_t low = size, high = 0;
			const double *k = ladder_weights(c, p);
			for (size_t t = 0; t < set->taps; t++)
				w[t] = fmax(part == SIGN_NEGATIVE ? -k[t] : k[t], 0);
			memset(a, 0, 2 * points * sizeof *a);
			field_splat(
			    set, c->target[p], c->source[p], w, radius, a, a + points, &low, &high);
			for (size_t q = 0; q < points; q++)
				splat[p * points + q] = (float)a[q];
			every[p] = p;
		}
		status = par_for(samples + 1, c->plan->threads, arcs_sample, &job);
		if (status == 0)
			status = intervals(c, job.sample, ARCS, out[part]);
	}
	free(splat);
	free(every);
	free(a);
	free(w);
	free(job.sample);
	return status;
}
