#include "models/optimum.h"
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/threads.h"
#include "models/likelihood.h"
#include "stats/resample.h"
#include "stats/student.h"

#define AXES SPAN_AXES
#define DIFFERENCE 1e-3 /* of a coordinate, for derivatives of volumes */
#define ROUNDS 30
#define SETTLING 60
/* Gains of the log-likelihood that are left where a search ends: half the squared distance from the optimum in standard errors
 * that all taps together would have on their own (those between filters are larger). */
#define NEAR 2e-4     /* of the coordinates: 0.02 standard errors */
#define NOISE 1e-8    /* of each tap: more than rounding of M makes of the likelihood */
#define SETTLED 5e-7  /* of b, a, (a') and s */
#define NOISELESS 3e4 /* weights' rms over s: more cannot be told from rounding */

struct job {
	const struct ladder *ladder;
	const struct span *span;
	struct likelihood seen;
	struct span_place place;
	struct likelihood_place at;
	size_t axes;        /* coordinates, kappa with them */
	bool fixed[AXES];   /* coordinates that are held */
	float *m[2];        /* (couples, row): M at the place and at one that is tried */
	float *slope[AXES]; /* (couples, row): M's derivatives at the place, but by kappa */
	struct likelihood_couple *couple; /* (couples) */
};

static void job_free(struct job *job)
{
	likelihood_free(&job->seen);
	free(job->m[0]);
	free(job->m[1]);
	for (size_t a = 0; a < AXES; a++)
		free(job->slope[a]);
	free(job->couple);
}

static int job_create(struct job *job, int part)
{
	const struct ladder *c = job->ladder;
	if (likelihood_create(&job->seen, c, part) < 0)
		return -1;
	size_t count = c->couples * job->seen.row;
	for (size_t k = 0; k < 2; k++)
		if (!(job->m[k] = mem_alloc(count, sizeof *job->m[k])))
			return -1;
	for (size_t a = 0; a < job->span->axes; a++)
		if (!(job->slope[a] = mem_alloc(count, sizeof *job->slope[a])))
			return -1;
	return (job->couple = mem_alloc(c->couples, sizeof *job->couple)) ? 0 : -1;
}

/* ---- M and its derivatives at taps ---- */

struct look_up {
	const struct job *job;
	const struct volume *volume;
	double kappa;
	const float *from; /* with a step: (to - from) / step */
	double step;
	float *to;
};

static int values_couple(size_t q, size_t worker, void *argument)
{
	(void)worker;
	const struct look_up *x = argument;
	const struct ladder *c = x->job->ladder;
	const struct span *span = x->job->span;
	size_t taps = c->set->taps;
	struct volume_place place;
	int status = volume_place_create(&place, taps, span->angles, span->size);
	for (size_t p = 2 * q; status == 0 && p < 2 * q + 2; p++) {
		size_t at = q * x->job->seen.row + p % 2 * taps;
		float *to = x->to + at, factor = (float)ladder_factor(c, p, x->kappa);
		volume_place_pair(
		    &place, c->tap + p * taps, ladder_dtheta(c, p), span->model == M2);
		volume_values(&place, x->volume->k, to, 1);
		for (size_t t = 0; t < taps; t++)
			to[t] *= factor;
		for (size_t t = 0; x->from && t < taps; t++)
			to[t] = (to[t] - x->from[at + t]) / (float)x->step;
	}
	volume_place_free(&place);
	return status;
}

/* M at a place, or its derivative by axis a at the job's one. */
static int look_up(struct job *job, const struct span_place *place, size_t a, float *to)
{
	const struct span *span = job->span;
	size_t threads = job->ladder->plan->threads;
	struct volume volume;
	struct look_up x = {
	    .job = job, .volume = &volume, .kappa = span_kappa(span, place), .to = to};
	double at[AXES];
	memcpy(at, place->at, sizeof at);
	if (a < AXES) {
		x.from = job->m[0];
		x.step = at[a] + DIFFERENCE > span->axis[a].high ? -DIFFERENCE : DIFFERENCE;
		at[a] += x.step;
	}
	int status = volume_create(&volume, span->model, place->kind, at, span->reach, threads);
	if (status == 0) {
		volume_spline(&volume);
		status = par_for(job->ladder->couples, threads, values_couple, &x);
	}
	volume_free(&volume);
	return status;
}

