/* All that lateral-stats measures of a kernel, and of what is beyond C in it. */
#ifndef INDICES_INDICES_H
#define INDICES_INDICES_H

#include "indices/resampling.h"
#include "kernel/spline.h"

enum { INDICES_K, INDICES_BEYOND, INDICES_KERNELS };

#define INDICES_COLUMNS ROW_COLUMNS " c1 c2 c3 remains"
#define INDICES_PROFILE_COLUMNS                                                                    \
	"kernel part dtheta_deg pairs mean low high chance chance_low chance_high fit"
#define INDICES_NEAR_COLUMNS                                                                       \
	"kernel against angle_deg pairs mean low high chance chance_low chance_high c1 c2 c3"

struct indices {
	const struct units *set;
	const struct resampling_plan *plan;
	char *name[INDICES_KERNELS];
	struct subject subject[INDICES_KERNELS]; /* signed */
	size_t kernels;                          /* 1: there is no K_beyond_C */
	const double *c[3];                   /* (n, n, taps) of C1 to C3, NULL where not given */
	double *beyond, *half[2], *predicted; /* (n, n, taps) */
	double *rest
	    [2]; /* (n, n, taps): what is beyond C in the positive and in the negative part of K */
	struct spline spline;
	struct residual *fit;
	struct indices_result *result;
	struct resampling invariance; /* of all kernels */
};

/* Name the kernels after label and take from K (set's weights) what C1 to C3 predict; with fewer than 4 units, or without
 * any C, K is measured alone. Everything given must outlive it. 0 or -1; free also after -1. */
int indices_start(struct indices *all, const char *label, const struct units *set,
    const struct resampling_plan *plan, double *const c[3]) __attribute__((warn_unused_result));
void indices_free(struct indices *all);

/* Measure one of the kernels; its profile (columns INDICES_PROFILE_COLUMNS) and its weights near Delta = 0
 * (INDICES_NEAR_COLUMNS) go into the tables unless they are NULL. 0 or -1. */
int indices_measure(struct indices *all, size_t kernel, struct table_out *profile,
    struct table_out *near) __attribute__((warn_unused_result));

/* Every row (INDICES_COLUMNS), the primary endpoint first: R_0 of K_beyond_C, signed. */
void indices_write(const struct indices *all, struct table_out *rows);

/* Whether a kernel has no weight of the sign. */
bool indices_empty(const struct indices *all, size_t kernel, enum sign sign);

#endif
