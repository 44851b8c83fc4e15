#include "lateral/halves.h"
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/random.h"
#include "base/threads.h"
#include "lateral/field.h"

#define PARTS ((size_t)LADDER_PARTS)
#define SETS ((size_t)LADDER_SETS)
#define ALL LADDER_ALL
#define FIELDS ((size_t)2) /* parts that have fields and divergences */

struct vector { /* v of a field at a point; masked where both are nan */
	float re, im;
};

/* What is known of a split before the models are compared by taps. */
struct side {
	struct ladder_choice choice[MODELS][FIELDS];
	double floor[FIELDS];               /* of the density fitted here */
	double n, p[FIELDS], log_p[FIELDS]; /* taps, sum P and sum P log P here */
};

struct job {
	struct halves *halves;
	const struct ladder *ladder;
	struct side *side; /* (splits, 2) */
	float *share;  /* (splits, pairs): 1 / rho among the pairs of its half; 0 across halves */
	size_t points; /* half of the field's: the other half is the same by symmetry */
	bool *far;     /* (points): |q| >= MODELS_NEAR */
	float *base;   /* (pairs, points): sum of G */
	struct vector *own; /* (splits, 2, FIELDS, points): K's */
	/* of the model and shape at hand */
	size_t part;
	enum ladder_model model;
	size_t element, terms;
	float *value; /* (terms, pairs, taps) */
	float *splat; /* (terms, pairs, points): sum of G value */
};

static void add(struct halves *h, size_t split, enum halves_metric metric, size_t model,
    size_t part, size_t s, double value)
{
	halves_at(h, metric, model, part, s)[split * HALVES_STRIDE] += .5 * value;
}

double halves_divergence(const struct halves_divergence *d, double p, double log_p)
{
	return p > 0 && d->floor > 0 ? (log_p - d->log_q) / p + log(d->q / p) : NAN;
}

/* ---- halves of the filters ---- */

struct division {
	size_t *order, *half;      /* (n) */
	size_t *pair[2], count[2]; /* those within a half */
};

static void division_free(struct division *d)
{
	free(d->order);
	free(d->half);
	free(d->pair[0]);
	free(d->pair[1]);
}

static int divide(const struct ladder *c, size_t split, struct division *d)
{
	size_t n = c->set->n;
	*d = (struct division){.order = mem_alloc(n, sizeof *d->order),
	    .half = mem_alloc(n, sizeof *d->half),
	    .pair = {
		mem_alloc(c->pairs, sizeof *d->pair[0]), mem_alloc(c->pairs, sizeof *d->pair[1])}};
	if (!d->order || !d->half || !d->pair[0] || !d->pair[1])
		return -1;
	struct rng rng = rng_start(c->plan->seed, RNG_HALVES, 0, split);
	rng_permutation(&rng, d->order, n);
	for (size_t i = 0; i < n; i++)
		d->half[d->order[i]] = i % 2;
	for (size_t p = 0; p < c->pairs; p++) {
		size_t half = d->half[c->target[p]];
		if (half == d->half[c->source[p]])
			d->pair[half][d->count[half]++] = p;
	}
	return 0;
}

/* ---- r and cosine, from the pairs' sums ---- */

/* where the training weights do not vary: the baseline alone */
static struct least_score no_fit(const struct ladder_totals *t, size_t part)
{
	double variance = t->yy[part] - t->y[part] * t->y[part] / t->n;
	return (struct least_score){variance > 1e-12 * t->yy[part] ? 0 : NAN, NAN};
}

static struct least_score test_choice(const struct ladder_family *f, const size_t *pair,
    size_t count, const struct ladder_totals *total, size_t s, int part,
    const struct ladder_choice *x)
{
	struct ladder_cross sum = {0};
	for (size_t q = 0; q < count; q++)
		ladder_cross_sum(&sum, &f->cross[(pair[q] * f->elements + x->element) * SETS + s],
		    ladder_factor(f, pair[q], x->kappa));
	struct least m = ladder_normal(total, &sum, part);
	return least_score(&m, x->coefficient);
}

