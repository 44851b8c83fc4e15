#include "models/crossval.h"
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/random.h"
#include "base/threads.h"
#include "field/field.h"
#include "models/crossval_job.h"
#include "stats/resample.h"

#define PARTS ((size_t)LADDER_PARTS)
#define SETS ((size_t)LADDER_SETS)
#define ALL LADDER_ALL
#define FIELDS HALVES_FIELDS

#define TAPLESS                                                                                    \
	((size_t)HALVES_KL +                                                                       \
	    1) /* metrics that one_split may score: the last for the ceiling alone */
#define SLOTS (TAPLESS * (MODELS + 1) * PARTS * SETS)

double halves_divergence(const struct halves_divergence *d, double p, double log_p)
{
	return p > 0 && d->floor > 0 ? (log_p - d->log_q) / p + log(d->q / p) : NAN;
}

double halves_divergence_influence(const struct halves_divergence *d,
    const struct halves_entropy *e, const struct halves_divergence *pair,
    const struct halves_entropy *own)
{
	if (!(e->p > 0 && d->floor > 0))
		return 0;
	return (own->log_p - pair->log_q - (e->log_p - d->log_q) / e->p * own->p) / e->p +
	       pair->q / d->q - own->p / e->p;
}

/* ---- halves of the filters ---- */

void halves_division_free(struct halves_division *d)
{
	free(d->order);
	free(d->half);
	for (size_t half = 0; half < 2; half++) {
		free(d->couple[half]);
		free(d->pair[half]);
	}
}

int halves_divide(const struct ladder *c, size_t split, struct halves_division *d)
{
	size_t n = c->set->n;
	*d = (struct halves_division){
	    .order = mem_alloc(n, sizeof *d->order), .half = mem_alloc(n, sizeof *d->half)};
	int status = d->order && d->half ? 0 : -1;
	for (size_t half = 0; half < 2; half++) {
		d->couple[half] = mem_alloc(c->couples, sizeof *d->couple[half]);
		d->pair[half] = mem_alloc(c->pairs, sizeof *d->pair[half]);
		if (!d->couple[half] || !d->pair[half])
			status = -1;
	}
	if (status < 0)
		return -1;
	struct rng rng = rng_start(c->plan->seed, RNG_HALVES, 0, split);
	rng_permutation(&rng, d->order, n);
	for (size_t i = 0; i < n; i++)
		d->half[d->order[i]] = i % 2;
	for (size_t q = 0; q < c->couples; q++) {
		size_t half = d->half[c->target[2 * q]];
		if (half != d->half[c->source[2 * q]])
			continue;
		d->couple[half][d->couples[half]++] = q;
		for (size_t k = 0; k < 2; k++)
			d->pair[half][d->pairs[half]++] = 2 * q + k;
	}
	return 0;
}

/* ---- r and cosine, from the couples' sums ---- */

/* where the training weights do not vary: the baseline alone */
static struct regression_score no_fit(const struct ladder_totals *t, size_t part)
{
	double variance = t->yy[part] - t->y[part] * t->y[part] / t->n;
	return (struct regression_score){variance > 1e-12 * t->yy[part] ? 0 : NAN, NAN};
}

/* A half's couples by their sums: the score, and every couple's influence on it. */
static struct regression_score score_couples(
    const size_t *couple, size_t count, const struct regression_sums *sums, float *r, float *cosine)
{
	struct regression_sums all = {0};
	for (size_t q = 0; q < count; q++)
		regression_sums_add(&all, &sums[q]);
	for (size_t q = 0; q < count; q++) {
		struct regression_score x = regression_influence(&all, &sums[q]);
		r[couple[q]] += (float)(.5 * x.r);
		cosine[couple[q]] += (float)(.5 * x.cosine);
	}
	return regression_sums_score(&all);
}

/* The test couples' sums of a shape that was chosen. */
static void test_choice(const struct ladder *c, enum ladder_model model, const size_t *couple,
    size_t count, size_t s, int part, const struct ladder_choice *x, struct regression_sums *sums)
{
	float terms[SPAN_TERMS], products[SPAN_TERMS * (SPAN_TERMS + 1) / 2 + SPAN_LANES];
	double kappa = span_kappa(c->span[model], &x->place);
	span_terms(c->span[model], &x->place, terms);
	span_products(c->span[model], terms, products);
	for (size_t q = 0; q < count; q++) {
		struct ladder_cross cross = ladder_couple(c, model, couple[q], s, part, terms,
		    products, ladder_factor(c, 2 * couple[q], kappa));
		struct regression m = ladder_normal(&c->totals[couple[q] * SETS + s], &cross, part);
		sums[q] = regression_sums(&m, x->coefficient);
	}
}

/* For what needs taps: M3's coefficients, or the shape; the baseline alone where there is none. */
static void keep(struct halves_side *side, size_t model,
    const struct ladder_choice best[LADDER_PARTS], const struct ladder_totals *totals)
{
	for (size_t part = 0; part < FIELDS; part++) {
		struct ladder_choice *choice = &side->choice[model][part];
		*choice = best[part];
		if (!(choice->r > -1)) {
			memset(choice, 0, sizeof *choice);
			choice->coefficient[0] = totals->y[part] / totals->n;
		}
	}
}

