/* Scores that need taps: divergences and canonical fields. */
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/threads.h"
#include "base/vector.h"
#include "field/field.h"
#include "models/crossval_job.h"

#define ALL LADDER_ALL
#define FIELDS HALVES_FIELDS

struct vector {            /* v of a field at a point; masked where both are nan */
	float re, im, sum; /* sum: the field's, which v has been divided by */
};

struct job {
	const struct halves_job *all;
	const struct ladder *ladder;
	size_t radius, size,
	    points; /* half of the field's points: the other half is the same by symmetry */
	bool *far;  /* (points): |q| >= MODELS_NEAR */
	struct field_spread *spread; /* (pairs, taps) */
	float *weight;               /* (FIELDS, pairs, points): sum of G K~ */
	struct vector *own;          /* (splits, 2, FIELDS, points): K's */
	float *tapped; /* (splits, 2, couples): influences on KL and field of the model at hand */
	/* of the model at hand */
	size_t part;
	enum ladder_model model;
	size_t functions;
	float *value; /* (pairs, functions, taps) */
};

/* ---- the canonical field's estimator on one pair ---- */

/* Numbers that spread_weights needs to work in. */
static size_t spread_room(const struct job *job)
{
	size_t side = job->size + 2 * FIELD_SPAN;
	return side * side;
}

FOR_CPUS static void spread_taps(
    size_t taps, const struct field_spread *at, const float *w, size_t side, float *room)
{
	for (size_t t = 0; t < taps; t++) {
		float *to = room + at[t].corner;
		if (!(w[t] > 0))
			continue;
		for (size_t r = 0; r < FIELD_SPAN - 1; r++, to += side) {
			float g = w[t] * at[t].gy[r];
#pragma omp simd
			for (size_t c = 0; c < FIELD_SPAN; c++)
				to[c] += g * at[t].gx[c];
		}
	}
}

/* x (points): sum of G w over both frames, each with half weight, for the taps' weights w > 0; what is below counts 0. */
static void spread_weights(const struct job *job, size_t p, const float *w, float *room, float *x)
{
	size_t taps = job->ladder->set->taps, side = job->size + 2 * FIELD_SPAN,
	       last = job->size * job->size - 1;
	memset(room, 0, spread_room(job) * sizeof *room);
	spread_taps(taps, job->spread + p * taps, w, side, room);
	for (size_t q = 0; q < job->points; q++) {
		size_t m = last - q, shift = FIELD_SPAN * (side + 1);
		x[q] = .5F * (room[q / job->size * side + q % job->size + shift] +
				 room[m / job->size * side + m % job->size + shift]);
	}
}

static int weights_pair(size_t p, size_t worker, void *argument)
{
	(void)worker;
	const struct job *job = argument;
	const struct ladder *c = job->ladder;
	size_t taps = c->set->taps;
	float *w = mem_alloc(taps, sizeof *w), *room = mem_alloc(spread_room(job), sizeof *room);
	int status = w && room ? 0 : -1;
	field_spreads(c->set, c->target[p], c->source[p], job->radius, job->spread + p * taps);
	for (size_t part = 0; status == 0 && part < FIELDS; part++) {
		for (size_t t = 0; t < taps; t++)
			w[t] = (float)(part ? -1 : 1) * (float)ladder_weights(c, p)[t];
		spread_weights(job, p, w, room, job->weight + (part * c->pairs + p) * job->points);
	}
	free(w);
	free(room);
	return status;
}