static void keep(struct side *side, size_t model, const struct ladder_choice best[LADDER_PARTS],
    const struct ladder_totals *totals)
{
	for (size_t part = 0; part < FIELDS; part++) {
		struct ladder_choice *choice = &side->choice[model][part];
		*choice = best[part];
		if (!(choice->r > -1)) { /* the baseline alone */
			memset(choice, 0, sizeof *choice);
			choice->coefficient[0] = totals->y[part] / totals->n;
		}
	}
}

static void entropy(const struct ladder *c, const size_t *pair, size_t count, struct side *side)
{
	const struct lateral *set = c->set;
	for (size_t q = 0; q < count; q++) {
		const double *w = ladder_weights(c, pair[q]);
		for (size_t t = 0; t < set->taps; t++) {
			size_t part = w[t] > 0 ? LATERAL_POSITIVE : LATERAL_NEGATIVE;
			double p = fabs(w[t]);
			side->n++;
			if (p > 0) {
				side->p[part] += p;
				side->log_p[part] += p * log(p);
			}
		}
	}
}

static int one_split(size_t split, size_t worker, void *argument)
{
	(void)worker;
	struct job *job = argument;
	const struct ladder *c = job->ladder;
	struct halves *h = job->halves;
	struct division d;
	struct ceiling_scratch *ceiling = NULL;
	struct ladder_totals totals[2][LADDER_SETS];
	int status = divide(c, split, &d);
	if (status < 0 || !(ceiling = ceiling_create(c)))
		goto out;
	for (size_t half = 0; half < 2; half++) {
		struct side *side = &job->side[2 * split + half];
		ladder_total(c, d.pair[half], d.count[half], totals[half]);
		for (size_t part = 0; part < FIELDS; part++)
			side->floor[part] =
			    HALVES_FLOOR * totals[half][ALL].y[part] / totals[half][ALL].n;
		entropy(c, d.pair[half], d.count[half], side);
		field_shares(c->set, c->target, c->source, d.pair[half], d.count[half], NULL,
		    job->share + split * c->pairs);
	}
	for (size_t half = 0; half < 2; half++) {
		struct side *side = &job->side[2 * split + half], *other = side + 1 - 2 * half;
		const size_t *train = d.pair[half], *test = d.pair[1 - half];
		const struct ladder_totals *tested = totals[1 - half];
		size_t trains = d.count[half], tests = d.count[1 - half];
		for (size_t model = 0; model <= MODELS; model++) {
			struct ladder_choice best[LADDER_SETS][LADDER_PARTS];
			struct least_score found[LADDER_SETS][LADDER_PARTS];
			if (model == HALVES_CEILING) {
				struct halves_divergence kl[FIELDS] = {
				    {.floor = side->floor[0]}, {.floor = side->floor[1]}};
				ceiling_score(c, train, trains, test, tests, ceiling, found, kl);
				for (size_t part = 0; part < FIELDS; part++)
					add(h, split, HALVES_KL, model, part, ALL,
					    halves_divergence(
						&kl[part], other->p[part], other->log_p[part]));
			} else if (!c->present[model]) {
				continue;
			} else if (model == M3) {
				for (size_t s = 0; s < SETS; s++)
					for (int part = 0; part < LADDER_PARTS; part++) {
						double *x = best[s][part].coefficient;
						struct least m =
						    ladder_gram(c, train, trains, s, part);
						best[s][part].r = best[s][part].element = 0;
						best[s][part].kappa = 0;
						least_solve(&m, x);
						m = ladder_gram(c, test, tests, s, part);
						found[s][part] = least_score(&m, x);
					}
				keep(side, model, best[ALL], &totals[half][ALL]);
			} else {
				const struct ladder_family *f = &c->family[model];
				ladder_choose(f, f->elements, train, trains, totals[half], best);
				for (size_t s = 0; s < SETS; s++)
					for (int part = 0; part < LADDER_PARTS; part++) {
						add(h, split, HALVES_SIGN, model, (size_t)part, s,
						    best[s][part].coefficient[1] < 0 ? -1 : 1);
						found[s][part] =
						    best[s][part].r > -1
							? test_choice(f, test, tests, &tested[s], s,
							      part, &best[s][part])
							: no_fit(&tested[s], (size_t)part);
					}
				keep(side, model, best[ALL], &totals[half][ALL]);
			}
			for (size_t s = 0; s < SETS; s++)
				for (size_t part = 0; part < PARTS; part++) {
					add(h, split, HALVES_R, model, part, s, found[s][part].r);
					add(h, split, HALVES_COSINE, model, part, s,
					    found[s][part].cosine);
				}
		}
		for (size_t part = 0; part < FIELDS; part++) {
			const struct side *t = other;
			double *to = &h->uniform[split * FIELDS + part];
			*to += .5 * (t->p[part] > 0
					    ? t->log_p[part] / t->p[part] + log(t->n / t->p[part])
					    : NAN);
		}
	}
out:
	ceiling_free(ceiling);
	division_free(&d);
	return status < 0 || !ceiling ? -1 : 0;
}