static void entropy_add(struct halves_entropy *to, const struct halves_entropy *e)
{
	for (size_t part = 0; part < FIELDS; part++) {
		to[part].p += e[part].p;
		to[part].log_p += e[part].log_p;
	}
}

static int entropy_pair(size_t p, size_t worker, void *argument)
{
	(void)worker;
	const struct halves_job *job = argument;
	const double *w = ladder_weights(job->ladder, p);
	for (size_t t = 0; t < job->ladder->set->taps; t++) {
		struct halves_entropy *to =
		    &job->entropy[p * FIELDS + (w[t] > 0 ? SIGN_POSITIVE : SIGN_NEGATIVE)];
		double x = fabs(w[t]);
		if (x > 0) {
			to->p += x;
			to->log_p += x * log(x);
		}
	}
	return 0;
}

/* The ceiling's divergence and every pair's influence on it. */
static double ceiling_divergence(const struct halves_job *job, const size_t *pair, size_t count,
    const struct ceiling_pair *held, const struct halves_entropy *e, size_t part, float *to)
{
	struct halves_divergence all = {.floor = held[0].kl[part].floor};
	for (size_t q = 0; q < count; q++) {
		all.q += held[q].kl[part].q;
		all.log_q += held[q].kl[part].log_q;
	}
	for (size_t q = 0; q < count; q++)
		to[pair[q] / 2] +=
		    (float)(.5 * halves_divergence_influence(&all, e, &held[q].kl[part],
				     &job->entropy[pair[q] * FIELDS + part]));
	return halves_divergence(&all, e->p, e->log_p);
}

/* Numbers that the sums of any model take. */
static size_t largest_sums(const struct ladder *c)
{
	size_t most = 1;
	for (enum ladder_model m = M0; m < MODELS; m++)
		if (c->span[m] && c->span[m]->kappas * SETS * ladder_record(c->span[m]) > most)
			most = c->span[m]->kappas * SETS * ladder_record(c->span[m]);
	return most;
}

/* Split `at` of the batch, but for what needs taps. */
static int one_split(size_t at, size_t worker, void *argument)
{
	struct halves_job *job = argument;
	const struct ladder *c = job->ladder;
	struct halves *h = job->halves;
	struct halves_division d;
	struct ladder_totals totals[2][LADDER_SETS];
	size_t split = job->first + at, couples = c->couples;
	float *influence = job->batch + at * SLOTS * couples;
	struct regression_sums *sums = mem_alloc(couples, sizeof *sums);
	struct ceiling_pair *held = mem_alloc(c->pairs, sizeof *held);
	float *gathered = mem_alloc(largest_sums(c), sizeof *gathered);
	int status = halves_divide(c, split, &d);
	if (status < 0 || !sums || !held || !gathered)
		goto out;
	memset(influence, 0, SLOTS * couples * sizeof *influence);
	for (size_t half = 0; half < 2; half++) {
		struct halves_side *side = &job->side[2 * split + half];
		ladder_total(c, d.couple[half], d.couples[half], totals[half]);
		for (size_t part = 0; part < FIELDS; part++)
			side->floor[part] =
			    HALVES_FLOOR * totals[half][ALL].y[part] / totals[half][ALL].n;
		side->n = (double)(d.pairs[half] * c->set->taps);
		for (size_t q = 0; q < d.pairs[half]; q++)
			entropy_add(side->entropy, &job->entropy[d.pair[half][q] * FIELDS]);
		field_shares(c->set, c->target, c->source, d.pair[half], d.pairs[half], NULL,
		    job->share + split * c->pairs);
	}
	for (size_t half = 0; half < 2; half++) {
		struct halves_side *side = &job->side[2 * split + half],
				   *other = side + 1 - 2 * half;
		const size_t *train = d.couple[half], *test = d.couple[1 - half];
		const struct ladder_totals *tested = totals[1 - half];
		size_t trains = d.couples[half], tests = d.couples[1 - half];
		for (size_t model = 0; model <= MODELS; model++) {
			struct ladder_choice best[LADDER_SETS][LADDER_PARTS] = {0};
			if (!c->present[model])
				continue;
			if (model == HALVES_CEILING) {
				status =
				    ceiling_score(c, d.pair[half], d.pairs[half], d.pair[1 - half],
					d.pairs[1 - half], job->ceiling, worker, side->floor, held);
				if (status < 0)
					goto out;
				for (size_t part = 0; part < FIELDS; part++)
					halves_add(h, split, HALVES_KL, model, part, ALL,
					    ceiling_divergence(job, d.pair[1 - half],
						d.pairs[1 - half], held, &other->entropy[part],
						part,
						influence +
						    halves_slot(HALVES_KL, model, part, ALL) *
							couples));
			} else if (model != M3) {
				ladder_gather(c, model, train, trains, gathered);
				ladder_fit(c->span[model], c->span[model]->kinds, gathered,
				    totals[half], 0, best);
			}
			for (size_t s = 0; s < SETS; s++)
				for (int part = 0; part < LADDER_PARTS; part++) {
					size_t k = (size_t)part;
					struct ladder_choice *choice = &best[s][part];
					struct regression_score found;
					bool fitted = true;
					for (size_t q = 0; model == HALVES_CEILING && q < tests;
					     q++) {
						sums[q] = held[2 * q].sums[s][part];
						regression_sums_add(
						    &sums[q], &held[2 * q + 1].sums[s][part]);
					}
					if (model == M3) {
						struct regression m =
						    ladder_gram(c, train, trains, s, part);
						regression_solve(&m, choice->coefficient);
						for (size_t q = 0; q < tests; q++)
							sums[q] = regression_sums(
							    &c->gram[(test[q] * SETS + s) * PARTS +
								     k],
							    choice->coefficient);
					} else if (model != HALVES_CEILING) {
						halves_add(h, split, HALVES_SIGN, model, k, s,
						    choice->coefficient[1] < 0 ? -1 : 1);
						fitted = choice->r > -1;
						if (fitted)
							test_choice(c, model, test, tests, s, part,
							    choice, sums);
					}
					float *to = influence +
						    halves_slot(HALVES_R, model, k, s) * couples;
					found = fitted ? score_couples(test, tests, sums, to,
							     influence + halves_slot(HALVES_COSINE,
									     model, k, s) *
									     couples)
						       : no_fit(&tested[s], k);
					halves_add(h, split, HALVES_R, model, k, s, found.r);
					halves_add(
					    h, split, HALVES_COSINE, model, k, s, found.cosine);
				}
			if (model < MODELS)
				keep(side, model, best[ALL], &totals[half][ALL]);
		}
		for (size_t part = 0; part < FIELDS; part++) {
			const struct halves_entropy *e = &other->entropy[part];
			h->uniform[split * FIELDS + part] +=
			    .5 * (e->p > 0 ? e->log_p / e->p + log(other->n / e->p) : NAN);
		}
	}
out:
	status = status < 0 || !sums || !held || !gathered ? -1 : 0;
	free(sums);
	free(held);
	free(gathered);
	halves_division_free(&d);
	return status;
}

