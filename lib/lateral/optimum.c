#include "lateral/optimum.h"
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/threads.h"
#include "lateral/censored.h"
#include "stats/resample.h"
#include "stats/student.h"

#define AXES SPAN_AXES
#define DIFFERENCE .02 /* of a coordinate, for derivatives of volumes */
#define ROUNDS 20
#define NEAR 1e-3     /* of a coordinate: a step that ends the search */
#define SETTLED 1e-10 /* of the log-likelihood of a tap: a gain that ends the fit at a place */

/* What a couple adds to the log-likelihood, to minus its second derivatives (m.g) and to its first ones (m.b) by b, a, (a',) the
 * free coordinates and 1/s; to the noise's moments and to their products with first derivatives of taps. */
struct couple {
	struct least m;
	double value, moment[CENSORED_MOMENTS], cross[CENSORED_MOMENTS][LEAST_TERMS];
};

/* b, a and a' as multiples of s, and 1/s: in these the likelihood has one maximum (Olsen 1978). */
struct linear {
	double of[3], inverse;
};

struct job {
	const struct ladder *ladder;
	const struct span *span;
	int part;
	struct span_place place;
	struct linear linear;
	double unit, cut; /* of weights: rms of those that are not cut off; how many are */
	size_t axes, terms,
	    scaled;       /* coordinates; unknowns; those before the coordinates: 2 or 3 */
	bool fixed[AXES]; /* coordinates that are held */
	struct volume volume[AXES]; /* M at the place, then a step along each axis but kappa */
	double step[AXES];          /* that one, with its sign */
	float *value;               /* (pairs, volumes, taps): M and its derivatives but by kappa */
	struct couple *couple;      /* (couples) */
};

static size_t volumes(const struct job *job)
{
	return 1 + job->span->axes;
}

/* ---- M and its derivatives at taps ---- */

static int values_couple(size_t q, size_t worker, void *argument)
{
	(void)worker;
	const struct job *job = argument;
	const struct ladder *c = job->ladder;
	const struct span *span = job->span;
	size_t taps = c->set->taps;
	struct volume_place place;
	int status = volume_place_create(&place, taps, span->angles, span->size);
	for (size_t p = 2 * q; status == 0 && p < 2 * q + 2; p++) {
		double dtheta = ladder_dtheta(c, p),
		       factor = ladder_factor(c, p, span_kappa(span, &job->place));
		float *m = job->value + p * volumes(job) * taps;
		volume_place_pair(&place, c->tap + p * taps, dtheta, span->model == M2);
		for (size_t v = 0; v < volumes(job); v++) {
			float *to = m + v * taps;
			volume_values(&place, job->volume[v].k, to, 1);
			for (size_t t = 0; t < taps; t++) {
				to[t] *= (float)factor;
				if (v)
					to[t] = (to[t] - m[t]) / (float)job->step[v - 1];
			}
		}
	}
	volume_place_free(&place);
	return status;
}

static void free_volumes(struct job *job)
{
	for (size_t a = 0; a < AXES; a++)
		volume_free(&job->volume[a]);
}

static int evaluate(struct job *job)
{
	const struct span *span = job->span;
	for (size_t v = 0; v < volumes(job); v++) {
		double at[AXES];
		memcpy(at, job->place.at, sizeof at);
		if (v) {
			const struct span_axis *axis = &span->axis[v - 1];
			job->step[v - 1] =
			    at[v - 1] + DIFFERENCE > axis->high ? -DIFFERENCE : DIFFERENCE;
			at[v - 1] += job->step[v - 1];
		}
		volume_free(&job->volume[v]);
		if (volume_create(&job->volume[v], span->model, job->place.kind, at, span->reach,
			job->ladder->plan->threads) < 0)
			return -1;
		volume_spline(&job->volume[v]);
	}
	return par_for(job->ladder->couples, job->ladder->plan->threads, values_couple, job);
}

/* ---- the likelihood ---- */

/* Is it known of the latent weight only that it is below 0? */
static bool is_cut(const struct job *job, double weight)
{
	return job->part != LATERAL_SIGNED && !(weight > 0);
}

