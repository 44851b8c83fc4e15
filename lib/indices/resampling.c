/* Permutations, bootstrap samples and the jackknife of every family of quantities. */
#include "indices/resampling.h"
#include <math.h>
#include <stdlib.h>
#include "base/memory.h"
#include "base/threads.h"
#include "stats/resample.h"

#define LEVEL .95 /* of intervals and bands */

enum {
	CHUNK = 10,     /* permutations or samples per work item */
	JACKKNIFE = 24, /* groups of units that are left out, at most */
};

struct job {
	const struct family *family;
	const struct resampling_plan *plan;
	void *state;
	size_t units, numbers, count;
	size_t *group, groups; /* (n): of the jackknife */
	double *out;           /* (count, numbers) */
};

size_t resampling_range(double r)
{
	static const double edge[] = RANGE_EDGES;
	for (size_t e = 0; e + 1 < sizeof edge / sizeof *edge; e++)
		if (r >= edge[e] && r < edge[e + 1])
			return e + 1;
	return 0;
}

double resampling_part(enum sign sign, double weight)
{
	return sign == SIGN_BOTH ? weight : fmax(sign == SIGN_NEGATIVE ? -weight : weight, 0);
}

static int permute(size_t chunk, size_t worker, void *argument)
{
	struct job *job = argument;
	int status = 0;
	size_t *order = mem_alloc(job->units, sizeof *order);
	if (!order)
		return -1;
	for (size_t b = chunk * CHUNK; b < (chunk + 1) * CHUNK && b < job->count && !status; b++) {
		resample_order(job->plan->seed, b, job->family->stream, job->units, order);
		status = job->family->evaluate(job->state,
		    &(struct arrangement){.order = order, .worker = worker},
		    job->out + b * job->numbers);
	}
	free(order);
	return status;
}

static int permute_at_once(struct job *job)
{
	size_t n = job->units, *order = mem_alloc(n, sizeof *order);
	uint32_t *all = mem_alloc(job->count * n, sizeof *all);
	int status = order && all ? 0 : -1;
	for (size_t b = 0; b < job->count && !status; b++) {
		resample_order(job->plan->seed, b, job->family->stream, n, order);
		for (size_t i = 0; i < n; i++)
			all[b * n + i] = (uint32_t)order[i];
	}
	if (!status && job->count > 0)
		status = job->family->permute(job->state, all, job->count, job->numbers, job->out);
	free(order);
	free(all);
	return status;
}

/* all units but those of a group */
static void leave_out(const struct job *job, size_t group, double *times, double *factor)
{
	size_t n = job->units;
	for (size_t i = 0; i < n; i++)
		times[i] = job->group[i] != group;
	for (size_t p = 0; p < n * n; p++)
		factor[p] = p / n == p % n ? 0 : times[p / n] * times[p % n];
}

static int sample(size_t chunk, size_t worker, void *argument)
{
	struct job *job = argument;
	size_t n = job->units;
	int status = 0;
	double *times = mem_alloc(n + n * n, sizeof *times), *factor = times + n;
	if (!times)
		return -1;
	for (size_t b = chunk * CHUNK; b < (chunk + 1) * CHUNK && b < job->count && !status; b++) {
		if (job->family->jackknife)
			leave_out(job, b, times, factor);
		else
			resample_pairs(job->plan->seed, job->plan->bootstrap, b, n, times, factor);
		status = job->family->evaluate(job->state,
		    &(struct arrangement){
			.times = times, .factor = factor, .centred = true, .worker = worker},
		    job->out + b * job->numbers);
	}
	free(times);
	return status;
}

static double *not_numbers(size_t count)
{
	double *x = mem_alloc(count, sizeof *x);
	for (size_t i = 0; i < count && x; i++)
		x[i] = NAN;
	return x;
}

