/* All of lateral-stats for one kernel, what overlapping filters give, and what is beyond it. */
#ifndef LATERAL_SURVEY_H
#define LATERAL_SURVEY_H

#include <stdbool.h>
#include "lateral/indices.h"

enum { SURVEY_K, SURVEY_C1, SURVEY_C2, SURVEY_C3, SURVEY_BEYOND, SURVEY_KERNELS };

struct survey {
	const struct lateral *set;
	const struct lateral_plan *plan;
	/* for the table; (n, n, taps), NULL for a kernel that is not there */
	char *name[SURVEY_KERNELS];
	double *weight[SURVEY_KERNELS];
	bool empty[SURVEY_KERNELS][2]; /* no weight of that sign, positive and negative */
	const double *confound[3];     /* C1 to C3 that are there */
	size_t confounds;
	struct covariates *covariates;
	struct report invariance;
};

/* Names after label, the set's own weights as SURVEY_K; weight[SURVEY_C1] to [SURVEY_C3] are the caller's to fill, then
 * survey_prepare. survey_free frees all but the set. 0 or -1. */
int survey_start(struct survey *survey, const char *label, const struct lateral *set,
    const struct lateral_plan *plan) __attribute__((warn_unused_result));
void survey_free(struct survey *survey);

/* K_beyond_C (not with fewer than 4 units) and what all kernels share; with `disc`, weights outside the disc become 0 first,
 * the set's own too. 0 or -1. */
int survey_prepare(struct survey *survey, struct lateral *set, bool disc)
    __attribute__((warn_unused_result));

/* Every row of kernel k into report, its profiles into the table unless NULL; nothing for one that is not there. 0 or -1. */
int survey_kernel(struct survey *survey, size_t k, struct report *report, struct table_out *profile)
    __attribute__((warn_unused_result));

#endif