static int add_couple(size_t q, size_t worker, void *argument)
{
	(void)worker;
	const struct job *job = argument;
	const struct ladder *c = job->ladder;
	const struct span *span = job->span;
	const double *of = job->linear.of;
	size_t taps = c->set->taps, last = job->terms - 1;
	struct couple *to = &job->couple[q];
	*to = (struct couple){.m.terms = job->terms};
	for (size_t p = 2 * q; p < 2 * q + 2; p++) {
		const struct ladder_tap *tap = c->tap + p * taps;
		const double *w = ladder_weights(c, p);
		const float *value = job->value + p * volumes(job) * taps;
		double bend = (cos(2 * ladder_dtheta(c, p)) - 1) *
			      (span_kappa(span, &job->place) + SPAN_KAPPA0);
		for (size_t t = 0; t < taps; t++) {
			double y[LADDER_PARTS], x[LEAST_TERMS] = {1}, m = (double)value[t],
						scale = of[1];
			ladder_parts(w[t], y);
			double target = y[job->part] / job->unit;
			x[1] = m;
			if (job->scaled > 2) {
				x[2] = m * tap[t].cosine;
				scale += of[2] * tap[t].cosine;
			}
			for (size_t a = 0, i = job->scaled; a < job->axes; a++)
				if (!job->fixed[a])
					x[i++] =
					    scale * (a == span->axes
							    ? m * bend
							    : (double)value[(a + 1) * taps + t]);
			double mean = of[0];
			for (size_t i = 1; i < job->scaled; i++)
				mean += of[i] * x[i];
			bool cut = is_cut(job, target);
			struct censored tapped = censored(mean, job->linear.inverse * target, cut);
			to->value += tapped.value;
			for (size_t k = 0; k < CENSORED_MOMENTS; k++)
				to->moment[k] += tapped.moment[k];
			if (!cut) {
				to->value += log(job->linear.inverse);
				x[last] = -target;
				to->m.g[last][last] +=
				    1 / (job->linear.inverse * job->linear.inverse);
			}
			for (size_t i = 0; i < job->terms; i++) {
				double slope = x[i] * tapped.score +
					       (i == last && !cut ? 1 / job->linear.inverse : 0);
				to->m.b[i] += slope;
				for (size_t k = 0; k < CENSORED_MOMENTS; k++)
					to->cross[k][i] += tapped.moment[k] * slope;
				for (size_t j = 0; j <= i; j++)
					to->m.g[i][j] += tapped.weight * x[i] * x[j];
			}
		}
	}
	for (size_t i = 0; i < job->terms; i++)
		for (size_t j = 0; j < i; j++)
			to->m.g[j][i] = to->m.g[i][j];
	return 0;
}

/* Sums of all couples with the coordinates in fixed held; the log-likelihood. */
static int gather(struct job *job, struct least *all, double *value)
{
	const struct ladder *c = job->ladder;
	job->terms = job->scaled + 1;
	for (size_t a = 0; a < job->axes; a++)
		job->terms += !job->fixed[a];
	if (par_for(c->couples, c->plan->threads, add_couple, job) < 0)
		return -1;
	*all = (struct least){.terms = job->terms};
	*value = 0;
	for (size_t q = 0; q < c->couples; q++) {
		least_add(all, &job->couple[q].m);
		*value += job->couple[q].value;
	}
	return 0;
}

static void move_linear(struct job *job, const double *step)
{
	for (size_t i = 0; i < job->scaled; i++)
		job->linear.of[i] += step[i];
	job->linear.inverse =
	    fmax(job->linear.inverse + step[job->terms - 1], job->linear.inverse / 2);
}

/* b, a, (a') and s at the place by Newton's steps, shortened where the likelihood falls; the sums there. */
static int settle(struct job *job, struct least *all, double *value)
{
	struct linear before = job->linear;
	double step[LEAST_TERMS] = {0}, reached = -INFINITY;
	double enough = SETTLED * (double)(job->ladder->pairs * job->ladder->set->taps);
	for (int round = 0; round < 60; round++) {
		if (gather(job, all, value) < 0)
			return -1;
		if (!(*value >= reached)) {
			job->linear = before;
			for (size_t i = 0; i < job->terms; i++)
				step[i] /= 4;
		} else {
			struct least m = *all;
			if (*value - reached < enough)
				break;
			reached = *value;
			before = job->linear;
			for (size_t i = job->scaled; i + 1 < m.terms; i++)
				for (size_t j = 0; j < m.terms; j++)
					m.g[i][j] = m.g[j][i] = m.b[i] = 0;
			least_solve(&m, step);
		}
		move_linear(job, step);
	}
	return 0;
}

