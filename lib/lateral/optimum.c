#include "lateral/optimum.h"
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/threads.h"
#include "stats/resample.h"
#include "stats/student.h"

#define AXES SPAN_AXES
#define DIFFERENCE .02 /* of a coordinate, for derivatives of volumes */
#define ROUNDS 12
#define NEAR 1e-3 /* of a coordinate: a step that ends the search */

/* What a couple adds: least squares on 1, M, (M cos dphase,) and the derivatives by the free coordinates; and of the
 * indicator z of no weight on 1, M. */
struct couple {
	struct least m;
	double z, mz, most; /* sum z, sum M z, max M */
};

struct job {
	const struct ladder *ladder;
	const struct span *span;
	int part;
	struct span_place place;
	const double *scale; /* a (and a') by which derivatives count */
	size_t axes, terms,
	    scaled;       /* coordinates; regressors; those before the derivatives: 2 or 3 */
	bool fixed[AXES]; /* coordinates that are held */
	struct volume volume[AXES]; /* M at the place, then a step along each axis but kappa */
	double step[AXES];          /* that one, with its sign */
	struct couple *couple;      /* (couples) */
};

static int add_couple(size_t q, size_t worker, void *argument)
{
	(void)worker;
	const struct job *job = argument;
	const struct ladder *c = job->ladder;
	const struct span *span = job->span;
	size_t taps = c->set->taps, volumes = 1 + span->axes;
	struct couple *to = &job->couple[q];
	struct volume_place place;
	float *value = mem_alloc(volumes * taps, sizeof *value);
	int status = volume_place_create(&place, taps, span->angles, span->size);
	*to = (struct couple){.m.terms = job->terms};
	if (!value)
		status = -1;
	for (size_t p = 2 * q; status == 0 && p < 2 * q + 2; p++) {
		const struct ladder_tap *tap = c->tap + p * taps;
		const double *w = ladder_weights(c, p);
		double dtheta = ladder_dtheta(c, p), kappa = span_kappa(span, &job->place),
		       factor = ladder_factor(c, p, kappa),
		       bend = (cos(2 * dtheta) - 1) * (kappa + SPAN_KAPPA0);
		volume_place_pair(&place, tap, dtheta, span->model == M2);
		for (size_t v = 0; v < volumes; v++)
			volume_values(&place, job->volume[v].k, value + v * taps, 1);
		for (size_t t = 0; t < taps; t++) {
			double y[LADDER_PARTS], x[LEAST_TERMS] = {1}, m = factor * (double)value[t],
						scale = job->scale[0];
			ladder_parts(w[t], y);
			x[1] = m;
			if (job->part == LATERAL_SIGNED) {
				x[2] = m * tap[t].cosine;
				scale += job->scale[1] * tap[t].cosine;
			}
			for (size_t a = 0, i = job->scaled; a < job->axes; a++) {
				if (job->fixed[a])
					continue;
				x[i++] = scale * (a == span->axes
							 ? m * bend
							 : factor *
							       ((double)value[(a + 1) * taps + t] -
								   (double)value[t]) /
							       job->step[a]);
			}
			double target = y[job->part];
			to->m.yy += target * target;
			for (size_t i = 0; i < job->terms; i++) {
				to->m.b[i] += x[i] * target;
				for (size_t j = 0; j <= i; j++)
					to->m.g[i][j] += x[i] * x[j];
			}
			bool none = !(target > 0 || target < 0);
			to->z += none;
			to->mz += none ? m : 0;
			to->most = fmax(to->most, m);
		}
	}
	for (size_t i = 0; i < job->terms; i++)
		for (size_t j = 0; j < i; j++)
			to->m.g[j][i] = to->m.g[i][j];
	volume_place_free(&place);
	free(value);
	return status;
}

static void free_volumes(struct job *job)
{
	for (size_t a = 0; a < AXES; a++)
		volume_free(&job->volume[a]);
}

