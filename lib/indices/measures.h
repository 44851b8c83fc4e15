/* All of lateral-stats for one kernel, what overlapping filters give, and what is beyond it. */
#ifndef LATERAL_MEASURES_H
#define LATERAL_MEASURES_H

#include <stdbool.h>
#include "indices/indices.h"
#include "kernel/spline.h"

enum { MEASURES_K, MEASURES_C1, MEASURES_C2, MEASURES_C3, MEASURES_BEYOND, MEASURES_KERNELS };

struct measures {
	const struct units *set;
	const struct lateral_plan *plan;
	/* for the table; (n, n, taps), NULL for a kernel that is not there */
	char *name[MEASURES_KERNELS];
	double *weight[MEASURES_KERNELS];
	bool empty[MEASURES_KERNELS][2]; /* no weight of that sign, positive and negative */
	const double *confound[3];       /* C1 to C3 that are there */
	size_t confounds;
	struct spline smooth;  /* of them, for every fit */
	double *half[2];       /* (n, n, taps): beyond C by fits to either half of the pairs */
	struct residual *beyond; /* NULL: no K_beyond_C */
	struct covariates *covariates;
	struct report invariance;
};

/* Names after label, the set's own weights as MEASURES_K; weight[MEASURES_C1] to [MEASURES_C3] are the caller's to fill, then
 * measures_prepare. measures_free frees all but the set. 0 or -1. */
int measures_start(struct measures *all, const char *label, const struct units *set,
    const struct lateral_plan *plan) __attribute__((warn_unused_result));
void measures_free(struct measures *all);

/* K_beyond_C (not with fewer than 4 units) and what all kernels share; with `disc`, weights outside the disc become 0 first,
 * the set's own too. 0 or -1. */
int measures_prepare(struct measures *all, struct units *set, bool disc)
    __attribute__((warn_unused_result));

/* Every row of kernel k into report, its profiles into the table unless NULL; nothing for one that is not there. 0 or -1. */
int measures_kernel(struct measures *all, size_t k, struct report *report,
    struct table_out *profile) __attribute__((warn_unused_result));

/* What stands first: R_0 of K_beyond_C, signed, where it is there (the primary endpoint; it leaves its place), then rms_given, 1
 * or 0, which says whether rms made the gauge; its n is the number of units that take part. 0, or -1 without memory. */
int measures_head(const struct measures *all, bool rms_given, struct report *report)
    __attribute__((warn_unused_result));

#endif
