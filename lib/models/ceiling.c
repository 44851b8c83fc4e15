#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "models/crossval.h"
#include "kernel/invariant_fit.h"

#define PARTS ((size_t)LADDER_PARTS)

struct ceiling_scratch { /* of a thread */
	struct invariant *predictor;
	float *value;               /* (PARTS, taps): predictions of a pair */
	struct ceiling_pair *bound; /* (pairs): as out, of the sharp ones */
};

struct ceiling {
	struct invariant_data data; /* of all pairs of the ladder; w: a tap's parts */
	size_t threads;
	struct ceiling_scratch *scratch; /* (threads) */
};

struct ceiling *ceiling_create(const struct ladder *c, size_t threads)
{
	size_t taps = c->set->taps;
	struct ceiling *s = mem_alloc(1, sizeof *s);
	if (!s)
		return NULL;
	s->data = (struct invariant_data){.units = c->set->n,
	    .weights = PARTS,
	    .pairs = c->pairs,
	    .target = c->target,
	    .source = c->source};
	s->data.dtheta = mem_alloc(c->pairs, sizeof *s->data.dtheta);
	s->data.first = mem_alloc(c->pairs + 1, sizeof *s->data.first);
	s->data.tap = mem_alloc(c->pairs * taps, sizeof *s->data.tap);
	s->scratch = mem_alloc(threads, sizeof *s->scratch);
	s->threads = s->scratch ? threads : 0;
	bool made = s->data.dtheta && s->data.first && s->data.tap && s->scratch;
	for (size_t t = 0; t < s->threads; t++) {
		struct ceiling_scratch *x = &s->scratch[t];
		x->predictor = invariant_create(models_reach(c->set), PARTS, INVARIANT_FINE);
		x->value = mem_alloc(PARTS * taps, sizeof *x->value);
		x->bound = mem_alloc(c->pairs, sizeof *x->bound);
		made = made && x->predictor && x->value && x->bound;
	}
	if (!made) {
		ceiling_free(s);
		return NULL;
	}
	for (size_t p = 0; p < c->pairs; p++) {
		const double *w = ladder_weights(c, p);
		s->data.dtheta[p] = ladder_dtheta(c, p);
		s->data.first[p + 1] = (p + 1) * taps;
		for (size_t t = 0; t < taps; t++) {
			const struct ladder_tap *from = &c->tap[p * taps + t];
			double y[LADDER_PARTS];
			ladder_parts(w[t], y);
			struct invariant_tap *to = &s->data.tap[p * taps + t];
			*to = (struct invariant_tap){(float)from->along, (float)from->across,
			    (float)from->cosine, (float)from->sine, {0}};
			for (size_t part = 0; part < PARTS; part++)
				to->w[part] = (float)y[part];
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

/* the sums of the scores over a pair's taps, of predictions (PARTS, taps); with divergences, or without */
static void pair_sums(const struct ladder *c, size_t p, const float *value, bool divergence,
    struct ceiling_pair *pair)
{
	const double *w = ladder_weights(c, p);
	for (size_t t = 0; t < c->set->taps; t++) {
		double y[LADDER_PARTS];
		bool far = ladder_bucket(&c->tap[p * c->set->taps + t]) == LADDER_FAR;
		ladder_parts(w[t], y);
		for (size_t part = 0; part < PARTS; part++) {
			double q = (double)value[part * c->set->taps + t];
			sums_add(&pair->sums[LADDER_ALL][part], q, y[part]);
			if (far)
				sums_add(&pair->sums[LADDER_FAR][part], q, y[part]);
			if (divergence && part < SIGN_BOTH)
				halves_divergence_add(&pair->kl[part], y[part], q);
		}
	}
}

static struct regression_sums total(
    const struct ceiling_pair *pair, size_t pairs, size_t set, size_t part)
{
	struct regression_sums all = {0};
	for (size_t q = 0; q < pairs; q++)
		regression_sums_add(&all, &pair[q].sums[set][part]);
	return all;
}

/* whether the covariance of predictions and weights is three times its standard error, pairs taken as independent */
static bool steady(const struct ceiling_pair *pair, size_t pairs, size_t set, size_t part,
    const struct regression_sums *all)
{
	double p = all->p / all->n, y = all->y / all->n, sum = 0, squares = 0;
	for (size_t q = 0; q < pairs; q++) {
		const struct regression_sums *x = &pair[q].sums[set][part];
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
	for (size_t set = 0; set < LADDER_SETS; set++)
		for (size_t part = 0; part < PARTS; part++) {
			struct regression_sums mine = total(out, pairs, set, part);
			struct regression_sums sharp = total(s->bound, pairs, set, part);
			sharp.pp = sharp.py;
			double r = regression_sums_score(&mine).r, other = regression_sums_score(&sharp).r;
			if (!(other > r && other <= 1) ||
			    !(steady(s->bound, pairs, set, part, &sharp)))
				continue;
			for (size_t q = 0; q < pairs; q++) {
				struct regression_sums *x = &out[q].sums[set][part];
				*x = s->bound[q].sums[set][part];
				x->pp = x->py;
			}
		}
}

int ceiling_score(const struct ladder *c, const size_t *train, size_t trains, const size_t *test,
    size_t tests, const struct ceiling *ceiling, size_t worker, const double floor[2],
    struct ceiling_pair *out)
{
	const struct ceiling_scratch *s = &ceiling->scratch[worker];
	const struct invariant_data *data = &ceiling->data;
	size_t width[INVARIANT_WEIGHTS], taps = c->set->taps;
	if (invariant_learn(s->predictor, data, train, trains, width))
		return -1;
	memset(s->bound, 0, tests * sizeof *s->bound);
	for (size_t q = 0; q < tests; q++) {
		out[q] = (struct ceiling_pair){.kl = {{.floor = floor[0]}, {.floor = floor[1]}}};
		invariant_predict(s->predictor, data, test[q], taps, s->value);
		pair_sums(c, test[q], s->value, true, &out[q]);
	}
	if (invariant_sharpen(s->predictor, data, train, trains))
		return -1;
	for (size_t q = 0; q < tests; q++) {
		invariant_predict(s->predictor, data, test[q], taps, s->value);
		pair_sums(c, test[q], s->value, false, &s->bound[q]);
	}
	bound(s, tests, out);
	return 0;
}