/* K's fields of both halves. */
static int own_fields(size_t split, size_t worker, void *argument)
{
	(void)worker;
	const struct job *job = argument;
	const struct ladder *c = job->ladder;
	size_t points = job->points;
	const float *weight = job->weight + job->part * c->pairs * points;
	struct halves_division d;
	double *sum = NULL;
	int status = halves_divide(c, split, &d);
	if (status == 0 && !(sum = mem_alloc(4 * points, sizeof *sum)))
		status = -1;
	for (size_t half = 0; status == 0 && half < 2; half++) {
		struct vector *own = job->own + ((split * 2 + half) * FIELDS + job->part) * points;
		memset(sum, 0, 4 * points * sizeof *sum);
		for (size_t k = 0; k < d.pairs[half]; k++) {
			size_t p = d.pair[half][k];
			double dtheta = ladder_dtheta(c, p), cosine = cos(2 * dtheta),
			       sine = sin(2 * dtheta);
			double share = (double)job->all->share[split * c->pairs + p];
			for (size_t q = 0; q < points; q++) {
				double x = share * (double)weight[p * points + q];
				sum[q] += x;
				sum[points + q] += x * x;
				sum[2 * points + q] += x * cosine;
				sum[3 * points + q] += x * sine;
			}
		}
		for (size_t q = 0; q < points; q++) {
			bool seen = job->far[q] && sum[q] > 0 &&
				    sum[q] * sum[q] >= FIELD_EFFECTIVE * sum[points + q];
			own[q].re = (float)(seen ? sum[2 * points + q] / sum[q] : NAN);
			own[q].im = (float)(seen ? sum[3 * points + q] / sum[q] : NAN);
			own[q].sum = (float)sum[q];
		}
	}
	free(sum);
	halves_division_free(&d);
	return status;
}

/* ---- likeness of fields ---- */

/* how much the likeness gains by an addition x e to the sums of a field: x (re e_re + im e_im + at) */
struct gradient {
	double re, im, at;
};

static struct gradient gradient_at(
    const struct vector *a, const struct vector *b, double ab, double aa, double bb)
{
	double re = ((double)b->re - ab / aa * (double)a->re) / sqrt(aa * bb) / (double)a->sum,
	       im = ((double)b->im - ab / aa * (double)a->im) / sqrt(aa * bb) / (double)a->sum;
	return (struct gradient){re, im, -(re * (double)a->re + im * (double)a->im)};
}

/* of the test half's own field a and another b (points); what is masked in one is left out. Gradients (points) by both. */
static double likeness(size_t points, const struct vector *a, const struct vector *b,
    struct gradient *by_a, struct gradient *by_b)
{
	double ab = 0, aa = 0, bb = 0;
	memset(by_a, 0, points * sizeof *by_a);
	memset(by_b, 0, points * sizeof *by_b);
	for (size_t q = 0; q < points; q++) {
		if (isnan(a[q].re) || isnan(b[q].re))
			continue;
		double ar = (double)a[q].re, ai = (double)a[q].im, br = (double)b[q].re,
		       bi = (double)b[q].im;
		ab += ar * br + ai * bi;
		aa += ar * ar + ai * ai;
		bb += br * br + bi * bi;
	}
	for (size_t q = 0; aa > 0 && bb > 0 && q < points; q++) {
		if (isnan(a[q].re) || isnan(b[q].re))
			continue;
		by_a[q] = gradient_at(&a[q], &b[q], ab, aa, bb);
		if (b[q].sum > 0)
			by_b[q] = gradient_at(&b[q], &a[q], ab, aa, bb);
	}
	return aa > 0 ? bb > 0 ? ab / sqrt(aa * bb) : 0 : NAN;
}

/* of a pair with dtheta that adds x (points) */
static double field_influence(
    size_t points, const struct gradient *by, const float *x, double dtheta)
{
	double cosine = cos(2 * dtheta), sine = sin(2 * dtheta), sum = 0;
	for (size_t q = 0; q < points; q++)
		sum += (double)x[q] * (by[q].re * cosine + by[q].im * sine + by[q].at);
	return sum;
}

static float *tapped_at(const struct job *job, size_t split, enum halves_metric metric)
{
	return job->tapped + (2 * split + (metric == HALVES_FIELD)) * job->ladder->couples;
}

