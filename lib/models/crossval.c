/* Held-out scores on random halves of the filters. */
#include "models/crossval.h"
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/random.h"
#include "base/threads.h"
#include "models/ceiling.h"
#include "stats/resample.h"

#define SIGNS CROSSVAL_SIGNS
#define SETS DESIGN_SETS
#define SLOTS CROSSVAL_SLOTS

/* Work space of a thread. */
struct worker {
	struct gathered gathered;
	struct fitted *fitted;
	struct regression_sums *sums; /* (dyads) */
	struct ceiling_pair *bound;   /* (pairs) */
	struct crossval_halves halves;
};

struct job {
	struct crossval *crossval;
	const struct design *design;
	size_t first; /* split of the batch at hand */
	float *batch; /* (batch, SLOTS, dyads): influences that are not yet added */
	struct worker *worker;
	struct ceiling *ceiling;
};

/* One direction of a split: from train to test. */
struct direction {
	struct worker *worker;
	const struct crossval_half *train, *test;
	double *score;    /* (SLOTS) */
	double r[SLOTS];  /* what this direction adds to it */
	float *influence; /* (SLOTS, dyads) */
	double trained[MODELS_MOST]
		      [SETS]; /* r of the models beside overlap on the training half, signed */
};

struct fit_task crossval_task(const struct design *d, size_t sign, size_t set, bool beside)
{
	return (struct fit_task){.base = beside ? d->overlap + 1 : 1,
	    .response = d->overlap + 1 + sign,
	    .locked = sign == SIGN_BOTH,
	    .set = (enum design_set)set};
}

/* ---- halves of the filters ---- */

void crossval_halves_free(struct crossval_halves *h)
{
	free(h->order);
	free(h->side);
	for (size_t k = 0; k < 2; k++) {
		free(h->half[k].dyad);
		free(h->half[k].pair);
	}
}

int crossval_halves_create(struct crossval_halves *h, const struct design *d)
{
	int status = 0;
	*h = (struct crossval_halves){.order = mem_alloc(d->set->n, sizeof *h->order),
	    .side = mem_alloc(d->set->n, sizeof *h->side)};
	for (size_t k = 0; k < 2; k++) {
		h->half[k].dyad = mem_alloc(d->dyads, sizeof *h->half[k].dyad);
		h->half[k].pair = mem_alloc(d->pairs, sizeof *h->half[k].pair);
		if (!h->half[k].dyad || !h->half[k].pair)
			status = -1;
	}
	return h->order && h->side ? status : -1;
}

void crossval_divide(struct crossval_halves *h, const struct design *d, uint64_t seed, size_t split)
{
	struct rng rng = rng_start(seed, RNG_HALVES, 0, split);
	rng_permutation(&rng, h->order, d->set->n);
	for (size_t i = 0; i < d->set->n; i++)
		h->side[h->order[i]] = i % 2;
	for (size_t k = 0; k < 2; k++)
		h->half[k].dyads = h->half[k].pairs = 0;
	for (size_t q = 0; q < d->dyads; q++) {
		size_t side = h->side[d->target[2 * q]];
		struct crossval_half *half = &h->half[side];
		if (side != h->side[d->source[2 * q]])
			continue;
		half->dyad[half->dyads++] = q;
		half->pair[half->pairs++] = 2 * q;
		half->pair[half->pairs++] = 2 * q + 1;
	}
}

/* ---- scores ---- */

/* Half the score of a slot and of every dyad's influence on it, from the sums of the test dyads. */
static void accumulate(const struct job *job, struct direction *to, size_t slot)
{
	struct regression_sums all = {0};
	const struct crossval_half *test = to->test;
	for (size_t q = 0; q < test->dyads; q++)
		regression_sums_add(&all, &to->worker->sums[q]);
	to->r[slot] = .5 * regression_sums_score(&all);
	to->score[slot] += to->r[slot];
	for (size_t q = 0; q < test->dyads; q++)
		to->influence[slot * job->design->dyads + test->dyad[q]] =
		    (float)(.5 * regression_influence(&all, &to->worker->sums[q]));
}

