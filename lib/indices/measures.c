#include "indices/measures.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "indices/cells.h"
#include "kernel/overlap.h"
#include "indices/mrqap.h"
#include "indices/invariance.h"

int measures_start(struct measures *all, const char *label, const struct units *set,
    const struct lateral_plan *plan)
{
	*all = (struct measures){.set = set, .plan = plan};
	all->weight[MEASURES_K] = set->weight;
	all->name[MEASURES_K] = mem_text("%s", label);
	all->name[MEASURES_C1] = mem_text("C1");
	all->name[MEASURES_C2] = mem_text("C2");
	all->name[MEASURES_C3] = mem_text("C3");
	all->name[MEASURES_BEYOND] = mem_text("%s_beyond_C", label);
	for (size_t k = 0; k < MEASURES_KERNELS; k++)
		if (!all->name[k])
			return -1;
	return 0;
}

void measures_free(struct measures *all)
{
	for (size_t k = 0; k < MEASURES_KERNELS; k++) {
		free(all->name[k]);
		if (k != MEASURES_K)
			free(all->weight[k]);
	}
	free(all->half[0]);
	free(all->half[1]);
	residual_free(all->beyond);
	covariates_free(all->covariates);
	report_free(&all->invariance);
}

/* what is beyond C by the fit to one half of the pairs: the errors of one fit are functions of C, alike for a pair and its
 * reverse, and would pass for reciprocity */
static int halve(struct measures *all, enum residual_pairs pairs)
{
	const struct units *set = all->set;
	double *half = mem_alloc(set->n * set->n * set->taps, sizeof(*half));
	struct residual *beyond = residual_create(
	    set, &all->smooth, all->confound, pairs, all->plan->seed, all->plan->threads);
	int status = half && beyond ? residual_of(beyond, all->weight[MEASURES_K], half) : -1;
	all->half[pairs == RESIDUAL_SECOND] = half;
	residual_free(beyond);
	return status;
}

int measures_prepare(struct measures *all, struct units *set, bool disc)
{
	double **w = all->weight;
	const struct lateral_plan *plan = all->plan;
	for (size_t k = MEASURES_K; k <= MEASURES_C3 && disc; k++)
		if (w[k])
			units_disc(set, w[k]);
	for (size_t k = MEASURES_C1; k <= MEASURES_C3; k++)
		if (w[k])
			all->confound[all->confounds++] = w[k];
	if (set->n >= 4 && all->confounds > 0) {
		if (spline_make(set, all->confound, all->confounds, &all->smooth))
			return -1;
		w[MEASURES_BEYOND] = mem_alloc(set->n * set->n * set->taps, sizeof(double));
		all->beyond = residual_create(
		    set, &all->smooth, all->confound, RESIDUAL_ALL, plan->seed, plan->threads);
		if (!w[MEASURES_BEYOND] || !all->beyond ||
		    residual_of(all->beyond, w[MEASURES_K], w[MEASURES_BEYOND]) ||
		    halve(all, RESIDUAL_FIRST) || halve(all, RESIDUAL_SECOND))
			return -1;
	}
	if (!(all->covariates = covariates_create(set, plan)))
		return -1;
	const char *name[] = {all->name[MEASURES_K], all->name[MEASURES_BEYOND]};
	const double *weight[] = {w[MEASURES_K], w[MEASURES_BEYOND]};
	return lateral_invariance(
	    set, w[MEASURES_BEYOND] ? 2 : 1, name, weight, plan, &all->invariance);
}

int measures_kernel(
    struct measures *all, size_t k, struct report *report, struct table_out *profile)
{
	const struct units *set = all->set;
	const struct lateral_plan *plan = all->plan;
	const double *w = all->weight[k];
	const char *name = all->name[k];
	struct lateral_bin bins[LATERAL_RANGES * LATERAL_BINS];
	bool own = k == MEASURES_K || k == MEASURES_BEYOND, none;
	if (!w)
		return 0;
	for (enum sign part = SIGN_POSITIVE; part < SIGN_BOTH; part++) {
		if (lateral_angular(set, name, w, part, plan, report, k != MEASURES_BEYOND,
			profile ? bins : NULL, &all->empty[k][part]) ||
		    covariates_rows(all->covariates, name, w, part, report))
			return -1;
		if (profile)
			lateral_bins_write(bins, name, part, plan, profile);
	}
	if (own &&
	    (lateral_angular(set, name, w, SIGN_BOTH, plan, report, false, NULL, &none) ||
		covariates_rows(all->covariates, name, w, SIGN_BOTH, report)))
		return -1;
	const double *halves[] = {all->half[0], all->half[1]};
	if (lateral_signed(set, name, w, own, k == MEASURES_BEYOND ? halves : NULL, plan, report))
		return -1;
	for (size_t row = 0; row < all->invariance.count; row++)
		if (all->invariance.row[row].kernel == name &&
		    report_add(report, all->invariance.row[row]))
			return -1;
	if (k == MEASURES_K) {
		const double *c[] = {
		    all->weight[MEASURES_C1], all->weight[MEASURES_C2], all->weight[MEASURES_C3]};
		return lateral_explained(
		    set, name, w, c, all->weight[MEASURES_BEYOND], all->beyond, plan, report);
	}
	if (k == MEASURES_BEYOND)
		return cells_rows(set, name, w, all->confound, all->confounds, plan, report);
	return 0;
}

int measures_head(const struct measures *all, bool rms_given, struct report *report)
{
	struct report_row gauge = {.kernel = all->name[MEASURES_K],
	    .part = SIGN_BOTH,
	    .quantity = "rms_given",
	    .value = rms_given,
	    .low = NAN,
	    .high = NAN,
	    .chance = NAN,
	    .p = NAN,
	    .n = all->set->n};
	size_t primary = 0;
	if (report_add(report, gauge))
		return -1;
	for (size_t at = 0; at < report->count; at++) {
		const struct report_row *row = &report->row[at];
		bool first = row->kernel == all->name[MEASURES_BEYOND] &&
			     row->part == SIGN_BOTH && !strcmp(row->quantity, "R_0") &&
			     !(row->to > 0);
		if (!first && at + 1 < report->count)
			continue;
		struct report_row moved = *row;
		memmove(&report->row[primary + 1], &report->row[primary],
		    (at - primary) * sizeof(*report->row));
		report->row[primary++] = moved;
	}
	return 0;
}
