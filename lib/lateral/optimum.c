#include "lateral/optimum.h"
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/threads.h"
#include "stats/resample.h"

#define SETS LADDER_SETS
#define ALL LADDER_ALL
#define AXES LADDER_AXES
#define STEPS LADDER_STEPS

/* weights of the `size` grid points 0, 1, ... for the polynomial through them, at x */
static void lagrange(size_t size, double x, double *w)
{
	for (size_t i = 0; i < size; i++) {
		w[i] = 1;
		for (size_t j = 0; j < size; j++)
			if (j != i)
				w[i] *= (x - (double)j) / ((double)i - (double)j);
	}
}

/* The sums of one weighting of the pairs, every shape's scaled to sum m^2 = 1: smooth in the parameters. */
struct surface {
	const struct ladder_family *f;
	int part;
	struct ladder_totals total;
	struct ladder_cross *point; /* (shapes, kappas) */
};

/* r^2 at place `at` of the grid (in steps, between its ends); *scale: a there */
static double surface_at(const struct surface *s, const double *at, double *scale)
{
	const struct ladder_family *f = s->f;
	double w[AXES][STEPS] = {{1}, {1}, {1}}, x[LEAST_TERMS];
	size_t size[AXES] = {1, 1, 1};
	for (size_t a = 0; a < f->axes; a++) {
		size[a] = f->size[a];
		lagrange(size[a], at[a], w[a]);
	}
	struct ladder_cross sum = {0};
	size_t point = 0;
	for (size_t i = 0; i < size[0]; i++)
		for (size_t j = 0; j < size[1]; j++)
			for (size_t k = 0; k < size[2]; k++, point++) {
				const struct ladder_cross *p = &s->point[point];
				double v = w[0][i] * w[1][j] * w[2][k];
				sum.m += v * p->m;
				sum.my[s->part] += v * p->my[s->part];
				sum.mc += v * p->mc;
				sum.mmc += v * p->mmc;
				sum.mmcc += v * p->mmcc;
				sum.mcy += v * p->mcy;
			}
	sum.mm = 1;
	struct least m = ladder_normal(&s->total, &sum, s->part);
	least_solve(&m, x);
	double r = least_score(&m, x).r;
	*scale = x[1];
	return r * r;
}

/* log parameters at the largest r^2: from the best point of the grid by steps to all neighbours, halved where none is
 * better; nan where y does not vary. The scale there. */
static double search(const struct surface *s, double out[AXES])
{
	const struct ladder_family *f = s->f;
	double at[AXES] = {0}, best = -1, scale, a_best = 0;
	size_t points = 1, moves = 1;
	for (size_t a = 0; a < f->axes; a++) {
		points *= f->size[a];
		moves *= 3;
	}
	for (size_t p = 0; p < points; p++) {
		double try[AXES] = {0};
		size_t rest = p;
		for (size_t a = f->axes; a-- > 0; rest /= f->size[a])
			try[a] = (double)(rest % f->size[a]);
		double value = surface_at(s, try, &scale);
		if (value > best) {
			best = value;
			a_best = scale;
			memcpy(at, try, sizeof at);
		}
	}
	for (double step = .5; step > 2e-3;) {
		double from[AXES];
		bool better = false;
		memcpy(from, at, sizeof from);
		for (size_t move = 0; move < moves; move++) {
			double try[AXES] = {0};
			size_t rest = move;
			for (size_t a = 0; a < f->axes; a++, rest /= 3)
				try[a] = fmax(0, fmin((double)f->size[a] - 1,
						     from[a] + step * ((double)(rest % 3) - 1)));
			double value = surface_at(s, try, &scale);
			if (value > best) {
				best = value;
				a_best = scale;
				better = true;
				memcpy(at, try, sizeof at);
			}
		}
		if (!better)
			step /= 2;
	}
	for (size_t a = 0; a < f->axes; a++)
		out[a] =
		    best >= 0 ? f->value[a][0] + at[a] * (f->value[a][1] - f->value[a][0]) : NAN;
	return a_best;
}

