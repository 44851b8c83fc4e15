/* The prediction without a model that left-invariant models are bound by. */
#include "models/ceiling.h"
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "kernel/invariant_fit.h"

#define SIGNS CEILING_SIGNS

struct ceiling_scratch { /* of a thread */
	struct invariant *predictor;
	float *value;               /* (SIGNS, taps): predictions of a pair */
	struct ceiling_pair *bound; /* (pairs): as out, of the sharp ones */
};

struct ceiling {
	const struct design *design;
	struct invariant_data data; /* of all pairs of the design; w: a tap's weight by sign */
	size_t threads;
	struct ceiling_scratch *scratch; /* (threads) */
};

/* a weight by sign, in the order of enum sign */
static void signs_of(double weight, double y[SIGNS])
{
	y[SIGN_POSITIVE] = fmax(weight, 0);
	y[SIGN_NEGATIVE] = fmax(-weight, 0);
	y[SIGN_BOTH] = weight;
}

struct ceiling *ceiling_create(const struct design *d, size_t threads)
{
	size_t taps = d->set->taps;
	struct ceiling *s = mem_alloc(1, sizeof *s);
	if (!s)
		return NULL;
	s->design = d;
	s->data = (struct invariant_data){.units = d->set->n,
	    .weights = SIGNS,
	    .pairs = d->pairs,
	    .target = d->target,
	    .source = d->source};
	s->data.dtheta = mem_alloc(d->pairs, sizeof *s->data.dtheta);
	s->data.first = mem_alloc(d->pairs + 1, sizeof *s->data.first);
	s->data.tap = mem_alloc(d->pairs * taps, sizeof *s->data.tap);
	s->scratch = mem_alloc(threads, sizeof *s->scratch);
	s->threads = s->scratch ? threads : 0;
	bool made = s->data.dtheta && s->data.first && s->data.tap && s->scratch;
	for (size_t t = 0; t < s->threads; t++) {
		struct ceiling_scratch *x = &s->scratch[t];
		x->predictor = invariant_create(design_reach(d->set), SIGNS, INVARIANT_FINE);
		x->value = mem_alloc(SIGNS * taps, sizeof *x->value);
		x->bound = mem_alloc(d->pairs, sizeof *x->bound);
		made = made && x->predictor && x->value && x->bound;
	}
	if (!made) {
		ceiling_free(s);
		return NULL;
	}
	for (size_t p = 0; p < d->pairs; p++) {
		const double *w = units_weights(d->set, d->set->weight, d->target[p], d->source[p]);
		s->data.dtheta[p] = design_dtheta(d, p);
		s->data.first[p + 1] = (p + 1) * taps;
		for (size_t t = 0; t < taps; t++) {
			const struct tap *from = &d->tap[p * taps + t];
			double y[SIGNS];
			signs_of(w[t], y);
			struct invariant_tap *to = &s->data.tap[p * taps + t];
			*to = (struct invariant_tap){(float)from->along, (float)from->across,
			    (float)from->cosine, (float)from->sine, {0}};
			for (size_t sign = 0; sign < SIGNS; sign++)
				to->w[sign] = (float)y[sign];
		}
	}
	return s;
}

void ceiling_free(struct ceiling *s)
{
	if (!s)
		return;
	for (size_t t = 0; t < s->threads; t++) {
		invariant_free(s->scratch[t].predictor);
		free(s->scratch[t].value);
		free(s->scratch[t].bound);
	}
	free(s->scratch);
	free(s->data.dtheta);
	free(s->data.first);
	free(s->data.tap);
	free(s);
}

static void sums_add(struct regression_sums *s, double p, double y)
{
	s->n++;
	s->p += p;
	s->pp += p * p;
	s->py += p * y;
	s->y += y;
	s->yy += y * y;
}