/* ---- divergences and fields, a shape at a time ---- */

struct splats {
	const struct ladder *ladder;
	size_t points;
	const float *value; /* (pairs, taps); NULL: the weights' part */
	size_t part;
	float *to;   /* (pairs, points) */
	float *base; /* (pairs, points) or NULL */
};

static int splat_pair(size_t p, size_t worker, void *argument)
{
	(void)worker;
	const struct splats *job = argument;
	const struct ladder *c = job->ladder;
	const struct lateral *set = c->set;
	size_t size = set->k, points = size * size, low = size, high = 0;
	double *w = mem_alloc(set->taps, sizeof *w), *a = mem_alloc(2 * points, sizeof *a);
	int status = w && a ? 0 : -1;
	const double *weight = ladder_weights(c, p);
	for (size_t t = 0; status == 0 && t < set->taps; t++)
		w[t] = job->value ? (double)job->value[p * set->taps + t]
				  : fmax(job->part == LATERAL_NEGATIVE ? -weight[t] : weight[t], 0);
	if (status == 0)
		field_splat(
		    set, c->target[p], c->source[p], w, set->k / 2, a, a + points, &low, &high);
	for (size_t q = 0; status == 0 && q < job->points; q++) {
		job->to[p * job->points + q] = (float)a[q];
		if (job->base)
			job->base[p * job->points + q] = (float)a[points + q];
	}
	free(w);
	free(a);
	return status;
}