static int look_up_slopes(struct job *job)
{
	for (size_t a = 0; a < job->span->axes; a++)
		if (look_up(job, &job->place, a, job->slope[a]) < 0)
			return -1;
	return 0;
}

static void exchange(struct job *job)
{
	float *m = job->m[0];
	job->m[0] = job->m[1];
	job->m[1] = m;
}

/* ---- the likelihood ---- */

/* Sums of all couples for M in m; with the coordinates that are not fixed, where `shape`. */
static int gather(
    struct job *job, const float *m, bool shape, bool moments, struct regression *all, double *value)
{
	struct likelihood_place *at = &job->at;
	at->m = m;
	at->slopes = 0;
	at->bend = span_kappa(job->span, &job->place) + SPAN_KAPPA0;
	for (size_t a = 0; shape && a < job->axes; a++)
		if (!job->fixed[a])
			at->slope[at->slopes++] = a < job->span->axes ? job->slope[a] : NULL;
	if (likelihood_sum(&job->seen, at, moments, job->couple) < 0)
		return -1;
	*all = (struct regression){.terms = job->couple[0].m.terms};
	*value = 0;
	for (size_t q = 0; q < job->ladder->couples; q++) {
		regression_add(all, &job->couple[q].m);
		*value += job->couple[q].value;
	}
	return 0;
}

/* What a step gains where the likelihood is a quadratic function. */
static double gain_of(const struct regression *m, const double *step)
{
	double gain = 0;
	for (size_t i = 0; i < m->terms; i++) {
		gain += step[i] * m->b[i];
		for (size_t j = 0; j < m->terms; j++)
			gain -= step[i] * m->g[i][j] * step[j] / 2;
	}
	return gain;
}

/* step: b, a, (a'), ... and, the last of the terms, 1/s */
static void move_linear(struct job *job, const double *step, size_t terms, double share)
{
	struct likelihood_place *at = &job->at;
	for (size_t i = 0; i < job->seen.scaled; i++)
		at->of[i] += share * step[i];
	at->inverse = fmax(at->inverse + share * step[terms - 1], at->inverse / 2);
}

/* b, a, (a') and s for M in m by Newton's steps, shortened where the likelihood falls. value: -inf where they come to no end, or
 * to no noise, which is where the likelihood has no maximum. */
static int settle(struct job *job, const float *m, double *value)
{
	struct likelihood_place before = job->at;
	struct regression all;
	double step[REGRESSION_TERMS] = {0}, reached = -INFINITY, share = 1;
	for (int round = 0; round < SETTLING; round++) {
		if (gather(job, m, false, false, &all, value) < 0)
			return -1;
		if (*value >= reached) {
			reached = *value;
			before = job->at;
			share = 1;
			regression_solve(&all, step);
			if (job->at.inverse > NOISELESS)
				break;
			if (gain_of(&all, step) < SETTLED)
				return 0;
		} else {
			job->at = before;
			share /= 4;
		}
		move_linear(job, step, all.terms, share);
	}
	*value = -INFINITY;
	return 0;
}

/* The step (terms) within the box that gains most, of all ways to hold coordinates at ends of theirs; the gain. */
static double step_within(const struct job *job, const struct regression *all, double *step)
{
	const struct span *span = job->span;
	double best = -INFINITY;
	size_t ways = 1;
	for (size_t a = 0; a < job->axes; a++)
		ways *= 3;
	for (size_t way = 0; way < ways; way++) {
		struct regression m = *all;
		double x[REGRESSION_TERMS];
		bool within = true;
		for (size_t a = 0, rest = way; a < job->axes; a++, rest /= 3) {
			size_t i = job->seen.scaled + a;
			double end = (rest % 3 == 1 ? span->axis[a].low : span->axis[a].high) -
				     job->place.at[a];
			if (rest % 3 == 0)
				continue;
			/* its derivative's share is known */
			for (size_t j = 0; j < m.terms; j++) {
				m.b[j] -= end * m.g[j][i];
				m.g[i][j] = m.g[j][i] = 0;
			}
			m.g[i][i] = 1;
			m.b[i] = end;
		}
		regression_solve(&m, x);
		for (size_t a = 0, rest = way; a < job->axes; a++, rest /= 3) {
			double to = job->place.at[a] + x[job->seen.scaled + a];
			within &= rest % 3 || (to > span->axis[a].low && to < span->axis[a].high);
		}
		double gain = gain_of(all, x);
		if (within && gain > best) {
			best = gain;
			memcpy(step, x, sizeof x);
		}
	}
	return best;
}