/* The largest step within the box; coordinates that would leave it are held at its end and the others solved for again. */
static void step_within(
    const struct job *job, const struct least *all, bool fixed[AXES], double *step)
{
	const struct span *span = job->span;
	for (size_t a = 0; a < job->axes; a++)
		fixed[a] = false;
	for (bool again = true; again;) {
		struct least m = *all;
		double x[LEAST_TERMS];
		again = false;
		for (size_t a = 0; a < job->axes; a++)
			if (fixed[a]) { /* its derivative's share is known */
				size_t i = job->scaled + a;
				for (size_t j = 0; j < m.terms; j++)
					m.b[j] -= step[a] * all->g[j][i];
				for (size_t j = 0; j < m.terms; j++)
					m.g[i][j] = m.g[j][i] = 0;
			}
		least_solve(&m, x);
		for (size_t a = 0; a < job->axes && !again; a++) {
			double to = job->place.at[a] + x[job->scaled + a];
			if (fixed[a])
				continue;
			step[a] = x[job->scaled + a];
			if (to <= span->axis[a].low || to >= span->axis[a].high) {
				fixed[a] = again = true;
				step[a] = (to <= span->axis[a].low ? span->axis[a].low
								   : span->axis[a].high) -
					  job->place.at[a];
			}
		}
	}
}

/* Gauss and Newton; steps that make the likelihood smaller are halved. At the end all values are those of the place. */
static int search(struct job *job)
{
	struct span_place best = job->place;
	struct linear linear = job->linear;
	double before = -INFINITY, value, step[AXES] = {0};
	struct least all;
	for (int round = 0; round < ROUNDS; round++) {
		double large = 0;
		memset(job->fixed, 0, sizeof job->fixed);
		if (evaluate(job) < 0 || settle(job, &all, &value) < 0)
			return -1;
		if (!(value >= before)) {
			job->linear = linear;
			for (size_t a = 0; a < job->axes; a++) {
				step[a] /= 2;
				job->place.at[a] = best.at[a] + step[a];
				large = fmax(large, fabs(step[a]));
			}
			if (large > NEAR / 4)
				continue;
			job->place = best;
			break;
		}
		before = value;
		best = job->place;
		linear = job->linear;
		step_within(job, &all, job->fixed, step);
		for (size_t a = 0; a < job->axes; a++)
			large = fmax(large, fabs(step[a]));
		double share = large > .5 ? .5 / large : 1;
		for (size_t a = 0; a < job->axes; a++) {
			step[a] *= share;
			job->place.at[a] += step[a];
		}
		if (large < NEAR)
			break;
	}
	return evaluate(job);
}

/* Weights' unit, how many are cut off, and least squares of the shape that was found, as though nothing were. */
static void start_linear(struct job *job, const struct ladder_choice *start)
{
	const struct ladder *c = job->ladder;
	double n = 0, sum = 0, squares = 0;
	for (size_t p = 0; p < c->pairs; p++)
		for (size_t t = 0; t < c->set->taps; t++) {
			double y[LADDER_PARTS];
			ladder_parts(ladder_weights(c, p)[t], y);
			n++;
			sum += y[job->part];
			squares += y[job->part] * y[job->part];
			job->cut += is_cut(job, y[job->part]);
		}
	double left = fmax(1 - start->r * start->r, 1e-8);
	double s = sqrt(left * (squares - sum * sum / n) / n);
	job->unit = sqrt(squares / (n - job->cut));
	/* the latent weights are signed ones */
	job->scaled = job->part == LATERAL_SIGNED || job->cut > 0 ? 3 : 2;
	for (size_t i = 0; i < job->scaled; i++)
		job->linear.of[i] =
		    i < 2 || job->part == LATERAL_SIGNED ? start->coefficient[i] / s : 0;
	job->linear.inverse = job->unit / s;
}

/* Where something is cut off, least squares may have led far away: the place of the signed weights may be the more likely one. */
static int choose_start(struct job *job, const struct ladder_choice *other)
{
	struct least all;
	struct span_place own = job->place;
	struct linear linear = job->linear;
	double value[2];
	if (!(job->cut > 0 && other->r > -1))
		return 0;
	if (evaluate(job) < 0 || settle(job, &all, &value[0]) < 0)
		return -1;
	job->place = other->place;
	if (evaluate(job) < 0 || settle(job, &all, &value[1]) < 0)
		return -1;
	if (value[0] >= value[1]) {
		job->place = own;
		job->linear = linear;
	}
	return 0;
}