static int make_volumes(struct job *job)
{
	const struct span *span = job->span;
	for (size_t v = 0; v <= span->axes; v++) {
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
	return 0;
}

/* Sums of all couples with the coordinates in fixed held. */
static int gather(struct job *job, struct least *all)
{
	const struct ladder *c = job->ladder;
	job->terms = job->scaled;
	for (size_t a = 0; a < job->axes; a++)
		job->terms += !job->fixed[a];
	if (par_for(c->couples, c->plan->threads, add_couple, job) < 0)
		return -1;
	*all = (struct least){.terms = job->terms};
	for (size_t q = 0; q < c->couples; q++)
		least_add(all, &job->couple[q].m);
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

/* 1, M (and M cos dphase) alone: how good the place is, and a (and a') */
static double score_of(const struct job *job, const struct least *all, double scale[2])
{
	struct least m = *all;
	double x[LEAST_TERMS];
	m.terms = job->scaled;
	least_solve(&m, x);
	scale[0] = x[1];
	scale[1] = job->scaled > 2 ? x[2] : 0;
	double r = least_score(&m, x).r;
	return r * r;
}

/* Gauss and Newton; steps that make r^2 smaller are halved. At the end the volumes and couples are those of the place. */
static int search(struct job *job, double scale[2])
{
	struct span_place best = job->place;
	double before = -1, step[AXES] = {0};
	struct least all;
	for (int round = 0; round < ROUNDS; round++) {
		memset(job->fixed, 0, sizeof job->fixed);
		if (make_volumes(job) < 0 || gather(job, &all) < 0)
			return -1;
		double found[2], value = score_of(job, &all, found), large = 0;
		if (value < before - 1e-9) {
			for (size_t a = 0; a < job->axes; a++) {
				step[a] /= 2;
				job->place.at[a] = best.at[a] + step[a];
				large = fmax(large, fabs(step[a]));
			}
			if (large > NEAR / 4)
				continue;
			job->place = best;
			return make_volumes(job);
		}
		bool again = fabs(found[0] - scale[0]) + fabs(found[1] - scale[1]) >
			     1e-3 * (fabs(found[0]) + fabs(found[1]));
		memcpy(scale, found, 2 * sizeof *scale);
		if (again && gather(job, &all) < 0) /* derivatives count by the new scale */
			return -1;
		before = value;
		best = job->place;
		step_within(job, &all, job->fixed, step);
		for (size_t a = 0; a < job->axes; a++)
			large = fmax(large, fabs(step[a]));
		double cut = large > .5 ? .5 / large : 1;
		for (size_t a = 0; a < job->axes; a++) {
			step[a] *= cut;
			job->place.at[a] += step[a];
		}
		if (large < NEAR)
			break;
	}
	return make_volumes(job);
}

/* Does the chance of no weight depend on the model? */
static bool is_rectified(const struct job *job, const struct least *all)
{
	const struct ladder *c = job->ladder;
	double z = 0, mz = 0, most = 0;
	for (size_t q = 0; q < c->couples; q++) {
		z += job->couple[q].z;
		mz += job->couple[q].mz;
		most = fmax(most, job->couple[q].most);
	}
	double n = all->g[0][0], m = all->g[0][1], mm = all->g[1][1];
	double slope = (mz - m * z / n) / (mm - m * m / n);
	return fabs(slope) * most > OPTIMUM_RECTIFIED;
}

/* The parameter's interval: psi (couples) is scratch. */
static void interval(const struct job *job, const struct least *all, size_t parameter,
    const struct span_parameter *named, double *psi, struct optimum *out)
{
	const struct ladder *c = job->ladder;
	const struct span *span = job->span;
	double x[LEAST_TERMS], influence[LEAST_TERMS] = {0}, value = 0, low = 0, high = 0;
	struct least m = *all;
	least_solve(&m, x);
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
		for (size_t i = 0; i < job->terms; i++) {
			double score = own->b[i];
			for (size_t j = 0; j < job->terms; j++)
				score -= own->g[i][j] * x[j];
			psi[q] += influence[i] * score;
		}
	}
	double half = student_quantile(.025, (double)c->set->n - 1) *
		      sqrt(resample_influence(psi, c->set->n));
	out->low = span_parameter_value(span, parameter, fmax(value - half, low));
	out->high = span_parameter_value(span, parameter, fmin(value + half, high));
}

int optimum_find(const struct ladder *c, enum ladder_model model, int part,
    const struct ladder_choice *start, struct optimum_fit *out)
{
	const struct span *span = c->span[model];
	struct span_parameter named[AXES];
	double scale[2] = {1, 0};
	struct job job = {.ladder = c,
	    .span = span,
	    .part = part,
	    .place = start->place,
	    .scale = scale,
	    .axes = span->axes + span->tuned,
	    .scaled = part == LATERAL_SIGNED ? 3 : 2};
	struct least all;
	*out = (struct optimum_fit){.parameters = span_parameters(span, named)};
	for (size_t k = 0; k < out->parameters; k++)
		out->of[k] =
		    (struct optimum){.name = named[k].name, .value = NAN, .low = NAN, .high = NAN};
	if (!(start->r > -1))
		return 0;
	job.couple = mem_alloc(c->couples, sizeof *job.couple);
	double *psi = mem_alloc(c->couples, sizeof *psi);
	int status = job.couple && psi ? search(&job, scale) : -1;
	for (size_t a = 0; a < job.axes; a++)
		job.fixed[a] = job.place.at[a] < span->axis[a].low + 1e-9 ||
			       job.place.at[a] > span->axis[a].high - 1e-9;
	if (status == 0)
		status = gather(&job, &all);
	if (status == 0) {
		score_of(&job, &all, scale);
		status = gather(&job, &all);
	}
	for (size_t k = 0; status == 0 && k < out->parameters; k++)
		interval(&job, &all, k, &named[k], psi, &out->of[k]);
	out->inverted = scale[0] < 0;
	out->rectified = status == 0 && is_rectified(&job, &all);
	free_volumes(&job);
	free(job.couple);
	free(psi);
	return status;
}