/* K's own fields of both halves against each other. */
static int ceiling_field(size_t split, size_t worker, void *argument)
{
	(void)worker;
	const struct job *job = argument;
	const struct ladder *c = job->ladder;
	size_t points = job->points;
	const float *weight = job->weight + job->part * c->pairs * points;
	struct halves_division d;
	struct gradient *by = mem_alloc(2 * points, sizeof *by);
	double *psi = mem_alloc(c->pairs, sizeof *psi);
	const float *share = job->all->share + split * c->pairs;
	int status = halves_divide(c, split, &d);
	if (status == 0 && by && psi) {
		const struct vector *own = job->own + (split * 2 * FIELDS + job->part) * points;
		double value = likeness(points, own, own + FIELDS * points, by, by + points);
		float *to = tapped_at(job, split, HALVES_FIELD);
		halves_add(job->all->halves, split, HALVES_FIELD, HALVES_CEILING, job->part, ALL,
		    2 * value);
		for (size_t half = 0; half < 2; half++) {
			for (size_t k = 0; k < d.pairs[half]; k++) {
				size_t p = d.pair[half][k];
				psi[k] = (double)share[p] *
					 field_influence(points, by + half * points,
					     weight + p * points, ladder_dtheta(c, p));
			}
			field_share_influence(
			    c->set, c->target, c->source, d.pair[half], d.pairs[half], share, psi);
			for (size_t k = 0; k < d.pairs[half]; k++)
				to[d.pair[half][k] / 2] += (float)psi[k];
		}
	}
	free(psi);
	free(by);
	halves_division_free(&d);
	return status < 0 || !by || !psi ? -1 : 0;
}

/* What the splits' taps have given for a model (or the ceiling), in the order of splits. */
static void put_together(struct job *job, enum halves_metric metric, size_t model)
{
	struct halves *h = job->all->halves;
	size_t slot = halves_slot(metric, model, job->part, ALL);
	for (size_t k = 0; k < h->splits; k++) {
		const float *x = tapped_at(job, k, metric);
		for (size_t q = 0;
		     !isnan(h->score[k * HALVES_STRIDE + slot]) && q < job->ladder->couples; q++)
			h->influence[slot * job->ladder->couples + q] += (double)x[q];
	}
}

static void start_tapped(struct job *job)
{
	memset(job->tapped, 0,
	    2 * job->all->halves->splits * job->ladder->couples * sizeof *job->tapped);
}

/* ---- predictions ---- */

/* b + a M at the taps of pair p, q (taps), of a shape whose a M is sum_k combination[k] f_k. */
static void predict(const struct job *job, size_t p, double baseline, const float *combination,
    double factor, float *q)
{
	size_t taps = job->ladder->set->taps;
	const float *value = job->value + p * job->functions * taps;
	for (size_t t = 0; t < taps; t++)
		q[t] = (float)baseline;
	for (size_t k = 0; k < job->functions; k++, value += taps)
		ladder_add(taps, (float)factor * combination[k], value, q);
}

struct comparison { /* scratch of compare_split */
	struct halves_division d;
	double *sum;                   /* (3, points) */
	struct vector *v;              /* (points) */
	struct gradient *by;           /* (2, points) */
	double *psi;                   /* (pairs) */
	struct halves_divergence *kls; /* (pairs) */
	float *parts;    /* (pairs, points): a pair's share of the prediction's field */
	float *q, *room; /* (taps), (spread_room) */
};

static void comparison_free(struct comparison *x)
{
	free(x->sum);
	free(x->v);
	free(x->by);
	free(x->psi);
	free(x->kls);
	free(x->parts);
	free(x->q);
	free(x->room);
	halves_division_free(&x->d);
}

