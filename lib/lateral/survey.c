#include "lateral/survey.h"
#include <stdlib.h>
#include "base/memory.h"
#include "lateral/cells.h"
#include "lateral/confound.h"
#include "lateral/covariates.h"
#include "lateral/invariance.h"

int survey_start(struct survey *survey, const char *label, const struct lateral *set,
    const struct lateral_plan *plan)
{
	*survey = (struct survey){.set = set, .plan = plan};
	survey->weight[SURVEY_K] = set->weight;
	survey->name[SURVEY_K] = mem_text("%s", label);
	survey->name[SURVEY_C1] = mem_text("C1");
	survey->name[SURVEY_C2] = mem_text("C2");
	survey->name[SURVEY_C3] = mem_text("C3");
	survey->name[SURVEY_BEYOND] = mem_text("%s_beyond_C", label);
	for (size_t k = 0; k < SURVEY_KERNELS; k++)
		if (!survey->name[k])
			return -1;
	return 0;
}

void survey_free(struct survey *survey)
{
	for (size_t k = 0; k < SURVEY_KERNELS; k++) {
		free(survey->name[k]);
		if (k != SURVEY_K)
			free(survey->weight[k]);
	}
	covariates_free(survey->covariates);
	report_free(&survey->invariance);
}

int survey_prepare(struct survey *survey, struct lateral *set, bool disc)
{
	double **w = survey->weight;
	const struct lateral_plan *plan = survey->plan;
	for (size_t k = SURVEY_K; k <= SURVEY_C3 && disc; k++)
		if (w[k])
			lateral_disc(set, w[k]);
	for (size_t k = SURVEY_C1; k <= SURVEY_C3; k++)
		if (w[k])
			survey->confound[survey->confounds++] = w[k];
	if (set->n >= 4 && survey->confounds > 0) {
		w[SURVEY_BEYOND] = mem_alloc(set->n * set->n * set->taps, sizeof(double));
		if (!w[SURVEY_BEYOND] ||
		    lateral_beyond(set, w[SURVEY_K], survey->confound, survey->confounds,
			plan->seed, plan->threads, w[SURVEY_BEYOND]))
			return -1;
	}
	if (!(survey->covariates = covariates_create(set, plan)))
		return -1;
	const char *name[] = {survey->name[SURVEY_K], survey->name[SURVEY_BEYOND]};
	const double *weight[] = {w[SURVEY_K], w[SURVEY_BEYOND]};
	return lateral_invariance(
	    set, w[SURVEY_BEYOND] ? 2 : 1, name, weight, plan, &survey->invariance);
}

int survey_kernel(struct survey *survey, size_t k, struct report *report, struct table_out *profile)
{
	const struct lateral *set = survey->set;
	const struct lateral_plan *plan = survey->plan;
	const double *w = survey->weight[k];
	const char *name = survey->name[k];
	struct lateral_bin bins[LATERAL_RANGES * LATERAL_BINS];
	if (!w)
		return 0;
	for (enum lateral_part part = LATERAL_POSITIVE; part < LATERAL_SIGNED; part++) {
		if (lateral_angular(set, name, w, part, plan, report, profile ? bins : NULL,
			&survey->empty[k][part]) ||
		    covariates_rows(survey->covariates, name, w, part, report))
			return -1;
		if (profile)
			lateral_bins_write(bins, name, part, plan, profile);
	}
	if (lateral_signed(set, name, w, k == SURVEY_K || k == SURVEY_BEYOND, plan, report))
		return -1;
	for (size_t row = 0; row < survey->invariance.count; row++)
		if (survey->invariance.row[row].kernel == name &&
		    report_add(report, survey->invariance.row[row]))
			return -1;
	if (k == SURVEY_K) {
		const double *c[] = {survey->weight[SURVEY_C1], survey->weight[SURVEY_C2],
		    survey->weight[SURVEY_C3]};
		return lateral_explained(
		    set, name, w, c, survey->weight[SURVEY_BEYOND], plan, report);
	}
	if (k == SURVEY_BEYOND)
		return cells_rows(set, name, w, survey->confound, survey->confounds, plan, report);
	return 0;
}
