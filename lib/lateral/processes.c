/* G1 and G2: the kernels of se2/kernel.h on a fine grid, interpolated at the taps. */
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/threads.h"
#include "lateral/ladder.h"
#include "se2/kernel.h"

#define PI LATERAL_PI
#define COARSE LADDER_COARSE
#define SHAPES ((size_t)(COARSE * COARSE))
#define ANGLES 36
#define STEP .5 /* px */

struct volume { /* (ANGLES, size, size) of S */
	size_t size;
	float *k;
};

static int volume_create(
    const struct ladder *c, enum ladder_model group, const double *shape, struct volume *v)
{
	double theta[ANGLES];
	se2_uniform(ANGLES, PI, theta);
	struct se2_aperture aperture = {sqrt(LADDER_APERTURE2), 5 * PI / 180, false};
	struct se2_model model = {.travel = SE2_GAMMA, .order = 1, .harmonics = 28};
	model.process = group == G1 ? SE2_DIRECTION : SE2_DIFFUSION;
	model.alpha = group == G1 ? exp(shape[0]) : 1;
	model.d11 = group == G1 ? 0 : exp(shape[0]);
	model.d = exp(shape[1]);
	size_t size = 2 * (size_t)ceil((c->reach + 2) / STEP) + 1;
	struct se2_grid grid = {.height = size,
	    .width = size,
	    .step = STEP,
	    .angles = ANGLES,
	    .theta = theta,
	    .undirected = true,
	    /* e^-5 of what leaves the taps' disc comes round the periodic grid */
	    .reach = c->reach + 5 * (group == G1 ? 1 / model.alpha : sqrt(model.d11))};
	*v = (struct volume){size, mem_alloc(ANGLES * size * size, sizeof *v->k)};
	return v->k ? se2_kernel(&model, &grid, &aperture, c->plan->threads, v->k) : -1;
}

/* Keys' cubic convolution weights for the points -1, 0, 1, 2 at 0 <= x < 1 */
static void keys(double x, double *w)
{
	w[0] = ((-.5 * x + 1) * x - .5) * x;
	w[1] = (1.5 * x - 2.5) * x * x + 1;
	w[2] = ((-1.5 * x + 2) * x + .5) * x;
	w[3] = (.5 * x - .5) * x * x;
}

/* Where a pair's taps fall in the volumes. */
struct place {
	size_t angle[4];
	double wt[4];
	struct {
		size_t corner;
		double wx[4], wy[4];
		bool inside;
	} * at;       /* (taps) */
	float *slice; /* (size, size) */
};

static int place_create(struct place *place, size_t taps, size_t size)
{
	place->at = mem_alloc(taps, sizeof *place->at);
	place->slice = mem_alloc(size * size, sizeof *place->slice);
	return place->at && place->slice ? 0 : -1;
}

static void place_free(struct place *place)
{
	free(place->at);
	free(place->slice);
}

static void place_pair(
    struct place *place, const struct ladder_tap *tap, size_t taps, double dtheta, size_t size)
{
	double at = dtheta * ANGLES / PI + ANGLES, below = floor(at), middle = (double)(size / 2);
	keys(at - below, place->wt);
	for (size_t k = 0; k < 4; k++)
		place->angle[k] = ((size_t)below + ANGLES + k - 1) % ANGLES;
	for (size_t t = 0; t < taps; t++) {
		double column = tap[t].along / STEP + middle, row = middle - tap[t].across / STEP;
		double c0 = floor(column), r0 = floor(row), edge = (double)size;
		place->at[t].inside = c0 >= 1 && r0 >= 1 && c0 + 2 < edge && r0 + 2 < edge;
		if (!place->at[t].inside)
			continue;
		place->at[t].corner = ((size_t)r0 - 1) * size + (size_t)c0 - 1;
		keys(column - c0, place->at[t].wx);
		keys(row - r0, place->at[t].wy);
	}
}

/* The volume between its angles, for the pair's dtheta. */
static void place_slice(struct place *place, const struct volume *v)
{
	size_t plane = v->size * v->size;
	const float *k0 = v->k + place->angle[0] * plane, *k1 = v->k + place->angle[1] * plane,
		    *k2 = v->k + place->angle[2] * plane, *k3 = v->k + place->angle[3] * plane;
	float w0 = (float)place->wt[0], w1 = (float)place->wt[1], w2 = (float)place->wt[2],
	      w3 = (float)place->wt[3], *slice = place->slice;
#pragma omp simd
	for (size_t q = 0; q < plane; q++)
		slice[q] = w0 * k0[q] + w1 * k1[q] + w2 * k2[q] + w3 * k3[q];
}

static double place_value(const struct place *place, size_t size, size_t t)
{
	double value = 0;
	for (size_t r = 0; place->at[t].inside && r < 4; r++) {
		const float *s = place->slice + place->at[t].corner + r * size;
		const double *wx = place->at[t].wx;
		value += place->at[t].wy[r] *
			 (wx[0] * s[0] + wx[1] * s[1] + wx[2] * s[2] + wx[3] * s[3]);
	}
	return value;
}

/* ---- sums ---- */

struct tabulation {
	struct ladder *ladder;
	enum ladder_model group;
	size_t from; /* the volumes' first element */
	struct volume volume[COARSE * COARSE];
};

