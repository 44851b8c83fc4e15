#include "lateral/models.h"
#include <stdio.h>
#include <stdlib.h>
#include "base/error.h"
#include "base/memory.h"
#include "lateral/descriptions.h"
#include "lateral/field.h"
#include "lateral/halves.h"
#include "lateral/optimum.h"
#include "stats/student.h"

#define FAR LADDER_FAR
#define ALL LADDER_ALL
#define NONE SIZE_MAX

struct output {
	const struct ladder *ladder;
	struct halves halves;
	struct table_out *table;
	double *x;   /* (splits) */
	double *psi; /* (n (n - 1)/2) */
};

/* v: value, low, high, chance, p */
static void row(struct output *o, int part, const char *quantity, size_t s, const double v[5],
    size_t n, double share, const char *verdict)
{
	char name[64];
	if (s == FAR)
		snprintf(name, sizeof name, "%s[%g,%g)", quantity, MODELS_NEAR,
		    ceil(o->ladder->reach + 1e-9));
	else
		snprintf(name, sizeof name, "%s", quantity);
	table_text(o->table, o->ladder->plan->label);
	table_text(o->table, lateral_part_names[part]);
	table_text(o->table, name);
	for (size_t k = 0; k < 5; k++)
		table_real(o->table, v[k]);
	table_int(o->table, (long long)n);
	table_real(o->table, share);
	table_text(o->table, verdict);
}

/* ---- held-out scores ---- */

struct metric {
	enum halves_metric metric;
	double sign; /* -1: smaller is better */
	const char *name, *ceiling, *lead;
};

/* Over splits; of the difference to another model where that is not NONE. */
static struct split_mean over_splits(
    const struct output *o, const struct metric *m, size_t model, size_t other, int part, size_t s)
{
	size_t splits = o->halves.splits;
	const double *a = halves_at(&o->halves, m->metric, model, (size_t)part, s);
	const double *b =
	    other == NONE ? NULL : halves_at(&o->halves, m->metric, other, (size_t)part, s);
	for (size_t k = 0; k < splits; k++)
		o->x[k] = a[k * HALVES_STRIDE] - (b ? b[k * HALVES_STRIDE] : 0);
	size_t n = o->ladder->set->n;
	return split_mean(splits, o->x,
	    halves_variance(&o->halves, m->metric, model, other, (size_t)part, s, o->psi),
	    (double)n - 1);
}

/* The difference of two models in the direction in which more is better. */
static struct split_mean lead_of(
    const struct output *o, const struct metric *m, size_t model, size_t other, int part, size_t s)
{
	return m->sign > 0 ? over_splits(o, m, model, other, part, s)
			   : over_splits(o, m, other, model, part, s);
}

static const struct metric scale = {HALVES_SIGN, 1, NULL, NULL, NULL};

/* The models' scores with their ranking, the ceiling, the group models' leads. */
static void ranking(struct output *o, const struct metric *metric, int part, size_t s)
{
	const bool *present = o->ladder->present;
	struct split_mean mean[MODELS + 1];
	const char *verdict[MODELS] = {NULL};
	size_t best = NONE, rung = NONE, worse = 0, models = 0;
	double chance = NAN;
	for (size_t m = 0; m <= MODELS; m++) {
		if (m < MODELS && !present[m])
			continue;
		mean[m] = over_splits(o, metric, m, NONE, part, s);
		double value = metric->sign * mean[m].value;
		if (m == MODELS || isnan(value))
			continue;
		models++;
		if (best == NONE || value > metric->sign * mean[best].value)
			best = m;
		if (m < G1 && (rung == NONE || value > metric->sign * mean[rung].value))
			rung = m;
	}
	for (size_t m = 0; m < MODELS; m++) {
		if (!present[m] || m == best || isnan(mean[m].value))
			continue;
		struct split_mean lead = lead_of(o, metric, best, m, part, s);
		verdict[m] = lead.low > 0 ? "worse" : "indistinguishable";
		worse += lead.low > 0;
	}
	if (best != NONE)
		verdict[best] = worse + 1 == models ? "best" : "indistinguishable";
	if (metric->metric == HALVES_KL) {
		for (size_t k = 0; k < o->halves.splits; k++)
			o->x[k] = o->halves.uniform[2 * k + (size_t)part];
		chance = split_mean(o->halves.splits, o->x, 0, 1).value;
	}
	for (size_t m = 0; m <= MODELS; m++) {
		if (m < MODELS && !present[m])
			continue;
		char name[32];
		snprintf(name, sizeof name, "%s%s", m < MODELS ? metric->name : metric->ceiling,
		    m < MODELS ? ladder_names[m] : "");
		bool shared = metric->sign > 0 && mean[MODELS].value > 0;
		row(o, part, name, s,
		    (double[]){mean[m].value, mean[m].low, mean[m].high, chance, NAN},
		    o->ladder->pairs, shared ? mean[m].value / mean[MODELS].value : NAN,
		    m < MODELS ? verdict[m] : NULL);
	}
	for (size_t m = G1; metric->lead && m <= G2; m++) {
		struct split_mean lead = {NAN, NAN, NAN, NAN};
		char name[32];
		if (rung != NONE)
			lead = lead_of(o, metric, m, rung, part, s);
		snprintf(name, sizeof name, "%s%s", metric->lead, ladder_names[m]);
		bool inverted =
		    part != LATERAL_SIGNED && !(over_splits(o, &scale, m, NONE, part, s).value > 0);
		row(o, part, name, s, (double[]){lead.value, lead.low, lead.high, 0, lead.p},
		    o->ladder->pairs, NAN,
		    isnan(lead.value) ? NULL
		    : lead.low > 0    ? (inverted ? "inverted" : "ahead")
		    : lead.high < 0   ? "behind"
				      : "indistinguishable");
	}
}