/* Splits in batches of as many as there are threads: their influences are added in the order of splits. */
static int all_splits(struct halves_job *job)
{
	struct halves *h = job->halves;
	const struct models_plan *plan = job->ladder->plan;
	size_t most = plan->threads < plan->splits ? plan->threads : plan->splits;
	job->batch = mem_alloc(most * SLOTS * job->ladder->couples, sizeof *job->batch);
	bool ceiling = job->ladder->present[HALVES_CEILING];
	if (!job->batch || (ceiling && !(job->ceiling = ceiling_create(job->ladder, most))))
		return -1;
	for (job->first = 0; job->first < plan->splits; job->first += most) {
		size_t left = plan->splits - job->first, count = left < most ? left : most;
		if (par_for(count, plan->threads, one_split, job) < 0)
			return -1;
		for (size_t k = 0; k < count; k++)
			for (size_t slot = 0; slot < SLOTS; slot++) {
				const float *x =
				    job->batch + (k * SLOTS + slot) * job->ladder->couples;
				if (isnan(h->score[(job->first + k) * HALVES_STRIDE + slot]))
					continue;
				for (size_t q = 0; q < job->ladder->couples; q++)
					h->influence[slot * job->ladder->couples + q] +=
					    (double)x[q];
			}
	}
	return 0;
}

double halves_variance(const struct halves *h, enum halves_metric metric, size_t model,
    size_t other, size_t part, size_t s, double *psi)
{
	size_t n = h->ladder->set->n, couples = h->ladder->couples;
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

int halves_score(struct halves *h, struct ladder *c)
{
	size_t splits = c->plan->splits;
	*h = (struct halves){.ladder = c, .splits = splits};
	h->score = mem_alloc(splits * HALVES_STRIDE, sizeof *h->score);
	h->uniform = mem_alloc(splits * FIELDS, sizeof *h->uniform);
	h->influence = mem_alloc(HALVES_STRIDE * c->couples, sizeof *h->influence);
	struct halves_job job = {.halves = h, .ladder = c};
	job.entropy = mem_alloc(c->pairs * FIELDS, sizeof *job.entropy);
	job.side = mem_alloc(2 * splits, sizeof *job.side);
	job.share = mem_alloc(splits * c->pairs, sizeof *job.share);
	int status = -1;
	if (h->score && h->uniform && h->influence && job.entropy && job.side && job.share) {
		status = par_for(c->pairs, c->plan->threads, entropy_pair, &job);
		if (status == 0)
			status = all_splits(&job);
		free(job.batch);
		ceiling_free(job.ceiling);
		ladder_forget(c);
		if (status == 0 && !c->plan->leads)
			status = halves_by_taps(&job);
	}
	free(job.entropy);
	free(job.side);
	free(job.share);
	return status;
}

void halves_free(struct halves *h)
{
	free(h->score);
	free(h->uniform);
	free(h->influence);
	*h = (struct halves){0};
}
