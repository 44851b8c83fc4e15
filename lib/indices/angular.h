/*
 * Sums of a kernel's weights by direction and by difference of orientation, and what is made of them for the kernel, a
 * permutation or a bootstrap sample: shared by directions.c, which fills them, and profiles.c, which writes the bins.
 */
#ifndef LATERAL_ANGULAR_H
#define LATERAL_ANGULAR_H

#include "indices/labels.h"

/* sums over a pair's taps in image axes; [0]: all taps, then by range */
struct angular {
	double w[LATERAL_RANGES], ax[LATERAL_RANGES], ay[LATERAL_RANGES], bx[LATERAL_RANGES],
	    by[LATERAL_RANGES];
};

/* the statistics of one arrangement; those with ranges have LATERAL_RANGES numbers */
enum {
	ANGULAR_ISO,
	ANGULAR_HALF,
	ANGULAR_SHARE,
	ANGULAR_SLOPE,
	ANGULAR_R0,
	ANGULAR_R1 = ANGULAR_R0 + LATERAL_RANGES,
	ANGULAR_R2 = ANGULAR_R1 + LATERAL_RANGES,
	ANGULAR_COAXIAL = ANGULAR_R2 + LATERAL_RANGES,
	ANGULAR_CONCENTRATION = ANGULAR_COAXIAL + LATERAL_RANGES,
	ANGULAR_PROFILE =
	    ANGULAR_CONCENTRATION + LATERAL_RANGES, /* (LATERAL_RANGES, LATERAL_BINS) */
	ANGULAR_BIN_J =
	    ANGULAR_PROFILE + LATERAL_RANGES * LATERAL_BINS, /* (LATERAL_RANGES, LATERAL_BINS) */
	ANGULAR_STATISTICS = ANGULAR_BIN_J + LATERAL_RANGES * LATERAL_BINS
};

struct angular_job {
	const struct labels *labels;
	const struct angular *sums;
	const double *size; /* (n, n, R) of signed weights, else NULL */
	const struct slope_search *search;
	const struct lateral_plan *plan;
	double *sample; /* (count, ANGULAR_STATISTICS) */
	size_t count;
};

/* The bins (LATERAL_RANGES, LATERAL_BINS) of the job's kernel: value, permuted and boot as ANGULAR_STATISTICS numbers each.
 * 0, or -1 without memory. */
int profiles_fill(const struct angular_job *job, const double *value, const double *permuted,
    const double *boot, struct lateral_bin *bins) __attribute__((warn_unused_result));

#endif