static void cosines(struct output *o, int part, size_t s)
{
	static const struct metric cosine = {HALVES_COSINE, 1, NULL, NULL, NULL};
	for (size_t m = 0; m < MODELS; m++) {
		if (!o->ladder->present[m])
			continue;
		struct split_mean mean = over_splits(o, &cosine, m, NONE, part, s);
		char name[32];
		snprintf(name, sizeof name, "cosine_%s", ladder_names[m]);
		row(o, part, name, s, (double[]){mean.value, mean.low, mean.high, NAN, NAN},
		    o->ladder->pairs, NAN, NULL);
	}
}

/* ---- parameters and descriptions ---- */

static int parameters(struct output *o, const struct ladder_family *f, int part)
{
	struct optimum found[LADDER_AXES];
	bool inverted;
	if (optimum_find(o->ladder, f, part, found, &inverted) < 0)
		return -1;
	for (size_t a = 0; a < f->axes; a++) {
		char name[64];
		snprintf(name, sizeof name, "%s_%s", f->parameter[a], ladder_names[f->model]);
		row(o, part, name, ALL,
		    (double[]){found[a].value, found[a].low, found[a].high, NAN, NAN},
		    o->ladder->pairs, NAN, inverted && part != LATERAL_SIGNED ? "inverted" : NULL);
	}
	return 0;
}

static int all_parameters(struct output *o)
{
	for (enum ladder_model m = M0; m < MODELS; m++)
		for (int part = 0; part < LADDER_PARTS && (m <= M2 || m >= G1); part++) {
			struct ladder_family fine = {0};
			int status = 0;
			if (m <= M2)
				status = ladder_refine(o->ladder, m, part, &fine);
			if (status == 0)
				status =
				    parameters(o, m <= M2 ? &fine : &o->ladder->family[m], part);
			ladder_family_free(&fine);
			if (status < 0)
				return -1;
		}
	return 0;
}

static int descriptions(struct output *o)
{
	static const char *const rings[] = {"ring_J0", "ring_J2", "ring_Jphase"};
	static const char *const arcs[] = {"arc", "line", "arc_lead"};
	struct described ring[LADDER_PARTS][RINGS], arc[2][ARCS];
	size_t pairs;
	if (describe_ring(o->ladder, ring, &pairs) < 0 || describe_arcs(o->ladder, arc) < 0)
		return -1;
	for (int part = 0; part < LADDER_PARTS; part++)
		for (size_t k = 0; k < RINGS - (part != LATERAL_SIGNED); k++) {
			const struct described *d = &ring[part][k];
			row(o, part, rings[k], ALL, (double[]){d->value, d->low, d->high, NAN, NAN},
			    pairs, NAN, NULL);
		}
	for (int part = 0; part < 2; part++)
		for (size_t k = 0; k < ARCS; k++) {
			const struct described *d = &arc[part][k];
			const char *verdict = NULL;
			if (k == ARC_LEAD && !isnan(d->low))
				verdict = d->low > 0    ? "arc"
					  : d->high < 0 ? "line"
							: "indistinguishable";
			row(o, part, arcs[k], ALL, (double[]){d->value, d->low, d->high, NAN, NAN},
			    o->ladder->pairs, NAN, verdict);
		}
	return 0;
}

/* ---- fields ---- */