/* The share of a step at which the parabola through the likelihood is highest, from its slope at 0 and what it has gained at
 * `share`: between `low` and `high`. */
static double share_of(double share, double slope, double gained, double low, double high)
{
	double bend = (gained - slope * share) / (share * share);
	return fmin(fmax(bend < 0 ? -slope / (2 * bend) : high, low), high);
}

/* Gauss and Newton from a place that has settled at `value`; steps that make the likelihood smaller are shortened, and what
 * share of a step was the best one is where the next starts: where a model does not fit, steps are too long in some
 * proportion. found: not where rounds have ended before. At the end the slopes are those of the place. */
static int search(struct job *job, double value, bool *found)
{
	double near = fmax(NEAR, NOISE * (double)(job->ladder->pairs * job->ladder->set->taps));
	double usual = 1;
	*found = false;
	for (int round = 0; round < ROUNDS && !*found; round++) {
		struct span_place from = job->place;
		struct likelihood_place linear = job->at;
		struct regression all;
		double step[REGRESSION_TERMS], same, slope = 0, large = 0, tried;
		if (look_up_slopes(job) < 0 || gather(job, job->m[0], true, false, &all, &same) < 0)
			return -1;
		*found = step_within(job, &all, step) < near;
		for (size_t i = 0; i < all.terms; i++)
			slope += step[i] * all.b[i];
		for (size_t a = 0; a < job->axes; a++)
			large = fmax(large, fabs(step[job->seen.scaled + a]));
		double share = fmin(usual, large > .5 ? .5 / large : 1);
		while (!*found) {
			for (size_t a = 0; a < job->axes; a++)
				job->place.at[a] = from.at[a] + share * step[job->seen.scaled + a];
			move_linear(job, step, all.terms, share);
			if (look_up(job, &job->place, AXES, job->m[1]) < 0 ||
			    settle(job, job->m[1], &tried) < 0)
				return -1;
			if (tried >= value) {
				usual = share_of(share, slope, tried - value, .2, 1);
				value = tried;
				exchange(job);
				break;
			}
			job->place = from;
			job->at = linear;
			share = share_of(share, slope, tried - value, share / 10, share / 2);
			*found = share * slope < near;
		}
	}
	return 0;
}

/* Least squares of the shape that was found, as though nothing were cut off. */
static void start_linear(struct job *job, int part, const struct ladder_choice *start)
{
	const struct likelihood *seen = &job->seen;
	double n = (double)(job->ladder->pairs * job->ladder->set->taps);
	double left = fmax(1 - start->r * start->r, 1e-8);
	double s = sqrt(left * (seen->squares - seen->sum * seen->sum / n) / n);
	for (size_t i = 0; i < seen->scaled; i++)
		job->at.of[i] = i < 2 || part == SIGN_BOTH ? start->coefficient[i] / s : 0;
	job->at.inverse = seen->unit / s;
}

/* Where something is cut off, least squares may have led far away: the place of the signed weights may be the more likely one.
 * value: there, -inf where no maximum is found. */
static int choose_start(struct job *job, const struct ladder_choice *other, double *value)
{
	if (look_up(job, &job->place, AXES, job->m[0]) < 0 || settle(job, job->m[0], value) < 0)
		return -1;
	/* nothing is likelier than what leaves no noise */
	if (!(job->seen.cut > 0 && other->r > -1) || job->at.inverse > NOISELESS)
		return 0;
	struct likelihood_place linear = job->at;
	double tried;
	if (look_up(job, &other->place, AXES, job->m[1]) < 0 || settle(job, job->m[1], &tried) < 0)
		return -1;
	if (tried > *value) {
		*value = tried;
		job->place = other->place;
		exchange(job);
	} else {
		job->at = linear;
	}
	return 0;
}

/* Is the noise behind what is cut off not normal, by its skewness or kurtosis? Moments less what the fit took of them (Newey
 * 1985), against their variance for other filters. psi (couples) is scratch. */