static int tabulate_pair(size_t p, size_t worker, void *argument)
{
	(void)worker;
	struct tabulation *job = argument;
	struct ladder *c = job->ladder;
	struct ladder_family *f = &c->family[job->group];
	size_t taps = c->set->taps, size = job->volume[0].size;
	const struct ladder_tap *tap = c->tap + p * taps;
	const double *w = ladder_weights(c, p);
	struct place place;
	int status = place_create(&place, taps, size);
	if (status == 0)
		place_pair(&place, tap, taps, ladder_dtheta(c, p), size);
	for (size_t e = 0; status == 0 && e < SHAPES; e++) {
		struct ladder_cross *x = f->cross + (p * f->elements + job->from + e) * LADDER_SETS;
		place_slice(&place, &job->volume[e]);
		for (size_t t = 0; t < taps; t++) {
			double y[LADDER_PARTS];
			ladder_parts(w[t], y);
			ladder_cross_add(&x[ladder_bucket(&tap[t])], place_value(&place, size, t),
			    tap[t].cosine, y);
		}
		ladder_merge(x, 1);
	}
	place_free(&place);
	return status;
}

/* First 5 x 5 shapes in steps of 2 (in length) and 3, then 5 x 5 about the best in steps of these to the power 0.6. */
int processes_tabulate(struct ladder *c, enum ladder_model group)
{
	struct ladder_family *f = &c->family[group];
	double centre[2] = {group == G1 ? log(.354) : log(8), group == G1 ? log(.09) : log(.3)};
	double step[2] = {group == G1 ? log(2) : log(4), log(3)};
	struct ladder_cross *coarse = NULL;
	f->shape = mem_alloc(2 * SHAPES, sizeof *f->shape);
	if (!f->shape)
		return -1;
	for (size_t round = 0; round < 2; round++) {
		struct tabulation job = {.ladder = c, .group = group, .from = round * SHAPES};
		for (size_t e = 0; e < SHAPES; e++) {
			double *shape = f->shape[job.from + e];
			shape[0] = centre[0] + step[0] * ((double)(e / COARSE) - COARSE / 2);
			shape[1] = centre[1] + step[1] * ((double)(e % COARSE) - COARSE / 2);
		}
		f->elements = job.from + SHAPES;
		f->cross = mem_alloc(c->pairs * f->elements * LADDER_SETS, sizeof *f->cross);
		int status = f->cross ? 0 : -1;
		for (size_t p = 0; status == 0 && round && p < c->pairs; p++)
			memcpy(f->cross + p * f->elements * LADDER_SETS,
			    coarse + p * SHAPES * LADDER_SETS,
			    SHAPES * LADDER_SETS * sizeof *coarse);
		free(coarse);
		for (size_t e = 0; status == 0 && e < SHAPES; e++)
			status = volume_create(c, group, f->shape[job.from + e], &job.volume[e]);
		if (status == 0)
			status = par_for(c->pairs, c->plan->threads, tabulate_pair, &job);
		for (size_t e = 0; e < SHAPES; e++)
			free(job.volume[e].k);
		if (status < 0)
			return -1;
		if (round)
			break;
		struct ladder_choice best[LADDER_SETS][LADDER_PARTS], *top = best[LADDER_ALL];
		if (ladder_choose_all(c, f, f->elements, best) < 0)
			return -1;
		for (size_t part = 1; part < LADDER_PARTS; part++)
			if (best[LADDER_ALL][part].r > top->r)
				top = &best[LADDER_ALL][part];
		for (size_t axis = 0; axis < 2; axis++) {
			centre[axis] = f->shape[top->element][axis];
			step[axis] *= .6;
		}
		coarse = f->cross;
		f->cross = NULL;
	}
	f->first = SHAPES;
	f->axes = 2;
	f->size[0] = f->size[1] = COARSE;
	for (size_t k = 0; k < COARSE; k++) {
		f->value[0][k] = f->shape[SHAPES + k * COARSE][0];
		f->value[1][k] = f->shape[SHAPES + k][1];
	}
	f->parameter[0] = group == G1 ? "alpha" : "D11";
	f->parameter[1] = group == G1 ? "D" : "D22";
	return 0;
}

/* ---- values ---- */

struct evaluation {
	const struct ladder *ladder;
	struct volume volume;
	float *value;
};

static int evaluate_pair(size_t p, size_t worker, void *argument)
{
	(void)worker;
	const struct evaluation *job = argument;
	const struct ladder *c = job->ladder;
	size_t taps = c->set->taps;
	struct place place;
	int status = place_create(&place, taps, job->volume.size);
	if (status == 0) {
		place_pair(&place, c->tap + p * taps, taps, ladder_dtheta(c, p), job->volume.size);
		place_slice(&place, &job->volume);
		for (size_t t = 0; t < taps; t++)
			job->value[p * taps + t] = (float)place_value(&place, job->volume.size, t);
	}
	place_free(&place);
	return status;
}

int processes_values(const struct ladder *c, enum ladder_model group, size_t element, float *value)
{
	struct evaluation job = {.ladder = c, .value = value};
	int status = volume_create(c, group, c->family[group].shape[element], &job.volume);
	if (status == 0)
		status = par_for(c->pairs, c->plan->threads, evaluate_pair, &job);
	free(job.volume.k);
	return status;
}
