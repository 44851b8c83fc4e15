/* The comparison's rows. */
#include "models/compare.h"
#include <stdint.h>
#include <stdio.h>
#include "base/error.h"
#include "models/crossval.h"
#include "models/fields.h"
#include "models/parameters.h"
#include "models/power.h"

#define NONE SIZE_MAX

struct output {
	const struct compare_plan *plan;
	const struct design *design;
	struct crossval crossval;
	struct table_out *table;
};

struct row {
	size_t sign, set;
	const char *quantity; /* before the model's name */
	const char *model;    /* NULL: none */
	double value, low, high, chance, p, share;
	const char *verdict; /* NULL: none */
};

static void write_row(const struct output *o, const struct row *row)
{
	char name[64], range[16] = "";
	if (row->set == DESIGN_FAR)
		snprintf(range, sizeof range, "[%g,inf)", DESIGN_NEAR);
	snprintf(name, sizeof name, "%s%s%s", row->quantity, row->model ? row->model : "", range);
	table_text(o->table, o->plan->label);
	table_text(o->table, sign_names[row->sign]);
	table_text(o->table, name);
	const double numbers[] = {row->value, row->low, row->high, row->chance, row->p};
	for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
		table_real(o->table, numbers[k]);
	table_int(o->table, (long long)o->design->pairs);
	table_real(o->table, row->share);
	table_text(o->table, row->verdict);
}

static bool present(const struct output *o, size_t model)
{
	return models[model].role == MODEL_OVERLAP ? o->design->overlap > 0
						   : o->design->sums[model] != NULL;
}

/* r of the models by themselves with their ranking, and the ceiling. */
static void ranking(const struct output *o, size_t sign, size_t set)
{
	const struct crossval *x = &o->crossval;
	struct split_mean mean[MODELS_MOST],
	    ceiling = crossval_mean(x, crossval_slot(CROSSVAL_CEILING, sign, set), NONE);
	const char *verdict[MODELS_MOST] = {NULL};
	size_t best = NONE, worse = 0, known = 0;
	for (size_t m = 0; m < models_count; m++) {
		if (!present(o, m))
			continue;
		mean[m] = crossval_mean(x, crossval_slot(m, sign, set), NONE);
		known += isnan(mean[m].value) ? 0 : 1;
		if (!isnan(mean[m].value) && (best == NONE || mean[m].value > mean[best].value))
			best = m;
	}
	for (size_t m = 0; m < models_count; m++) {
		if (!present(o, m) || m == best || isnan(mean[m].value))
			continue;
		bool less =
		    crossval_mean(x, crossval_slot(best, sign, set), crossval_slot(m, sign, set))
			.low > 0;
		verdict[m] = less ? "worse" : "indistinguishable";
		worse += less ? 1 : 0;
	}
	if (best != NONE)
		verdict[best] = worse + 1 == known ? "best" : "indistinguishable";
	for (size_t m = 0; m < models_count; m++)
		if (present(o, m))
			write_row(o, &(struct row){sign, set, "r_", models[m].name, mean[m].value,
					 mean[m].low, mean[m].high, NAN, NAN,
					 ceiling.value > 0 ? mean[m].value / ceiling.value : NAN,
					 verdict[m]});
	write_row(o, &(struct row){sign, set, "ceiling", NULL, ceiling.value, ceiling.low,
			 ceiling.high, NAN, NAN, ceiling.value > 0 ? 1 : NAN, NULL});
}

/* ---- beside overlap ---- */

static size_t beside(size_t model, size_t set)
{
	return crossval_slot(CROSSVAL_BESIDE + model, SIGN_BOTH, set);
}

/* What a model of the group has to show: r gained on overlap alone, and leads over overlap with the best rival and with the co-axial
 * family. */
struct credit compare_credit(const struct crossval *x, size_t model, size_t set)
{
	struct credit credit = {.credited = true};
	for (size_t m = 0; m < models_count; m++) {
		bool overlap = models[m].role == MODEL_OVERLAP,
		     coaxial = models[m].role == MODEL_COAXIAL;
		if (overlap)
			credit.gain =
			    crossval_mean(x, beside(model, set), crossval_slot(m, SIGN_BOTH, set));
		if (coaxial)
			credit.over_coaxial = crossval_mean(x, beside(model, set), beside(m, set));
	}
	credit.lead =
	    crossval_mean(x, beside(model, set), crossval_slot(CROSSVAL_RIVAL, SIGN_BOTH, set));
	credit.credited = credit.gain.low > 0 && credit.lead.low > 0 &&
			  credit.over_coaxial.low > 0 &&
			  (set == DESIGN_ALL || compare_credit(x, model, DESIGN_ALL).credited);
	for (size_t m = 0; m < models_count; m++)
		if (models[m].role == MODEL_GROUP && m != model && !credit.better &&
		    crossval_mean(x, beside(m, set), beside(model, set)).low > 0)
			credit.better = models[m].name;
	return credit;
}

static void write_difference(const struct output *o, size_t set, const char *quantity,
    const char *model, const struct split_mean *x, const char *verdict)
{
	write_row(o, &(struct row){SIGN_BOTH, set, quantity, model, x->value, x->low, x->high, 0,
			 x->p, NAN, verdict});
}