/* Is the noise behind what is cut off not normal, by its skewness or kurtosis? Moments less what the fit took of them (Newey
 * 1985), against their variance for other filters. psi (couples) is scratch. */
static bool not_normal(const struct job *job, const struct least *all, double *psi)
{
	const struct ladder *c = job->ladder;
	for (size_t k = 0; k < CENSORED_MOMENTS; k++) {
		struct least m = *all;
		double influence[LEAST_TERMS] = {0}, sum = 0;
		memset(m.b, 0, sizeof m.b);
		for (size_t q = 0; q < c->couples; q++)
			for (size_t i = 0; i < job->terms; i++)
				m.b[i] += job->couple[q].cross[k][i];
		least_solve(&m, influence);
		for (size_t q = 0; q < c->couples; q++) {
			const struct couple *own = &job->couple[q];
			psi[q] = own->moment[k];
			sum += own->moment[k];
			for (size_t i = 0; i < job->terms; i++)
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
static void interval(const struct job *job, const struct least *all, size_t parameter,
    const struct span_parameter *named, double *psi, struct optimum *out)
{
	const struct ladder *c = job->ladder;
	const struct span *span = job->span;
	double influence[LEAST_TERMS] = {0}, value = 0, low = 0, high = 0;
	struct least m = *all;
	memset(m.b, 0, sizeof m.b);
	*out = (struct optimum){.name = named->name, .low = NAN, .high = NAN};
	for (size_t a = 0, i = job->scaled; a < job->axes; a++) {
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
	least_solve(&m, influence);
	for (size_t q = 0; q < c->couples; q++) {
		const struct least *own = &job->couple[q].m;
		psi[q] = 0;
		for (size_t i = 0; i < job->terms; i++)
			psi[q] += influence[i] * own->b[i];
	}
	double half = student_quantile(.025, (double)c->set->n - 1) *
		      sqrt(resample_influence(psi, c->set->n));
	out->low = span_parameter_value(span, parameter, fmax(value - half, low));
	out->high = span_parameter_value(span, parameter, fmin(value + half, high));
}

int optimum_find(const struct ladder *c, enum ladder_model model, int part,
    const struct ladder_choice found[LADDER_PARTS], struct optimum_fit *out)
{
	const struct span *span = c->span[model];
	const struct ladder_choice *start = &found[part];
	struct span_parameter named[AXES];
	struct job job = {.ladder = c,
	    .span = span,
	    .part = part,
	    .place = start->place,
	    .axes = span->axes + span->tuned};
	struct least all;
	double likelihood;
	*out = (struct optimum_fit){.parameters = span_parameters(span, named)};
	for (size_t k = 0; k < out->parameters; k++)
		out->of[k] =
		    (struct optimum){.name = named[k].name, .value = NAN, .low = NAN, .high = NAN};
	if (!(start->r > -1))
		return 0;
	start_linear(&job, start);
	job.couple = mem_alloc(c->couples, sizeof *job.couple);
	job.value = mem_alloc(c->pairs * volumes(&job) * c->set->taps, sizeof *job.value);
	double *psi = mem_alloc(c->couples, sizeof *psi);
	int status =
	    job.couple && job.value && psi ? choose_start(&job, &found[LATERAL_SIGNED]) : -1;
	if (status == 0)
		status = search(&job);
	for (size_t a = 0; a < job.axes; a++)
		job.fixed[a] = job.place.at[a] < span->axis[a].low + 1e-9 ||
			       job.place.at[a] > span->axis[a].high - 1e-9;
	if (status == 0)
		status = settle(&job, &all, &likelihood);
	for (size_t k = 0; status == 0 && k < out->parameters; k++)
		interval(&job, &all, k, &named[k], psi, &out->of[k]);
	out->inverted = job.linear.of[1] < 0;
	out->rectified = status == 0 && job.cut > 0 && not_normal(&job, &all, psi);
	free_volumes(&job);
	free(job.couple);
	free(job.value);
	free(psi);
	return status;
}