static int evaluate_all(struct resampling *r, struct job *job)
{
	struct arrangement own = {.centred = r->permutations == 0};
	size_t threads = job->plan->threads;
	if (job->family->evaluate(job->state, &own, r->value))
		return -1;
	job->out = r->permuted;
	job->count = r->permutations;
	if (job->family->permute ? permute_at_once(job)
				 : par_for((job->count + CHUNK - 1) / CHUNK, threads, permute, job))
		return -1;
	job->out = r->sample;
	job->count = r->samples;
	return par_for((job->count + CHUNK - 1) / CHUNK, threads, sample, job);
}

int resampling_run(struct resampling *r, const struct family *family, const struct subject *subject)
{
	const struct resampling_plan *plan = subject->plan;
	size_t n = subject->set->n, bootstrap = plan->bootstrap;
	struct job job = {.family = family, .plan = plan, .units = n};
	job.groups = n < JACKKNIFE ? n : JACKKNIFE;
	*r = (struct resampling){.family = family, .units = n, .bootstrap = bootstrap};
	r->numbers = family->bins ? NUMBERS_WITH_BINS : NUMBERS;
	for (const struct subject *s = subject->beside; s && family->together; s = s->beside)
		r->numbers += NUMBERS;
	r->permutations = family->refits ? plan->refits : plan->permutations;
	r->samples = bootstrap + resample_dyads(bootstrap);
	if (family->jackknife)
		r->samples = bootstrap > 0 ? job.groups : 0;
	job.numbers = r->numbers;
	r->value = not_numbers(r->numbers);
	r->permuted = not_numbers(r->permutations * r->numbers);
	r->sample = not_numbers(r->samples * r->numbers);
	job.group = mem_alloc(n, sizeof *job.group);
	job.state = mem_alloc(1, family->state);
	int status = r->value && r->permuted && r->sample && job.group && job.state ? 0 : -1;
	if (!status)
		status = resample_groups(plan->seed, n, job.groups, job.group);
	if (!status)
		status = family->set_up(job.state, subject);
	if (!status)
		status = evaluate_all(r, &job);
	if (job.state)
		family->tear_down(job.state);
	free(job.state);
	free(job.group);
	return status;
}

void resampling_free(struct resampling *r)
{
	free(r->value);
	free(r->permuted);
	free(r->sample);
	*r = (struct resampling){0};
}

int resampling_value(const struct family *family, const struct subject *subject, double *out)
{
	void *state = mem_alloc(1, family->state);
	int status = state ? family->set_up(state, subject) : -1;
	for (size_t i = 0; i < NUMBERS_WITH_BINS; i++)
		out[i] = NAN;
	if (!status)
		status = family->evaluate(state, &(struct arrangement){.centred = true}, out);
	if (state)
		family->tear_down(state);
	free(state);
	return status;
}

int resampling_measure(const struct resampling *r, size_t place, unsigned flags, struct measure *m)
{
	enum resample_side side = flags & NARROW  ? RESAMPLE_LESS
				  : flags & LARGE ? RESAMPLE_GREATER
						  : RESAMPLE_TWO_SIDED;
	const double *permuted = r->permuted + place, *drawn = r->sample + place;
	struct resample_chance chance =
	    resample_chance(r->value[place], permuted, r->permutations, r->numbers, side);
	*m = (struct measure){.value = r->value[place], .chance = chance.mean, .p = chance.p};
	if (flags & LESS_CHANCE) {
		m->value -= r->permutations > 0 ? chance.mean : 0;
		m->chance = 0;
	}
	if (resample_interval(
		permuted, r->permutations, r->numbers, LEVEL, &m->band[0], &m->band[1]))
		return -1;
	if (r->family->jackknife)
		return resample_jackknife(
		    m->value, drawn, r->samples, r->numbers, LEVEL, &m->low, &m->high);
	return resample_pair_interval(
	    m->value, drawn, r->units, r->bootstrap, r->numbers, LEVEL, &m->low, &m->high);
}