static int comparison_create(struct comparison *x, const struct job *job, size_t split)
{
	size_t points = job->points, pairs = job->ladder->pairs;
	*x = (struct comparison){.sum = mem_alloc(3 * points, sizeof *x->sum),
	    .v = mem_alloc(points, sizeof *x->v),
	    .by = mem_alloc(2 * points, sizeof *x->by),
	    .psi = mem_alloc(pairs, sizeof *x->psi),
	    .kls = mem_alloc(pairs, sizeof *x->kls),
	    .parts = mem_alloc(pairs * points, sizeof *x->parts),
	    .q = mem_alloc(job->ladder->set->taps, sizeof *x->q),
	    .room = mem_alloc(spread_room(job), sizeof *x->room)};
	int status = halves_divide(job->ladder, split, &x->d);
	return x->sum && x->v && x->by && x->psi && x->kls && x->parts && x->q && x->room ? status
											  : -1;
}

static int compare_split(size_t split, size_t worker, void *argument)
{
	(void)worker;
	const struct job *job = argument;
	const struct ladder *c = job->ladder;
	const struct span *span = c->span[job->model];
	size_t points = job->points, taps = c->set->taps, part = job->part;
	const float *weight = job->weight + part * c->pairs * points;
	struct comparison x;
	int status = comparison_create(&x, job, split);
	for (size_t half = 0; half < 2 && status == 0; half++) {
		const struct halves_side *side = &job->all->side[2 * split + half],
					 *other = side + 1 - 2 * half;
		const struct ladder_choice *choice = &side->choice[job->model][part];
		const size_t *test = x.d.pair[1 - half];
		size_t tests = x.d.pairs[1 - half];
		float combination[SPAN_TERMS];
		double kappa = span ? span_kappa(span, &choice->place) : 0;
		if (span)
			span_terms(span, &choice->place, combination);
		for (size_t k = 0; k < job->functions; k++)
			combination[k] = span ? (float)choice->coefficient[1] * combination[k]
					      : (float)choice->coefficient[k + 1];
		struct halves_divergence kl = {.floor = side->floor[part]};
		memset(x.sum, 0, 3 * points * sizeof *x.sum);
		for (size_t k = 0; k < tests; k++) {
			size_t p = test[k];
			const double *w = ladder_weights(c, p);
			predict(job, p, choice->coefficient[0], combination,
			    ladder_factor(c, p, kappa), x.q);
			x.kls[k] = (struct halves_divergence){.floor = kl.floor};
			for (size_t t = 0; t < taps; t++)
				halves_divergence_add(&x.kls[k],
				    part == SIGN_NEGATIVE ? -w[t] : w[t], (double)x.q[t]);
			kl.q += x.kls[k].q;
			kl.log_q += x.kls[k].log_q;
			double dtheta = ladder_dtheta(c, p), cosine = cos(2 * dtheta),
			       sine = sin(2 * dtheta);
			float share = job->all->share[split * c->pairs + p],
			      *own = x.parts + k * points;
			spread_weights(job, p, x.q, x.room, own);
			for (size_t q = 0; q < points; q++) {
				own[q] *= share;
				x.sum[q] += (double)own[q];
				x.sum[points + q] += (double)own[q] * cosine;
				x.sum[2 * points + q] += (double)own[q] * sine;
			}
		}
		for (size_t q = 0; q < points; q++) {
			bool seen = x.sum[q] > 0;
			x.v[q].re = (float)(seen ? x.sum[points + q] / x.sum[q] : 0);
			x.v[q].im = (float)(seen ? x.sum[2 * points + q] / x.sum[q] : 0);
			x.v[q].sum = (float)(seen ? x.sum[q] : 0);
		}
		halves_add(job->all->halves, split, HALVES_KL, job->model, part, ALL,
		    halves_divergence(&kl, other->entropy[part].p, other->entropy[part].log_p));
		halves_add(job->all->halves, split, HALVES_FIELD, job->model, part, ALL,
		    likeness(points, job->own + ((split * 2 + 1 - half) * FIELDS + part) * points,
			x.v, x.by, x.by + points));
		for (size_t k = 0; k < tests; k++) {
			size_t p = test[k];
			double dtheta = ladder_dtheta(c, p),
			       share = (double)job->all->share[split * c->pairs + p];
			tapped_at(job, split, HALVES_KL)[p / 2] +=
			    (float)(.5 * halves_divergence_influence(&kl, &other->entropy[part],
					     &x.kls[k], &job->all->entropy[p * FIELDS + part]));
			x.psi[k] =
			    share * field_influence(points, x.by, weight + p * points, dtheta) +
			    field_influence(points, x.by + points, x.parts + k * points, dtheta);
		}
		field_share_influence(c->set, c->target, c->source, test, tests,
		    job->all->share + split * c->pairs, x.psi);
		for (size_t k = 0; k < tests; k++)
			tapped_at(job, split, HALVES_FIELD)[test[k] / 2] += (float)(.5 * x.psi[k]);
	}
	comparison_free(&x);
	return status;
}