/* the sums of the scores over a pair's taps, of predictions (SIGNS, taps) */
static void pair_sums(
    const struct design *d, size_t p, const float *value, struct ceiling_pair *pair)
{
	const double *w = units_weights(d->set, d->set->weight, d->target[p], d->source[p]);
	for (size_t t = 0; t < d->set->taps; t++) {
		double y[SIGNS];
		bool far = design_set_of(&d->tap[p * d->set->taps + t]) == DESIGN_FAR;
		signs_of(w[t], y);
		for (size_t sign = 0; sign < SIGNS; sign++) {
			double q = (double)value[sign * d->set->taps + t];
			sums_add(&pair->sums[DESIGN_ALL][sign], q, y[sign]);
			if (far)
				sums_add(&pair->sums[DESIGN_FAR][sign], q, y[sign]);
		}
	}
}

static struct regression_sums total(
    const struct ceiling_pair *pair, size_t pairs, size_t set, size_t sign)
{
	struct regression_sums all = {0};
	for (size_t q = 0; q < pairs; q++)
		regression_sums_add(&all, &pair[q].sums[set][sign]);
	return all;
}

/* whether the covariance of predictions and weights is three times its standard error, pairs taken as independent */
static bool steady(const struct ceiling_pair *pair, size_t pairs, size_t set, size_t sign,
    const struct regression_sums *all)
{
	double p = all->p / all->n, y = all->y / all->n, sum = 0, squares = 0;
	for (size_t q = 0; q < pairs; q++) {
		const struct regression_sums *x = &pair[q].sums[set][sign];
		double share = x->py - p * x->y - y * x->p + p * y * x->n;
		sum += share;
		squares += share * share;
	}
	return sum > 3 * sqrt(squares);
}

/*
 * r of a prediction p is less than that of the best left-invariant f, as p has noise: sum p^2 holds the noise's square. Without
 * it, it is sum p y, whose noise comes from other filters than y's. Put in its place, r becomes sqrt(cov(p, y) / var y), for which
 * bias matters and noise does not: so p is the sharp prediction. Both are bounds from below; the larger one stands. Where the
 * covariance is not clear of 0 its root would only be noise, without a sign.
 */
static void bound(const struct ceiling_scratch *s, size_t pairs, struct ceiling_pair *out)
{
	for (size_t set = 0; set < DESIGN_SETS; set++)
		for (size_t sign = 0; sign < SIGNS; sign++) {
			struct regression_sums mine = total(out, pairs, set, sign);
			struct regression_sums sharp = total(s->bound, pairs, set, sign);
			sharp.pp = sharp.py;
			double r = regression_sums_score(&mine),
			       other = regression_sums_score(&sharp);
			if (!(other > r && other <= 1) ||
			    !(steady(s->bound, pairs, set, sign, &sharp)))
				continue;
			for (size_t q = 0; q < pairs; q++) {
				struct regression_sums *x = &out[q].sums[set][sign];
				*x = s->bound[q].sums[set][sign];
				x->pp = x->py;
			}
		}
}

int ceiling_score(struct ceiling *ceiling, size_t worker, const size_t *train, size_t trains,
    const size_t *test, size_t tests, struct ceiling_pair *out)
{
	const struct ceiling_scratch *s = &ceiling->scratch[worker];
	const struct invariant_data *data = &ceiling->data;
	const struct design *d = ceiling->design;
	size_t width[INVARIANT_WEIGHTS];
	if (invariant_learn(s->predictor, data, train, trains, width))
		return -1;
	memset(s->bound, 0, tests * sizeof *s->bound);
	memset(out, 0, tests * sizeof *out);
	for (size_t q = 0; q < tests; q++) {
		invariant_predict(s->predictor, data, test[q], d->set->taps, s->value);
		pair_sums(d, test[q], s->value, &out[q]);
	}
	if (invariant_sharpen(s->predictor, data, train, trains))
		return -1;
	for (size_t q = 0; q < tests; q++) {
		invariant_predict(s->predictor, data, test[q], d->set->taps, s->value);
		pair_sums(d, test[q], s->value, &s->bound[q]);
	}
	bound(s, tests, out);
	return 0;
}