/* A fit to the training half; without one, where the weights do not vary there, the baseline alone. */
static void score(const struct job *job, struct direction *to, size_t slot, size_t model,
    const struct fit_task *task, const struct fit *fit)
{
	struct fitted *fitted = to->worker->fitted;
	bool baseline = !(fit->r > -1);
	fitted_prepare(fitted, job->design, baseline ? SIZE_MAX : model, task, fit);
	for (size_t q = 0; q < to->test->dyads; q++) {
		to->worker->sums[q] = fitted_sums(fitted, to->test->dyad[q]);
		if (baseline)
			to->worker->sums[q].p = to->worker->sums[q].pp = to->worker->sums[q].py = 0;
	}
	accumulate(job, to, slot);
}

/* Fits a model, gathered over the training half, and scores it: by itself, and signed weights beside overlap. */
static void train(const struct job *job, struct direction *to, size_t model)
{
	const struct gathered *gathered = &to->worker->gathered;
	bool overlap = models[model].role == MODEL_OVERLAP;
	for (size_t set = 0; set < SETS; set++) {
		for (size_t sign = 0; sign < SIGNS; sign++) {
			struct fit_task task = crossval_task(job->design, sign, set, overlap);
			struct fit fit;
			if (!job->crossval->plan.alone && !(overlap && sign == SIGN_BOTH))
				continue;
			fit = overlap ? fit_base(gathered, &task) : fit_best(gathered, &task);
			score(job, to, crossval_slot(model, sign, set), overlap ? SIZE_MAX : model,
			    &task, &fit);
		}
		if (overlap)
			continue;
		struct fit_task task = crossval_task(job->design, SIGN_BOTH, set, true);
		struct fit fit = fit_best(gathered, &task);
		to->trained[model][set] = fit.r;
		score(job, to, crossval_slot(CROSSVAL_BESIDE + model, SIGN_BOTH, set), model, &task,
		    &fit);
	}
}

/* Of the models beside overlap the rival is the one that fits the training half best. */
static void choose(const struct job *job, const struct direction *to)
{
	for (size_t set = 0; set < SETS; set++) {
		size_t best = SIZE_MAX, dyads = job->design->dyads;
		for (size_t m = 0; m < models_count; m++)
			if (models[m].role == MODEL_RIVAL && job->design->sums[m] &&
			    (best == SIZE_MAX || to->trained[m][set] > to->trained[best][set]))
				best = m;
		size_t from = crossval_slot(CROSSVAL_BESIDE + best, SIGN_BOTH, set),
		       rival = crossval_slot(CROSSVAL_RIVAL, SIGN_BOTH, set);
		to->score[rival] += to->r[from];
		for (size_t q = 0; q < to->test->dyads; q++) {
			size_t at = to->test->dyad[q];
			to->influence[rival * dyads + at] = to->influence[from * dyads + at];
		}
	}
}

static int score_ceiling(const struct job *job, struct direction *to, size_t index)
{
	struct worker *w = to->worker;
	if (ceiling_score(job->ceiling, index, to->train->pair, to->train->pairs, to->test->pair,
		to->test->pairs, w->bound) < 0)
		return -1;
	for (size_t set = 0; set < SETS; set++)
		for (size_t sign = 0; sign < SIGNS; sign++) {
			for (size_t q = 0; q < to->test->dyads; q++) {
				w->sums[q] = w->bound[2 * q].sums[set][sign];
				regression_sums_add(
				    &w->sums[q], &w->bound[2 * q + 1].sums[set][sign]);
			}
			accumulate(job, to, crossval_slot(CROSSVAL_CEILING, sign, set));
		}
	return 0;
}

/* Split `at` of the batch. */
static int one_split(size_t at, size_t index, void *argument)
{
	const struct job *job = argument;
	const struct design *d = job->design;
	struct worker *w = &job->worker[index];
	size_t split = job->first + at;
	crossval_divide(&w->halves, d, job->crossval->plan.seed, split);
	float *influence = job->batch + at * SLOTS * d->dyads;
	memset(influence, 0, SLOTS * d->dyads * sizeof *influence);
	for (size_t half = 0; half < 2; half++) {
		struct direction to = {.worker = w,
		    .train = &w->halves.half[half],
		    .test = &w->halves.half[1 - half],
		    .score = job->crossval->score + split * SLOTS,
		    .influence = influence};
		design_gather_columns(d, to.train->dyad, to.train->dyads, &w->gathered);
		for (size_t m = 0; m < models_count; m++) {
			if (d->sums[m])
				design_gather(d, m, to.train->dyad, to.train->dyads, &w->gathered);
			if (d->sums[m] || models[m].role == MODEL_OVERLAP)
				train(job, &to, m);
		}
		choose(job, &to);
		if (job->ceiling && score_ceiling(job, &to, index) < 0)
			return -1;
	}
	return 0;
}