static bool not_normal(const struct job *job, const struct regression *all, double *psi)
{
	const struct ladder *c = job->ladder;
	for (size_t k = 0; k < CENSORED_MOMENTS; k++) {
		struct regression m = *all;
		double influence[REGRESSION_TERMS] = {0}, sum = 0;
		memset(m.b, 0, sizeof m.b);
		for (size_t q = 0; q < c->couples; q++)
			for (size_t i = 0; i < all->terms; i++)
				m.b[i] += job->couple[q].cross[k][i];
		regression_solve(&m, influence);
		for (size_t q = 0; q < c->couples; q++) {
			const struct likelihood_couple *own = &job->couple[q];
			psi[q] = own->moment[k];
			sum += own->moment[k];
			for (size_t i = 0; i < all->terms; i++)
				psi[q] -= influence[i] * own->m.b[i];
		}
		for (size_t q = 0; q < c->couples; q++)
			psi[q] -= sum / (double)c->couples;
		double t = sum / sqrt(resample_influence(psi, c->set->n));
		if (fabs(t) > OPTIMUM_NORMAL)
			return true;
	}
	return false;
}

/* The parameter's interval: psi (couples) is scratch. */
static void interval(const struct job *job, const struct regression *all, size_t parameter,
    const struct span_parameter *named, double *psi, struct optimum *out)
{
	const struct ladder *c = job->ladder;
	const struct span *span = job->span;
	double influence[REGRESSION_TERMS] = {0}, value = 0, low = 0, high = 0;
	struct regression m = *all;
	memset(m.b, 0, sizeof m.b);
	*out = (struct optimum){.name = named->name, .low = NAN, .high = NAN};
	for (size_t a = 0, i = job->seen.scaled; a < job->axes; a++) {
		const struct span_axis *axis = &span->axis[a];
		double weight = named->weight[a];
		bool used = weight > 0 || weight < 0;
		value += weight * job->place.at[a];
		low += weight * (weight > 0 ? axis->low : axis->high);
		high += weight * (weight > 0 ? axis->high : axis->low);
		out->edge |= used && job->fixed[a];
		if (!job->fixed[a])
			m.b[i++] = weight;
	}
	out->value = span_parameter_value(span, parameter, value);
	if (out->edge)
		return;
	regression_solve(&m, influence);
	for (size_t q = 0; q < c->couples; q++) {
		const struct regression *own = &job->couple[q].m;
		psi[q] = 0;
		for (size_t i = 0; i < all->terms; i++)
			psi[q] += influence[i] * own->b[i];
	}
	double half = student_quantile(.025, (double)c->set->n - 1) *
		      sqrt(resample_influence(psi, c->set->n));
	out->low = span_parameter_value(span, parameter, fmax(value - half, low));
	out->high = span_parameter_value(span, parameter, fmin(value + half, high));
}

static int find(struct job *job, const struct ladder_choice *other, struct optimum_fit *out)
{
	const struct span *span = job->span;
	struct span_parameter named[AXES];
	struct regression all;
	double value;
	bool found = false;
	if (choose_start(job, other, &value) < 0 ||
	    (value > -INFINITY && search(job, value, &found) < 0))
		return -1;
	if (!found)
		return 0;
	double *psi = mem_alloc(job->ladder->couples, sizeof *psi);
	if (!psi)
		return -1;
	span_parameters(span, named);
	for (size_t a = 0; a < job->axes; a++)
		job->fixed[a] = job->place.at[a] < span->axis[a].low + 1e-9 ||
				job->place.at[a] > span->axis[a].high - 1e-9;
	int status = gather(job, job->m[0], true, true, &all, &value);
	for (size_t k = 0; status == 0 && k < out->parameters; k++)
		interval(job, &all, k, &named[k], psi, &out->of[k]);
	out->inverted = job->at.of[1] < 0;
	out->rectified = status == 0 && job->seen.cut > 0 && not_normal(job, &all, psi);
	free(psi);
	return status;
}

int optimum_find(const struct ladder *c, enum ladder_model model, int part,
    const struct ladder_choice start[LADDER_PARTS], struct optimum_fit *out)
{
	const struct span *span = c->span[model];
	struct span_parameter named[AXES];
	struct job job = {.ladder = c,
	    .span = span,
	    .place = start[part].place,
	    .axes = span->axes + span->tuned};
	*out = (struct optimum_fit){.parameters = span_parameters(span, named)};
	for (size_t k = 0; k < out->parameters; k++)
		out->of[k] =
		    (struct optimum){.name = named[k].name, .value = NAN, .low = NAN, .high = NAN};
	if (!(start[part].r > -1))
		return 0;
	int status = job_create(&job, part);
	if (status == 0) {
		start_linear(&job, part, &start[part]);
		status = find(&job, &start[SIGN_BOTH], out);
	}
	job_free(&job);
	return status;
}