/* Log parameters where pair (i, j) counts times[i n + j] times (NULL: once). 0 or -1. */
static int find(const struct ladder *c, const struct ladder_family *f, int part,
    const double *times, double out[AXES], double *scale)
{
	size_t shapes = f->elements - f->first;
	struct surface s = {
	    .f = f, .part = part, .point = mem_alloc(shapes * f->kappas, sizeof *s.point)};
	if (!s.point)
		return -1;
	for (size_t p = 0; p < c->pairs; p++) {
		double weight = times ? times[c->target[p] * c->set->n + c->source[p]] : 1;
		const struct ladder_totals *t = &c->totals[p * SETS + ALL];
		if (!(weight > 0))
			continue;
		s.total.n += weight * t->n;
		s.total.y[part] += weight * t->y[part];
		s.total.yy[part] += weight * t->yy[part];
		for (size_t e = 0; e < shapes; e++) {
			const struct ladder_cross *x =
			    &f->cross[(p * f->elements + f->first + e) * SETS + ALL];
			for (size_t k = 0; k < f->kappas; k++) {
				struct ladder_cross *sum = &s.point[e * f->kappas + k];
				double w = ladder_factor(f, p, k), a = weight * w, b = a * w;
				sum->m += a * x->m;
				sum->mm += b * x->mm;
				sum->my[part] += a * x->my[part];
				sum->mc += a * x->mc;
				sum->mmc += b * x->mmc;
				sum->mmcc += b * x->mmcc;
				sum->mcy += a * x->mcy;
			}
		}
	}
	for (size_t e = 0; e < shapes * f->kappas; e++) {
		struct ladder_cross *x = &s.point[e], scaled = {0};
		ladder_cross_sum(&scaled, x, x->mm > 0 ? 1 / sqrt(x->mm) : 0);
		*x = scaled;
	}
	*scale = search(&s, out);
	free(s.point);
	return 0;
}

struct bootstrap {
	const struct ladder *ladder;
	const struct ladder_family *family;
	int part;
	double (*sample)[AXES];
};

static int one_sample(size_t b, size_t worker, void *argument)
{
	(void)worker;
	const struct bootstrap *job = argument;
	const struct models_plan *plan = job->ladder->plan;
	size_t n = job->ladder->set->n;
	double *times = mem_alloc(n + n * n, sizeof *times), scale;
	if (!times)
		return -1;
	resample_pairs(plan->seed, plan->bootstrap, b, n, times, times + n);
	int status = find(job->ladder, job->family, job->part, times + n, job->sample[b], &scale);
	free(times);
	return status;
}

int optimum_find(const struct ladder *c, const struct ladder_family *f, int part,
    struct optimum out[AXES], bool *inverted)
{
	size_t bootstrap = c->plan->bootstrap, samples = bootstrap + resample_dyads(bootstrap);
	double all[AXES], scale = 0;
	struct bootstrap job = {c, f, part, mem_alloc(samples, sizeof *job.sample)};
	int status = -1;
	if (!job.sample || find(c, f, part, NULL, all, &scale) < 0 ||
	    par_for(samples, c->plan->threads, one_sample, &job) < 0)
		goto out;
	for (size_t a = 0; a < f->axes; a++) {
		double low = NAN, high = NAN, first = f->value[a][0],
		       last = f->value[a][f->size[a] - 1];
		if (bootstrap && resample_pair_interval(all[a], &job.sample[0][a], c->set->n,
				     bootstrap, AXES, .95, &low, &high) < 0)
			goto out;
		out[a] = (struct optimum){exp(all[a]), NAN, NAN};
		if (!isnan(low)) {
			out[a].low = exp(fmax(low, first));
			out[a].high = exp(fmin(high, last));
		}
	}
	*inverted = scale < 0;
	status = 0;
out:
	free(job.sample);
	return status;
}