/* Splits in batches of as many as there are threads: their influences are added in the order of splits. */
static int all_splits(struct job *job, size_t most)
{
	struct crossval *x = job->crossval;
	size_t dyads = job->design->dyads;
	for (job->first = 0; job->first < x->plan.splits; job->first += most) {
		size_t left = x->plan.splits - job->first, count = left < most ? left : most;
		if (par_for(count, job->design->threads, one_split, job) < 0)
			return -1;
		for (size_t k = 0; k < count; k++)
			for (size_t slot = 0; slot < SLOTS; slot++) {
				const float *from = job->batch + (k * SLOTS + slot) * dyads;
				bool scored = !isnan(x->score[(job->first + k) * SLOTS + slot]);
				for (size_t q = 0; scored && q < dyads; q++)
					x->influence[slot * dyads + q] += (double)from[q];
			}
	}
	return 0;
}

static void worker_free(struct worker *w)
{
	gathered_free(&w->gathered);
	free(w->fitted);
	free(w->sums);
	free(w->bound);
	crossval_halves_free(&w->halves);
}

static int worker_create(struct worker *w, const struct design *d)
{
	int status = gathered_create(&w->gathered, d);
	w->fitted = mem_alloc(1, sizeof *w->fitted);
	w->sums = mem_alloc(d->dyads, sizeof *w->sums);
	w->bound = mem_alloc(d->pairs, sizeof *w->bound);
	if (!w->fitted || !w->sums || !w->bound || crossval_halves_create(&w->halves, d) < 0)
		status = -1;
	return status;
}

int crossval_run(struct crossval *x, const struct design *d, const struct crossval_plan *plan)
{
	size_t most = d->threads < plan->splits ? d->threads : plan->splits;
	*x = (struct crossval){.design = d, .plan = *plan};
	x->score = mem_alloc(plan->splits * SLOTS, sizeof *x->score);
	x->influence = mem_alloc(SLOTS * d->dyads, sizeof *x->influence);
	x->scratch = mem_alloc(plan->splits + d->dyads, sizeof *x->scratch);
	struct job job = {.crossval = x, .design = d};
	job.batch = mem_alloc(most * SLOTS * d->dyads, sizeof *job.batch);
	job.worker = mem_alloc(most, sizeof *job.worker);
	int status = x->score && x->influence && x->scratch && job.batch && job.worker ? 0 : -1;
	for (size_t k = 0; status == 0 && k < most; k++)
		status = worker_create(&job.worker[k], d);
	if (status == 0 && plan->ceiling && !(job.ceiling = ceiling_create(d, most)))
		status = -1;
	if (status == 0)
		status = all_splits(&job, most);
	for (size_t k = 0; job.worker && k < most; k++)
		worker_free(&job.worker[k]);
	ceiling_free(job.ceiling);
	free(job.worker);
	free(job.batch);
	return status;
}

void crossval_free(struct crossval *x)
{
	free(x->score);
	free(x->influence);
	free(x->scratch);
	*x = (struct crossval){0};
}

struct split_mean crossval_mean(const struct crossval *x, size_t slot, size_t other)
{
	size_t splits = x->plan.splits, dyads = x->design->dyads, n = x->design->set->n;
	double *difference = x->scratch, *psi = difference + splits;
	const size_t of[] = {slot, other};
	memset(x->scratch, 0, (splits + dyads) * sizeof *x->scratch);
	for (size_t k = 0; k < 2 && of[k] != SIZE_MAX; k++) {
		double known = 0, sign = k ? -1 : 1;
		for (size_t split = 0; split < splits; split++) {
			double r = x->score[split * SLOTS + of[k]];
			difference[split] += sign * r;
			known += !isnan(r);
		}
		for (size_t q = 0; known > 0 && q < dyads; q++)
			psi[q] += sign * x->influence[of[k] * dyads + q] / known;
	}
	return split_mean(splits, difference, resample_influence(psi, n), (double)n - 1);
}