static int values_pair(size_t p, size_t worker, void *argument)
{
	(void)worker;
	const struct job *job = argument;
	size_t taps = job->ladder->set->taps;
	struct volume_place place;
	int status = ladder_place(job->ladder, job->model, &place);
	if (status == 0)
		ladder_values(job->ladder, job->model, p, &place,
		    job->value + p * job->functions * taps, 1, taps);
	volume_place_free(&place);
	return status;
}

/* K's own fields: of every half, and those of both halves against each other. */
static int score_own(struct job *job)
{
	size_t splits = job->all->halves->splits, threads = job->ladder->plan->threads;
	if (par_for(job->ladder->pairs, threads, weights_pair, job) < 0)
		return -1;
	for (job->part = 0; job->part < FIELDS; job->part++) {
		start_tapped(job);
		if (par_for(splits, threads, own_fields, job) < 0 ||
		    par_for(splits, threads, ceiling_field, job) < 0)
			return -1;
		put_together(job, HALVES_FIELD, HALVES_CEILING);
	}
	return 0;
}

static int score_model(struct job *job)
{
	const struct ladder *c = job->ladder;
	size_t threads = c->plan->threads;
	job->functions = ladder_functions(c, job->model);
	job->value = mem_alloc(job->functions * c->pairs * c->set->taps, sizeof *job->value);
	int status = job->value ? par_for(c->pairs, threads, values_pair, job) : -1;
	for (job->part = 0; status == 0 && job->part < FIELDS; job->part++) {
		start_tapped(job);
		status = par_for(job->all->halves->splits, threads, compare_split, job);
		put_together(job, HALVES_KL, job->model);
		put_together(job, HALVES_FIELD, job->model);
	}
	free(job->value);
	return status;
}

int halves_by_taps(struct halves_job *all)
{
	const struct ladder *c = all->ladder;
	size_t splits = c->plan->splits, size = c->set->k, points = (size * size + 1) / 2;
	struct job job = {
	    .all = all, .ladder = c, .points = points, .size = size, .radius = size / 2};
	job.far = mem_alloc(points, sizeof *job.far);
	job.spread = mem_alloc(c->pairs * c->set->taps, sizeof *job.spread);
	job.weight = mem_alloc(FIELDS * c->pairs * points, sizeof *job.weight);
	job.own = mem_alloc(splits * 2 * FIELDS * points, sizeof *job.own);
	job.tapped = mem_alloc(splits * 2 * c->couples, sizeof *job.tapped);
	int status = job.far && job.spread && job.weight && job.own && job.tapped ? 0 : -1;
	double wide = (double)job.radius;
	for (size_t q = 0; status == 0 && q < points; q++)
		job.far[q] =
		    hypot((double)(q % size) - wide, (double)(q / size) - wide) >= MODELS_NEAR;
	if (status == 0)
		status = score_own(&job);
	for (job.model = M0; status == 0 && job.model < MODELS; job.model++)
		if (c->present[job.model])
			status = score_model(&job);
	free(job.far);
	free(job.spread);
	free(job.weight);
	free(job.own);
	free(job.tapped);
	return status;
}
