#include "models/models.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "models/descriptions.h"
#include "field/field.h"
#include "models/crossval.h"
#include "models/optimum.h"
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
	struct ladder_choice best[MODELS][LADDER_PARTS],
	    round[LADDER_PARTS]; /* of all pairs and taps */
};

/* v: value, low, high, chance, p */
static void row(struct output *o, int part, const char *quantity, size_t s, const double v[5],
    size_t n, double share, const char *verdict)
{
	char name[64];
	if (s == FAR)
		snprintf(name, sizeof name, "%s[%g,inf)", quantity, MODELS_NEAR);
	else
		snprintf(name, sizeof name, "%s", quantity);
	table_text(o->table, o->ladder->plan->label);
	table_text(o->table, sign_names[part]);
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
		if (!present[m])
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
		if (!present[m])
			continue;
		char name[32];
		snprintf(name, sizeof name, "%s%s", m < MODELS ? metric->name : metric->ceiling,
		    m < MODELS ? ladder_names[m] : "");
		bool shared = present[MODELS] && metric->sign > 0 && mean[MODELS].value > 0;
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
		    part != SIGN_BOTH && !(over_splits(o, &scale, m, NONE, part, s).value > 0);
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

static void parameters(
    struct output *o, enum ladder_model model, int part, const struct optimum_fit *fit)
{
	for (size_t k = 0; k < fit->parameters; k++) {
		const struct optimum *x = &fit->of[k];
		char name[64];
		bool cut = fit->rectified || x->edge;
		snprintf(name, sizeof name, "%s_%s", x->name, ladder_names[model]);
		row(o, part, name, ALL,
		    (double[]){x->value, cut ? NAN : x->low, cut ? NAN : x->high, NAN, NAN},
		    o->ladder->pairs, NAN,
		    isnan(x->value)                           ? NULL
		    : x->edge                                 ? "at the edge"
		    : fit->rectified                          ? "rectified"
		    : fit->inverted && part != SIGN_BOTH ? "inverted"
							      : NULL);
	}
}

static int all_parameters(struct output *o)
{
	for (enum ladder_model m = M0; m < MODELS; m++)
		for (int part = 0; part < LADDER_PARTS && (m <= M2 || m >= G1); part++) {
			struct optimum_fit fit;
			const struct ladder_choice *start = m == M0 ? o->round : o->best[m];
			if (optimum_find(o->ladder, m, part, start, &fit) < 0)
				return -1;
			parameters(o, m, part, &fit);
		}
	return 0;
}

/* The models fitted to all pairs, and of M0 the Gaussian alone. */
static int fit_all(struct output *o)
{
	struct ladder_choice best[LADDER_SETS][LADDER_PARTS];
	for (enum ladder_model m = M0; m < MODELS; m++) {
		if (!o->ladder->present[m] || m == M3)
			continue;
		if (ladder_fit_all(o->ladder, m, SIZE_MAX, best) < 0)
			return -1;
		memcpy(o->best[m], best[ALL], sizeof o->best[m]);
	}
	if (ladder_fit_all(o->ladder, M0, 1, best) < 0)
		return -1;
	memcpy(o->round, best[ALL], sizeof o->round);
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
		for (size_t k = 0; k < RINGS - (part != SIGN_BOTH); k++) {
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

struct prediction {
	const struct ladder *ladder;
	enum ladder_model model;
	const struct ladder_choice *choice;
	float combination[SPAN_TERMS]; /* of the model's functions */
	double kappa;
	double *w; /* (n, n, taps) */
};

static int predict_pair(size_t p, size_t worker, void *argument)
{
	(void)worker;
	const struct prediction *job = argument;
	const struct ladder *c = job->ladder;
	size_t taps = c->set->taps, functions = ladder_functions(c, job->model);
	struct volume_place place;
	float *value = mem_alloc(functions * taps, sizeof *value);
	int status = ladder_place(c, job->model, &place);
	if (status == 0 && value) {
		double factor = ladder_factor(c, p, job->kappa);
		double *to = job->w + units_index(c->set, c->target[p], c->source[p]) * taps;
		ladder_values(c, job->model, p, &place, value, 1, taps);
		for (size_t t = 0; t < taps; t++) {
			to[t] = job->choice->coefficient[0];
			for (size_t k = 0; k < functions; k++)
				to[t] += factor * (double)job->combination[k] *
					 (double)value[k * taps + t];
		}
	}
	volume_place_free(&place);
	free(value);
	return value ? status : -1;
}

/* The prediction b + a M of a model fitted to all pairs, as weights (n, n, taps) of which i = j are 0. */
static int predict(const struct output *o, enum ladder_model model, int part, double *w)
{
	const struct ladder *c = o->ladder;
	const struct span *span = c->span[model];
	struct ladder_choice choice = {.r = 0};
	struct prediction job = {.ladder = c, .model = model, .choice = &choice, .w = w};
	for (size_t i = 0; i < c->set->n * c->set->n * c->set->taps; i++)
		w[i] = 0;
	if (model == M3) {
		struct regression sum = {0};
		for (size_t q = 0; q < c->couples; q++)
			regression_add(
			    &sum, &c->gram[(q * LADDER_SETS + ALL) * LADDER_PARTS + (size_t)part]);
		regression_solve(&sum, choice.coefficient);
		for (size_t k = 0; k < ladder_functions(c, M3); k++)
			job.combination[k] = (float)choice.coefficient[k + 1];
	} else {
		choice = o->best[model][part];
		if (!(choice.r > -1))
			return 0;
		span_terms(span, &choice.place, job.combination);
		for (size_t k = 0; k < span->terms; k++)
			job.combination[k] *= (float)choice.coefficient[1];
		job.kappa = span_kappa(span, &choice.place);
	}
	return par_for(c->pairs, c->plan->threads, predict_pair, &job);
}

static int write_fields(const struct output *o, struct table_out *table)
{
	const struct ladder *c = o->ladder;
	const struct units *set = c->set;
	size_t n = set->n, radius = set->k > 1 ? set->k / 2 : 1;
	double *w = mem_alloc(n * n * set->taps, sizeof *w);
	struct field *field = mem_alloc(n + 1, sizeof *field);
	int status = w && field ? 0 : -1;
	for (int part = 0; part < 2; part++)
		for (enum ladder_model m = M0; status == 0 && m < MODELS; m++) {
			if (!c->present[m])
				continue;
			for (size_t i = 0; i <= n && status == 0; i++)
				status = field_create(&field[i], radius);
			if (status == 0)
				status = predict(o, m, part, w);
			if (status == 0)
				status = field_of_pairs(
				    set, w, SIGN_POSITIVE, c->plan->threads, field);
			if (status == 0)
				field_write(
				    &field[n], ladder_names[m], (enum sign)part, -1, table);
			for (size_t i = 0; i <= n; i++)
				field_free(&field[i]);
		}
	free(w);
	free(field);
	return status;
}

/* What the whole kernel has: descriptions, parameters, fields. */
static int of_all_pairs(struct output *o)
{
	struct table_out *fields = o->ladder->plan->fields;
	if (descriptions(o) < 0 || all_parameters(o) < 0)
		return -1;
	return fields ? write_fields(o, fields) : 0;
}

int models_compare(
    const struct units *set, const struct models_plan *plan, struct table_out *table)
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
	    (!plan->leads && fit_all(&o) < 0) || halves_score(&o.halves, &ladder) < 0)
		goto out;
	for (int part = 0; part < LADDER_PARTS; part++) {
		for (size_t s = LADDER_SETS; s-- > 0;) {
			ranking(&o, &r, part, s);
			cosines(&o, part, s);
		}
		if (part != SIGN_BOTH && !plan->leads) {
			ranking(&o, &kl, part, ALL);
			ranking(&o, &field, part, ALL);
		}
	}
	status = plan->leads ? 0 : of_all_pairs(&o);
out:
	halves_free(&o.halves);
	ladder_free(&ladder);
	free(o.x);
	free(o.psi);
	return status;
}
