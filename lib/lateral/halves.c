#include "lateral/halves.h"
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/random.h"
#include "base/threads.h"
#include "lateral/field.h"
#include "stats/resample.h"

#define PARTS ((size_t)LADDER_PARTS)
#define SETS ((size_t)LADDER_SETS)
#define ALL LADDER_ALL
#define FIELDS ((size_t)2) /* parts that have fields and divergences */

#define TAPLESS                                                                                    \
	((size_t)HALVES_KL +                                                                       \
	    1) /* metrics that one_split may score: the last for the ceiling alone */
#define SLOTS (TAPLESS * (MODELS + 1) * PARTS * SETS)

struct vector {            /* v of a field at a point; masked where both are nan */
	float re, im, sum; /* sum: the field's, which v has been divided by */
};

struct entropy { /* sum P, sum P log P */
	double p, log_p;
};

/* What is known of a split before the models are compared by taps. */
struct side {
	struct ladder_choice choice[MODELS][FIELDS];
	double floor[FIELDS]; /* of the density fitted here */
	double n;             /* taps */
	struct entropy entropy[FIELDS];
};

struct job {
	struct halves *halves;
	const struct ladder *ladder;
	struct side *side; /* (splits, 2) */
	float *share;  /* (splits, pairs): 1 / rho among the pairs of its half; 0 across halves */
	size_t points; /* half of the field's: the other half is the same by symmetry */
	bool *far;     /* (points): |q| >= MODELS_NEAR */
	float *base;   /* (pairs, points): sum of G */
	struct vector *own;      /* (splits, 2, FIELDS, points): K's */
	struct entropy *entropy; /* (pairs, FIELDS) */
	size_t couples;          /* {i, j} */
	/* influence of couples on scores that are not yet put together */
	size_t first;  /* split of the batch at hand */
	float *batch;  /* (batch, SLOTS, couples) */
	float *tapped; /* (splits, 2, couples): KL and field of the model at hand */
	float *weight; /* (pairs, points): sum of G K~ */
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

static size_t couple(const struct ladder *c, size_t p)
{
	size_t i = c->target[p], j = c->source[p], high = i > j ? i : j;
	return high * (high - 1) / 2 + i + j - high;
}

double halves_divergence(const struct halves_divergence *d, double p, double log_p)
{
	return p > 0 && d->floor > 0 ? (log_p - d->log_q) / p + log(d->q / p) : NAN;
}

/* Its derivative by the weight of one pair. */
static double divergence_influence(const struct halves_divergence *d, const struct entropy *e,
    const struct halves_divergence *pair, const struct entropy *own)
{
	if (!(e->p > 0 && d->floor > 0))
		return 0;
	return (own->log_p - pair->log_q - (e->log_p - d->log_q) / e->p * own->p) / e->p +
	       pair->q / d->q - own->p / e->p;
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

/* A half's pairs by their sums: the score, and every pair's influence on it. */
static struct least_score score_pairs(const struct ladder *c, const size_t *pair, size_t count,
    const struct least_sums *sums, float *r, float *cosine)
{
	struct least_sums all = {0};
	for (size_t q = 0; q < count; q++) {
		all.n += sums[q].n;
		all.p += sums[q].p;
		all.pp += sums[q].pp;
		all.py += sums[q].py;
		all.y += sums[q].y;
		all.yy += sums[q].yy;
	}
	for (size_t q = 0; q < count; q++) {
		struct least_score x = least_influence(&all, &sums[q]);
		r[couple(c, pair[q])] += (float)(.5 * x.r);
		cosine[couple(c, pair[q])] += (float)(.5 * x.cosine);
	}
	return least_sums_score(&all);
}

/* The test pairs' sums of a shape that was chosen. */
static void test_choice(const struct ladder *c, const struct ladder_family *f, const size_t *pair,
    size_t count, size_t s, int part, const struct ladder_choice *x, struct least_sums *sums)
{
	for (size_t q = 0; q < count; q++) {
		struct ladder_cross cross = {0};
		ladder_cross_sum(&cross, &f->cross[(pair[q] * f->elements + x->element) * SETS + s],
		    ladder_factor(f, pair[q], x->kappa));
		struct least m = ladder_normal(&c->totals[pair[q] * SETS + s], &cross, part);
		sums[q] = least_sums(&m, x->coefficient);
	}
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

static void entropy_add(struct entropy *to, const struct entropy *e)
{
	for (size_t part = 0; part < FIELDS; part++) {
		to[part].p += e[part].p;
		to[part].log_p += e[part].log_p;
	}
}

static int entropy_pair(size_t p, size_t worker, void *argument)
{
	(void)worker;
	const struct job *job = argument;
	const double *w = ladder_weights(job->ladder, p);
	for (size_t t = 0; t < job->ladder->set->taps; t++) {
		struct entropy *to =
		    &job->entropy[p * FIELDS + (w[t] > 0 ? LATERAL_POSITIVE : LATERAL_NEGATIVE)];
		double x = fabs(w[t]);
		if (x > 0) {
			to->p += x;
			to->log_p += x * log(x);
		}
	}
	return 0;
}

/* The ceiling's divergence and every pair's influence on it. */
static double ceiling_divergence(const struct job *job, const size_t *pair, size_t count,
    const struct ceiling_pair *held, const struct entropy *e, size_t part, float *to)
{
	struct halves_divergence all = {.floor = held[0].kl[part].floor};
	for (size_t q = 0; q < count; q++) {
		all.q += held[q].kl[part].q;
		all.log_q += held[q].kl[part].log_q;
	}
	for (size_t q = 0; q < count; q++)
		to[couple(job->ladder, pair[q])] +=
		    (float)(.5 * divergence_influence(&all, e, &held[q].kl[part],
				     &job->entropy[pair[q] * FIELDS + part]));
	return halves_divergence(&all, e->p, e->log_p);
}

/* Split `at` of the batch, but for what needs taps. */
static int one_split(size_t at, size_t worker, void *argument)
{
	(void)worker;
	struct job *job = argument;
	const struct ladder *c = job->ladder;
	struct halves *h = job->halves;
	struct division d;
	struct ceiling_scratch *ceiling = NULL;
	struct ladder_totals totals[2][LADDER_SETS];
	size_t split = job->first + at, couples = job->couples;
	float *influence = job->batch + at * SLOTS * couples;
	struct least_sums *sums = mem_alloc(c->pairs, sizeof *sums);
	struct ceiling_pair *held = mem_alloc(c->pairs, sizeof *held);
	int status = divide(c, split, &d);
	if (status < 0 || !sums || !held || !(ceiling = ceiling_create(c)))
		goto out;
	memset(influence, 0, SLOTS * couples * sizeof *influence);
	for (size_t half = 0; half < 2; half++) {
		struct side *side = &job->side[2 * split + half];
		ladder_total(c, d.pair[half], d.count[half], totals[half]);
		for (size_t part = 0; part < FIELDS; part++)
			side->floor[part] =
			    HALVES_FLOOR * totals[half][ALL].y[part] / totals[half][ALL].n;
		side->n = (double)(d.count[half] * c->set->taps);
		for (size_t q = 0; q < d.count[half]; q++)
			entropy_add(side->entropy, &job->entropy[d.pair[half][q] * FIELDS]);
		field_shares(c->set, c->target, c->source, d.pair[half], d.count[half], NULL,
		    job->share + split * c->pairs);
	}
	for (size_t half = 0; half < 2; half++) {
		struct side *side = &job->side[2 * split + half], *other = side + 1 - 2 * half;
		const size_t *train = d.pair[half], *test = d.pair[1 - half];
		const struct ladder_totals *tested = totals[1 - half];
		size_t trains = d.count[half], tests = d.count[1 - half];
		for (size_t model = 0; model <= MODELS; model++) {
			struct ladder_choice best[LADDER_SETS][LADDER_PARTS] = {0};
			const struct ladder_family *f = &c->family[model < MODELS ? model : 0];
			if (model == HALVES_CEILING) {
				status = ceiling_score(
				    c, train, trains, test, tests, ceiling, side->floor, held);
				if (status < 0)
					goto out;
				for (size_t part = 0; part < FIELDS; part++)
					add(h, split, HALVES_KL, model, part, ALL,
					    ceiling_divergence(job, test, tests, held,
						&other->entropy[part], part,
						influence +
						    halves_slot(HALVES_KL, model, part, ALL) *
							couples));
			} else if (!c->present[model]) {
				continue;
			} else if (model != M3) {
				ladder_choose(f, f->elements, train, trains, totals[half], best);
			}
			for (size_t s = 0; s < SETS; s++)
				for (int part = 0; part < LADDER_PARTS; part++) {
					size_t k = (size_t)part;
					struct ladder_choice *choice = &best[s][part];
					struct least_score found;
					bool fitted = true;
					for (size_t q = 0; model == HALVES_CEILING && q < tests;
					     q++)
						sums[q] = held[q].sums[s][part];
					if (model == M3) {
						struct least m =
						    ladder_gram(c, train, trains, s, part);
						least_solve(&m, choice->coefficient);
						for (size_t q = 0; q < tests; q++)
							sums[q] = least_sums(
							    &c->gram[(test[q] * SETS + s) * PARTS +
								     k],
							    choice->coefficient);
					} else if (model != HALVES_CEILING) {
						add(h, split, HALVES_SIGN, model, k, s,
						    choice->coefficient[1] < 0 ? -1 : 1);
						fitted = choice->r > -1;
						if (fitted)
							test_choice(c, f, test, tests, s, part,
							    choice, sums);
					}
					found = fitted ? score_pairs(c, test, tests, sums,
							     influence + halves_slot(HALVES_R,
									     model, k, s) *
									     couples,
							     influence + halves_slot(HALVES_COSINE,
									     model, k, s) *
									     couples)
						       : no_fit(&tested[s], k);
					add(h, split, HALVES_R, model, k, s, found.r);
					add(h, split, HALVES_COSINE, model, k, s, found.cosine);
				}
			if (model < MODELS)
				keep(side, model, best[ALL], &totals[half][ALL]);
		}
		for (size_t part = 0; part < FIELDS; part++) {
			const struct entropy *e = &other->entropy[part];
			h->uniform[split * FIELDS + part] +=
			    .5 * (e->p > 0 ? e->log_p / e->p + log(other->n / e->p) : NAN);
		}
	}
out:
	status = status < 0 || !sums || !held || !ceiling ? -1 : 0;
	free(sums);
	free(held);
	ceiling_free(ceiling);
	division_free(&d);
	return status;
}

/* Splits in batches of as many as there are threads: their influences are added in the order of splits. */
static int all_splits(struct job *job)
{
	struct halves *h = job->halves;
	const struct models_plan *plan = job->ladder->plan;
	size_t most = plan->threads < plan->splits ? plan->threads : plan->splits;
	job->batch = mem_alloc(most * SLOTS * job->couples, sizeof *job->batch);
	if (!job->batch)
		return -1;
	for (job->first = 0; job->first < plan->splits; job->first += most) {
		size_t left = plan->splits - job->first, count = left < most ? left : most;
		if (par_for(count, plan->threads, one_split, job) < 0)
			return -1;
		for (size_t k = 0; k < count; k++)
			for (size_t slot = 0; slot < SLOTS; slot++) {
				const float *x = job->batch + (k * SLOTS + slot) * job->couples;
				if (isnan(h->score[(job->first + k) * HALVES_STRIDE + slot]))
					continue;
				for (size_t q = 0; q < job->couples; q++)
					h->influence[slot * job->couples + q] += (double)x[q];
			}
	}
	return 0;
}

double halves_variance(const struct halves *h, enum halves_metric metric, size_t model,
    size_t other, size_t part, size_t s, double *psi)
{
	size_t n = h->ladder->set->n, couples = n * (n - 1) / 2;
	memset(psi, 0, couples * sizeof *psi);
	for (int of = 0; of < (other == SIZE_MAX ? 1 : 2); of++) {
		size_t slot = halves_slot(metric, of ? other : model, part, s);
		double splits = 0, sign = of ? -1 : 1;
		for (size_t k = 0; k < h->splits; k++)
			splits += !isnan(h->score[k * HALVES_STRIDE + slot]);
		for (size_t q = 0; splits > 0 && q < couples; q++)
			psi[q] += sign * h->influence[slot * couples + q] / splits;
	}
	return resample_influence(psi, n);
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
				double x = share * (double)job->weight[p * points + q];
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
	division_free(&d);
	return status;
}

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
	return job->tapped + (2 * split + (metric == HALVES_FIELD)) * job->couples;
}

/* K's own fields of both halves against each other. */
static int ceiling_field(size_t split, size_t worker, void *argument)
{
	(void)worker;
	const struct job *job = argument;
	const struct ladder *c = job->ladder;
	size_t points = job->points;
	struct division d;
	struct gradient *by = mem_alloc(2 * points, sizeof *by);
	double *psi = mem_alloc(c->pairs, sizeof *psi);
	const float *share = job->share + split * c->pairs;
	int status = divide(c, split, &d);
	if (status == 0 && by && psi) {
		const struct vector *own = job->own + (split * 2 * FIELDS + job->part) * points;
		double value = likeness(points, own, own + FIELDS * points, by, by + points);
		float *to = tapped_at(job, split, HALVES_FIELD);
		add(job->halves, split, HALVES_FIELD, HALVES_CEILING, job->part, ALL, 2 * value);
		for (size_t half = 0; half < 2; half++) {
			for (size_t k = 0; k < d.count[half]; k++) {
				size_t p = d.pair[half][k];
				psi[k] = (double)share[p] *
					 field_influence(points, by + half * points,
					     job->weight + p * points, ladder_dtheta(c, p));
			}
			field_share_influence(
			    c->set, c->target, c->source, d.pair[half], d.count[half], share, psi);
			for (size_t k = 0; k < d.count[half]; k++)
				to[couple(c, d.pair[half][k])] += (float)psi[k];
		}
	}
	free(psi);
	free(by);
	division_free(&d);
	return status < 0 || !by || !psi ? -1 : 0;
}

/* What the splits' taps have given for a model (or the ceiling), in the order of splits. */
static void put_together(struct job *job, enum halves_metric metric, size_t model)
{
	struct halves *h = job->halves;
	size_t slot = halves_slot(metric, model, job->part, ALL);
	for (size_t k = 0; k < h->splits; k++) {
		const float *x = tapped_at(job, k, metric);
		for (size_t q = 0; !isnan(h->score[k * HALVES_STRIDE + slot]) && q < job->couples;
		     q++)
			h->influence[slot * job->couples + q] += (double)x[q];
	}
}

static void start_tapped(struct job *job)
{
	memset(job->tapped, 0, 2 * job->halves->splits * job->couples * sizeof *job->tapped);
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
	struct gradient *by = NULL;
	double *psi = NULL;                   /* (pairs) */
	struct halves_divergence *kls = NULL; /* (pairs) */
	float *parts = NULL; /* (pairs, points): a pair's share of the prediction's field */
	int status = 0;
	for (size_t half = 0; half < 2 && status == 0; half++) {
		const struct side *side = &job->side[2 * split + half],
				  *other = side + 1 - 2 * half;
		const struct ladder_choice *choice = &side->choice[job->model][part];
		if (choice->element != job->element)
			continue;
		if (!sum &&
		    (divide(c, split, &d) < 0 || !(sum = mem_alloc(3 * points, sizeof *sum)) ||
			!(v = mem_alloc(points, sizeof *v)) ||
			!(by = mem_alloc(2 * points, sizeof *by)) ||
			!(kls = mem_alloc(c->pairs, sizeof *kls)) ||
			!(psi = mem_alloc(c->pairs, sizeof *psi)) ||
			!(parts = mem_alloc(c->pairs * points, sizeof *parts)))) {
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
			kls[k] = (struct halves_divergence){.floor = kl.floor};
			for (size_t t = 0; t < taps; t++) {
				double q = 0;
				for (size_t i = 0; i < job->terms; i++)
					q += x[i + 1] *
					     (double)job->value[(i * c->pairs + p) * taps + t];
				halves_divergence_add(&kls[k],
				    part == LATERAL_NEGATIVE ? -w[t] : w[t], x[0] + factor * q);
			}
			kl.q += kls[k].q;
			kl.log_q += kls[k].log_q;
			double dtheta = ladder_dtheta(c, p), cosine = cos(2 * dtheta),
			       sine = sin(2 * dtheta);
			double share = (double)job->share[split * c->pairs + p];
			for (size_t q = 0; q < points; q++) {
				double a = 0;
				for (size_t i = 0; i < job->terms; i++)
					a += x[i + 1] *
					     (double)job->splat[(i * c->pairs + p) * points + q];
				a = share * (x[0] * (double)job->base[p * points + q] + factor * a);
				parts[k * points + q] = (float)a;
				sum[q] += a;
				sum[points + q] += a * cosine;
				sum[2 * points + q] += a * sine;
			}
		}
		for (size_t q = 0; q < points; q++) {
			bool seen = sum[q] > 0;
			v[q].re = (float)(seen ? sum[points + q] / sum[q] : 0);
			v[q].im = (float)(seen ? sum[2 * points + q] / sum[q] : 0);
			v[q].sum = (float)(seen ? sum[q] : 0);
		}
		add(job->halves, split, HALVES_KL, job->model, part, ALL,
		    halves_divergence(&kl, other->entropy[part].p, other->entropy[part].log_p));
		const struct vector *own =
		    job->own + ((split * 2 + 1 - half) * FIELDS + part) * points;
		add(job->halves, split, HALVES_FIELD, job->model, part, ALL,
		    likeness(points, own, v, by, by + points));
		for (size_t k = 0; k < d.count[1 - half]; k++) {
			size_t p = d.pair[1 - half][k];
			double dtheta = ladder_dtheta(c, p),
			       share = (double)job->share[split * c->pairs + p];
			tapped_at(job, split, HALVES_KL)[couple(c, p)] +=
			    (float)(.5 * divergence_influence(&kl, &other->entropy[part], &kls[k],
					     &job->entropy[p * FIELDS + part]));
			psi[k] =
			    share * field_influence(points, by, job->weight + p * points, dtheta) +
			    field_influence(points, by + points, parts + k * points, dtheta);
		}
		field_share_influence(c->set, c->target, c->source, d.pair[1 - half],
		    d.count[1 - half], job->share + split * c->pairs, psi);
		for (size_t k = 0; k < d.count[1 - half]; k++)
			tapped_at(job, split, HALVES_FIELD)[couple(c, d.pair[1 - half][k])] +=
			    (float)(.5 * psi[k]);
	}
	free(psi);
	free(sum);
	free(v);
	free(by);
	free(kls);
	free(parts);
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
		struct splats splats = {c, job->points, NULL, job->part, job->weight, job->base};
		job->terms = 1;
		status = par_for(c->pairs, c->plan->threads, splat_pair, &splats);
		if (status == 0)
			status = par_for(splits, c->plan->threads, own_fields, job);
		if (status == 0) {
			start_tapped(job);
			status = par_for(splits, c->plan->threads, ceiling_field, job);
			put_together(job, HALVES_FIELD, HALVES_CEILING);
		}
		for (job->model = M0; status == 0 && job->model < MODELS; job->model++) {
			if (!c->present[job->model])
				continue;
			job->terms = job->model == M3 ? c->terms - 1 : 1;
			memset(wanted, 0, most * sizeof *wanted);
			for (size_t k = 0; k < 2 * splits; k++)
				wanted[job->side[k].choice[job->model][job->part].element] = true;
			start_tapped(job);
			for (job->element = 0; status == 0 && job->element < most; job->element++)
				if (wanted[job->element])
					status = one_shape(job);
			put_together(job, HALVES_KL, job->model);
			put_together(job, HALVES_FIELD, job->model);
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
	size_t couples = c->pairs / 2;
	h->influence = mem_alloc(HALVES_STRIDE * couples, sizeof *h->influence);
	struct job job = {.halves = h, .ladder = c, .points = points, .couples = couples};
	job.entropy = mem_alloc(c->pairs * FIELDS, sizeof *job.entropy);
	job.tapped = mem_alloc(splits * 2 * couples, sizeof *job.tapped);
	job.weight = mem_alloc(c->pairs * points, sizeof *job.weight);
	job.side = mem_alloc(2 * splits, sizeof *job.side);
	job.share = mem_alloc(splits * c->pairs, sizeof *job.share);
	job.far = mem_alloc(points, sizeof *job.far);
	job.base = mem_alloc(c->pairs * points, sizeof *job.base);
	job.own = mem_alloc(splits * 2 * FIELDS * points, sizeof *job.own);
	job.value = mem_alloc(terms * c->pairs * c->set->taps, sizeof *job.value);
	job.splat = mem_alloc(terms * c->pairs * points, sizeof *job.splat);
	int status = -1;
	if (h->score && h->uniform && h->influence && job.entropy && job.tapped && job.weight &&
	    job.side && job.share && job.far && job.base && job.own && job.value && job.splat) {
		double wide = (double)(size / 2);
		for (size_t q = 0; q < points; q++)
			job.far[q] = hypot((double)(q % size) - wide, (double)(q / size) - wide) >=
				     MODELS_NEAR;
		status = par_for(c->pairs, c->plan->threads, entropy_pair, &job);
		if (status == 0)
			status = all_splits(&job);
		if (status == 0)
			status = by_taps(&job);
	}
	free(job.entropy);
	free(job.batch);
	free(job.tapped);
	free(job.weight);
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
	free(h->influence);
	*h = (struct halves){0};
}