/* The prediction b + a M of a model fitted to all pairs, as weights (n, n, taps) of which i = j are 0. */
static int predict(
    const struct ladder *c, enum ladder_model model, int part, float *value, double *w)
{
	const struct lateral *set = c->set;
	const struct ladder_family *f = &c->family[model];
	struct ladder_choice best[LADDER_SETS][LADDER_PARTS] = {0}, *choice = &best[ALL][part];
	size_t terms = model == M3 ? c->terms - 1 : 1, taps = set->taps;
	if (model == M3) {
		struct least sum = {0};
		for (size_t p = 0; p < c->pairs; p++)
			least_add(
			    &sum, &c->gram[(p * LADDER_SETS + ALL) * LADDER_PARTS + (size_t)part]);
		least_solve(&sum, choice->coefficient);
	} else if (ladder_choose_all(c, f, f->elements, best) < 0) {
		return -1;
	}
	for (size_t i = 0; i < set->n * set->n * taps; i++)
		w[i] = 0;
	for (size_t term = 0; term < terms && choice->r > -1; term++) {
		if (ladder_values(c, model, model == M3 ? term + 1 : choice->element, value) < 0)
			return -1;
		for (size_t p = 0; p < c->pairs; p++) {
			double a =
			    choice->coefficient[term + 1] * ladder_factor(f, p, choice->kappa);
			double *to = w + lateral_pair_index(set, c->target[p], c->source[p]) * taps;
			for (size_t t = 0; t < taps; t++)
				to[t] += a * (double)value[p * taps + t] +
					 (term ? 0 : choice->coefficient[0]);
		}
	}
	return 0;
}

static int write_fields(const struct ladder *c, struct table_out *table)
{
	const struct lateral *set = c->set;
	size_t n = set->n, radius = set->k > 1 ? set->k / 2 : 1;
	float *value = mem_alloc(c->pairs * set->taps, sizeof *value);
	double *w = mem_alloc(n * n * set->taps, sizeof *w);
	struct field *field = mem_alloc(n + 1, sizeof *field);
	int status = value && w && field ? 0 : -1;
	for (int part = 0; part < 2; part++)
		for (enum ladder_model m = M0; status == 0 && m < MODELS; m++) {
			if (!c->present[m])
				continue;
			for (size_t i = 0; i <= n && status == 0; i++)
				status = field_create(&field[i], radius);
			if (status == 0)
				status = predict(c, m, part, value, w);
			if (status == 0)
				status = field_of_pairs(
				    set, w, LATERAL_POSITIVE, c->plan->threads, field);
			if (status == 0)
				field_write(
				    &field[n], ladder_names[m], (enum lateral_part)part, -1, table);
			for (size_t i = 0; i <= n; i++)
				field_free(&field[i]);
		}
	free(value);
	free(w);
	free(field);
	return status;
}

double models_reach(const struct lateral *set)
{
	double reach = 0;
	for (size_t i = 0; i < set->n; i++)
		for (size_t j = 0; j < set->n; j++)
			for (size_t t = 0; t < set->taps && i != j; t++)
				reach = fmax(reach, lateral_tap(set, i, j, t).r);
	return reach;
}

int models_compare(
    const struct lateral *set, const struct models_plan *plan, struct table_out *table)
{
	static const struct metric r = {HALVES_R, 1, "r_", "ceiling", "lead_"},
				   kl = {HALVES_KL, -1, "KL_", "KL_ceiling", NULL},
				   field = {
				       HALVES_FIELD, 1, "field_", "field_ceiling", "lead_field_"};
	if (set->n < 8)
		return err_set("models: %zu usable filters, halves of them need 8", set->n);
	struct ladder ladder = {0};
	struct output o = {.ladder = &ladder, .table = table};
	int status = -1;
	o.x = mem_alloc(plan->splits, sizeof *o.x);
	o.psi = mem_alloc(set->n * (set->n - 1) / 2, sizeof *o.psi);
	if (!o.x || !o.psi || ladder_create(&ladder, set, plan) < 0 ||
	    halves_score(&o.halves, &ladder) < 0)
		goto out;
	for (int part = 0; part < LADDER_PARTS; part++) {
		for (size_t s = LADDER_SETS; s-- > 0;) {
			ranking(&o, &r, part, s);
			cosines(&o, part, s);
		}
		if (part != LATERAL_SIGNED) {
			ranking(&o, &kl, part, ALL);
			ranking(&o, &field, part, ALL);
		}
	}
	status = descriptions(&o);
	if (status == 0)
		status = all_parameters(&o);
	if (status == 0 && plan->fields)
		status = write_fields(&ladder, plan->fields);
out:
	halves_free(&o.halves);
	ladder_free(&ladder);
	free(o.x);
	free(o.psi);
	return status;
}