/* K's fields of both halves. */
static int own_fields(size_t split, size_t worker, void *argument)
{
	(void)worker;
	const struct job *job = argument;
	const struct ladder *c = job->ladder;
	size_t points = job->points;
	struct division d;
	double *sum = NULL;
	int status = divide(c, split, &d);
	if (status == 0 && !(sum = mem_alloc(4 * points, sizeof *sum)))
		status = -1;
	for (size_t half = 0; status == 0 && half < 2; half++) {
		struct vector *own = job->own + ((split * 2 + half) * FIELDS + job->part) * points;
		memset(sum, 0, 4 * points * sizeof *sum);
		for (size_t k = 0; k < d.count[half]; k++) {
			size_t p = d.pair[half][k];
			double dtheta = ladder_dtheta(c, p), cosine = cos(2 * dtheta),
			       sine = sin(2 * dtheta);
			double share = (double)job->share[split * c->pairs + p];
			for (size_t q = 0; q < points; q++) {
				double x = share * (double)job->splat[p * points + q];
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
		}
	}
	free(sum);
	division_free(&d);
	return status;
}

/* of the test half's own field a and another b (points); what is masked in one is left out */
static double likeness(size_t points, const struct vector *a, const struct vector *b)
{
	double ab = 0, aa = 0, bb = 0;
	for (size_t q = 0; q < points; q++) {
		if (isnan(a[q].re) || isnan(b[q].re))
			continue;
		double ar = (double)a[q].re, ai = (double)a[q].im, br = (double)b[q].re,
		       bi = (double)b[q].im;
		ab += ar * br + ai * bi;
		aa += ar * ar + ai * ai;
		bb += br * br + bi * bi;
	}
	return aa > 0 ? bb > 0 ? ab / sqrt(aa * bb) : 0 : NAN;
}

static int compare_split(size_t split, size_t worker, void *argument)
{
	(void)worker;
	const struct job *job = argument;
	const struct ladder *c = job->ladder;
	size_t points = job->points, taps = c->set->taps, part = job->part;
	struct division d = {0};
	double *sum = NULL;
	struct vector *v = NULL;
	int status = 0;
	for (size_t half = 0; half < 2 && status == 0; half++) {
		const struct side *side = &job->side[2 * split + half],
				  *other = side + 1 - 2 * half;
		const struct ladder_choice *choice = &side->choice[job->model][part];
		if (choice->element != job->element)
			continue;
		if (!sum &&
		    (divide(c, split, &d) < 0 || !(sum = mem_alloc(3 * points, sizeof *sum)) ||
			!(v = mem_alloc(points, sizeof *v)))) {
			status = -1;
			break;
		}
		const double *x = choice->coefficient;
		struct halves_divergence kl = {.floor = side->floor[part]};
		memset(sum, 0, 3 * points * sizeof *sum);
		for (size_t k = 0; k < d.count[1 - half]; k++) {
			size_t p = d.pair[1 - half][k];
			double factor = ladder_factor(&c->family[job->model], p, choice->kappa);
			const double *w = ladder_weights(c, p);
			for (size_t t = 0; t < taps; t++) {
				double q = 0;
				for (size_t i = 0; i < job->terms; i++)
					q += x[i + 1] *
					     (double)job->value[(i * c->pairs + p) * taps + t];
				halves_divergence_add(&kl, part == LATERAL_NEGATIVE ? -w[t] : w[t],
				    x[0] + factor * q);
			}
			double dtheta = ladder_dtheta(c, p), cosine = cos(2 * dtheta),
			       sine = sin(2 * dtheta);
			double share = (double)job->share[split * c->pairs + p];
			for (size_t q = 0; q < points; q++) {
				double a = 0;
				for (size_t i = 0; i < job->terms; i++)
					a += x[i + 1] *
					     (double)job->splat[(i * c->pairs + p) * points + q];
				a = share * (x[0] * (double)job->base[p * points + q] + factor * a);
				sum[q] += a;
				sum[points + q] += a * cosine;
				sum[2 * points + q] += a * sine;
			}
		}
		for (size_t q = 0; q < points; q++) {
			bool seen = sum[q] > 0;
			v[q].re = (float)(seen ? sum[points + q] / sum[q] : 0);
			v[q].im = (float)(seen ? sum[2 * points + q] / sum[q] : 0);
		}
		add(job->halves, split, HALVES_KL, job->model, part, ALL,
		    halves_divergence(&kl, other->p[part], other->log_p[part]));
		const struct vector *own =
		    job->own + ((split * 2 + 1 - half) * FIELDS + part) * points;
		add(job->halves, split, HALVES_FIELD, job->model, part, ALL,
		    likeness(points, own, v));
	}
	free(sum);
	free(v);
	division_free(&d);
	return status;
}

/* One shape: its values, splats, and every half that chose it. */
static int one_shape(struct job *job)
{
	const struct ladder *c = job->ladder;
	size_t taps = c->set->taps;
	for (size_t i = 0; i < job->terms; i++) {
		float *value = job->value + i * c->pairs * taps;
		struct splats splats = {
		    c, job->points, value, 0, job->splat + i * c->pairs * job->points, NULL};
		if (ladder_values(c, job->model, job->model == M3 ? i + 1 : job->element, value) <
			0 ||
		    par_for(c->pairs, c->plan->threads, splat_pair, &splats) < 0)
			return -1;
	}
	return par_for(c->plan->splits, c->plan->threads, compare_split, job);
}

static int by_taps(struct job *job)
{
	const struct ladder *c = job->ladder;
	size_t splits = c->plan->splits, most = 1;
	for (enum ladder_model m = M0; m < MODELS; m++)
		most = c->family[m].elements > most ? c->family[m].elements : most;
	bool *wanted = mem_alloc(most, sizeof *wanted);
	int status = wanted ? 0 : -1;
	for (job->part = 0; status == 0 && job->part < FIELDS; job->part++) {
		/* the weights themselves first: the base comes with them */
		struct splats splats = {c, job->points, NULL, job->part, job->splat, job->base};
		job->terms = 1;
		status = par_for(c->pairs, c->plan->threads, splat_pair, &splats);
		if (status == 0)
			status = par_for(splits, c->plan->threads, own_fields, job);
		for (size_t k = 0; status == 0 && k < splits; k++)
			for (size_t half = 0; half < 2; half++) {
				const struct vector *own =
				    job->own + ((k * 2 + half) * FIELDS + job->part) * job->points;
				const struct vector *other =
				    job->own +
				    ((k * 2 + 1 - half) * FIELDS + job->part) * job->points;
				add(job->halves, k, HALVES_FIELD, HALVES_CEILING, job->part, ALL,
				    likeness(job->points, own, other));
			}
		for (job->model = M0; status == 0 && job->model < MODELS; job->model++) {
			if (!c->present[job->model])
				continue;
			job->terms = job->model == M3 ? c->terms - 1 : 1;
			memset(wanted, 0, most * sizeof *wanted);
			for (size_t k = 0; k < 2 * splits; k++)
				wanted[job->side[k].choice[job->model][job->part].element] = true;
			for (job->element = 0; status == 0 && job->element < most; job->element++)
				if (wanted[job->element])
					status = one_shape(job);
		}
	}
	free(wanted);
	return status;
}

int halves_score(struct halves *h, const struct ladder *c)
{
	size_t splits = c->plan->splits, size = c->set->k, points = (size * size + 1) / 2,
	       terms = c->present[M3] ? c->terms - 1 : 1;
	*h = (struct halves){.ladder = c, .splits = splits};
	h->score = mem_alloc(splits * HALVES_STRIDE, sizeof *h->score);
	h->uniform = mem_alloc(splits * FIELDS, sizeof *h->uniform);
	struct job job = {.halves = h, .ladder = c, .points = points};
	job.side = mem_alloc(2 * splits, sizeof *job.side);
	job.share = mem_alloc(splits * c->pairs, sizeof *job.share);
	job.far = mem_alloc(points, sizeof *job.far);
	job.base = mem_alloc(c->pairs * points, sizeof *job.base);
	job.own = mem_alloc(splits * 2 * FIELDS * points, sizeof *job.own);
	job.value = mem_alloc(terms * c->pairs * c->set->taps, sizeof *job.value);
	job.splat = mem_alloc(terms * c->pairs * points, sizeof *job.splat);
	int status = -1;
	if (h->score && h->uniform && job.side && job.share && job.far && job.base && job.own &&
	    job.value && job.splat) {
		double wide = (double)(size / 2);
		for (size_t q = 0; q < points; q++)
			job.far[q] = hypot((double)(q % size) - wide, (double)(q / size) - wide) >=
				     MODELS_NEAR;
		status = par_for(splits, c->plan->threads, one_split, &job);
		if (status == 0)
			status = by_taps(&job);
	}
	free(job.side);
	free(job.share);
	free(job.far);
	free(job.base);
	free(job.own);
	free(job.value);
	free(job.splat);
	return status;
}

void halves_free(struct halves *h)
{
	free(h->score);
	free(h->uniform);
	*h = (struct halves){0};
}
