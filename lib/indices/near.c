/* Weights at short range. */
#include "indices/near.h"
#include <math.h>
#include <stdlib.h>
#include "base/memory.h"
#include "indices/labels.h"
#include "stats/regression.h"

/* a pair with a tap near Delta = 0 */
struct near_pair {
	size_t target, source;
	double weight;
	double end; /* 1, or -1 where the source is taken from its other end */
	double gap; /* relative phase at the tap less end phase_j - phase_i, rad */
};

struct near {
	const struct units *set;
	struct labels labels;
	struct near_pair *pair; /* (count) */
	size_t count;
};

size_t near_tap(const struct units *set, size_t p)
{
	double closest = NEAR_REACH;
	size_t found = set->taps;
	for (size_t t = 0; t < set->taps && p / set->n != p % set->n; t++) {
		double r = hypot(set->dx[t] + set->pair[p].x, set->dy[t] + set->pair[p].y);
		if (r < closest) {
			closest = r;
			found = t;
		}
	}
	return found;
}

static void tear_down(void *state)
{
	struct near *near = state;
	labels_free(&near->labels);
	free(near->pair);
}

static int set_up(void *state, const struct subject *subject)
{
	struct near *near = state;
	const struct units *set = subject->set;
	size_t n = set->n;
	near->set = set;
	near->pair = mem_alloc(n * n, sizeof *near->pair);
	if (labels_make(&near->labels, set) || !near->pair)
		return -1;
	for (size_t p = 0; p < n * n; p++) {
		size_t t = near_tap(set, p), i = p / n, j = p % n;
		if (t == set->taps)
			continue;
		double theta = set->unit[i].gabor.theta + set->pair[p].dtheta, dphase;
		units_overlap(set, p, t, &dphase);
		near->pair[near->count++] = (struct near_pair){.target = i,
		    .source = j,
		    .weight = resampling_part(subject->sign, subject->w[p * set->taps + t]),
		    .end = cos(theta - set->unit[j].gabor.theta) > 0 ? 1 : -1,
		    .gap = dphase - set->pair[p].phase};
	}
	return 0;
}

static void to_means(double *out)
{
	for (size_t b = 0; b < BINS; b++)
		out[BIN_MEAN + b] =
		    out[BIN_PAIRS + b] > 0 ? out[BIN_MEAN + b] / out[BIN_PAIRS + b] : NAN;
}

static int by_orientation(void *state, const struct arrangement *at, double *out)
{
	const struct near *near = state;
	const struct labels *labels = &near->labels;
	struct regression_sums sums = {0};
	for (size_t b = 0; b < BINS; b++)
		out[BIN_MEAN + b] = out[BIN_PAIRS + b] = 0;
	for (size_t q = 0; q < near->count; q++) {
		const struct near_pair *pair = &near->pair[q];
		size_t a = at->order ? at->order[pair->target] : pair->target,
		       b = at->order ? at->order[pair->source] : pair->source,
		       bin = labels->bin[a * labels->n + b];
		double f = at->factor ? at->factor[pair->target * labels->n + pair->source] : 1;
		double k = pair->weight,
		       c = labels->x[a] * labels->x[b] + labels->y[a] * labels->y[b];
		struct regression_sums one = {1, c, c * c, c * k, k, k * k};
		regression_sums_scaled(&sums, f, &one);
		out[BIN_MEAN + bin] += f * k;
		out[BIN_PAIRS + bin] += f;
	}
	out[PLACE(QUANTITY_SHORT_RANGE, 0)] = regression_r(&sums);
	to_means(out);
	return 0;
}

static int by_phase(void *state, const struct arrangement *at, double *out)
{
	const struct near *near = state;
	const struct units *set = near->set;
	for (size_t b = 0; b < BINS; b++)
		out[BIN_MEAN + b] = out[BIN_PAIRS + b] = 0;
	for (size_t q = 0; q < near->count; q++) {
		const struct near_pair *pair = &near->pair[q];
		size_t a = at->order ? at->order[pair->target] : pair->target,
		       b = at->order ? at->order[pair->source] : pair->source;
		double f = at->factor ? at->factor[pair->target * set->n + pair->source] : 1;
		double dphase = pair->end * set->unit[b].gabor.phase - set->unit[a].gabor.phase;
		size_t bin = labels_bin(dphase + pair->gap, 2 * M_PI);
		out[BIN_MEAN + bin] += f * pair->weight;
		out[BIN_PAIRS + bin] += f;
	}
	to_means(out);
	return 0;
}

const struct family near_family = {.stream = 0,
    .bins = true,
    .state = sizeof(struct near),
    .set_up = set_up,
    .tear_down = tear_down,
    .evaluate = by_orientation};
const struct family near_phase_family = {.stream = 1,
    .bins = true,
    .state = sizeof(struct near),
    .set_up = set_up,
    .tear_down = tear_down,
    .evaluate = by_phase};