/* Gains on overlap; of group models their leads and whether they are credited; which of two group models is better. */
static void nested(const struct output *o, size_t set)
{
	const struct crossval *x = &o->crossval;
	for (size_t m = 0; m < models_count; m++) {
		if (models[m].role == MODEL_OVERLAP || !present(o, m))
			continue;
		struct credit credit = compare_credit(x, m, set);
		bool known = !isnan(credit.lead.value);
		write_difference(o, set, "gain_", models[m].name, &credit.gain, NULL);
		if (models[m].role != MODEL_GROUP)
			continue;
		char worse[32];
		snprintf(worse, sizeof worse, "worse than %s", credit.better ? credit.better : "");
		write_difference(o, set, "lead_", models[m].name, &credit.lead,
		    !known             ? NULL
		    : !credit.credited ? "not credited"
		    : credit.better    ? worse
				       : "credited");
		write_difference(
		    o, set, "over_coaxial_", models[m].name, &credit.over_coaxial, NULL);
	}
	for (size_t m = 0; m < models_count; m++)
		for (size_t other = m + 1; other < models_count; other++) {
			char name[32];
			if (models[m].role != MODEL_GROUP || models[other].role != MODEL_GROUP)
				continue;
			struct split_mean lead =
			    crossval_mean(x, beside(m, set), beside(other, set));
			snprintf(name, sizeof name, "%s_over_", models[m].name);
			write_difference(o, set, name, models[other].name, &lead,
			    isnan(lead.value) ? NULL
			    : lead.low > 0    ? models[m].name
			    : lead.high < 0   ? models[other].name
					      : "indistinguishable");
		}
}

/* Of the group models that are not credited, the smallest effect that would have been. */
static int write_power(const struct output *o, enum design_set set)
{
	struct power_plan plan = {.plantings = o->plan->plantings, .seed = o->plan->seed};
	bool wanted[MODELS_MOST] = {false};
	double effect[MODELS_MOST];
	size_t count = 0;
	for (size_t m = 0; m < models_count; m++) {
		wanted[m] =
		    models[m].role == MODEL_GROUP && !compare_credit(&o->crossval, m, set).credited;
		effect[m] = NAN;
		count += wanted[m] ? 1 : 0;
	}
	if (count > 0 && plan.plantings > 0 &&
	    power_find(o->design, set, &plan, wanted, effect) < 0)
		return -1;
	for (size_t m = 0; m < models_count; m++)
		if (models[m].role == MODEL_GROUP)
			write_row(o, &(struct row){SIGN_BOTH, set, "power_", models[m].name,
					 isinf(effect[m]) ? NAN : effect[m], NAN, NAN, NAN, NAN,
					 NAN, isinf(effect[m]) ? "above 0.8" : NULL});
	return 0;
}

/* ---- parameters ---- */

static int write_parameters(const struct output *o, size_t model)
{
	for (size_t sign = 0; sign < CROSSVAL_SIGNS; sign++) {
		struct parameter found[2 * MODEL_COORDINATES];
		struct fit_task task = crossval_task(o->design, sign, DESIGN_ALL, false);
		int count = parameters_find(o->design, model, &task, found);
		if (count < 0)
			return -1;
		for (int k = 0; k < count; k++) {
			char name[32];
			snprintf(name, sizeof name, "%s_%s", found[k].name,
			    found[k].locked ? "locked_" : "");
			write_row(o, &(struct row){sign, DESIGN_ALL, name, models[model].name,
					 found[k].value, found[k].low, found[k].high, NAN, NAN, NAN,
					 found[k].edge ? "at the edge" : NULL});
		}
	}
	return 0;
}

struct design compare_design(const struct units *set, const struct compare_plan *plan)
{
	struct design d = {
	    .set = set, .edges = plan->edges, .bases = plan->bases, .threads = plan->threads};
	d.column[d.columns++] = (struct column){COLUMN_ONE, NULL};
	for (size_t k = 0; k < 3; k++)
		for (size_t form = COLUMN_VALUE; plan->c[k] && form <= COLUMN_SQUARE; form++)
			if (form != COLUMN_NEGATIVE)
				d.column[d.columns++] =
				    (struct column){(enum column_form)form, plan->c[k]};
	d.overlap = d.columns - 1;
	d.column[d.columns++] = (struct column){COLUMN_POSITIVE, set->weight};
	d.column[d.columns++] = (struct column){COLUMN_NEGATIVE, set->weight};
	d.column[d.columns++] = (struct column){COLUMN_VALUE, set->weight};
	return d;
}

int compare_models(
    const struct units *set, const struct compare_plan *plan, struct table_out *table)
{
	if (set->n < 8)
		return err_set("models: %zu usable filters, halves of them need 8", set->n);
	struct design design = compare_design(set, plan);
	struct output o = {.plan = plan, .design = &design, .table = table};
	struct crossval_plan halves = {
	    .splits = plan->splits, .seed = plan->seed, .alone = true, .ceiling = true};
	struct bases *own = NULL;
	int status = -1;
	if (!plan->bases)
		design.bases = own = bases_create(design_reach(set), plan->threads);
	if (!design.bases || design_create(&design) < 0 ||
	    crossval_run(&o.crossval, &design, &halves) < 0)
		goto out;
	for (size_t sign = 0; sign < CROSSVAL_SIGNS; sign++)
		for (size_t s = DESIGN_SETS; s-- > 0;)
			ranking(&o, sign, s);
	for (size_t s = DESIGN_SETS; design.overlap && s-- > 0;)
		nested(&o, s);
	status = 0;
	for (size_t s = DESIGN_SETS; status == 0 && design.overlap && s-- > 0;)
		status = write_power(&o, (enum design_set)s);
	for (size_t m = 0; status == 0 && m < models_count; m++)
		if (design.sums[m] && basis_coordinates(&design.bases->of[m]) > 0)
			status = write_parameters(&o, m);
	if (status == 0 && plan->fields)
		status = fields_write(&design, plan->fields);
out:
	crossval_free(&o.crossval);
	design_free(&design);
	bases_free(own);
	return status;
}
