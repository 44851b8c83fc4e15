/*
 * Indices of a lateral kernel (see lateral-stats(1) for every definition): tuning by orientation difference, direction
 * of connections in image and target frame, reciprocity, short range, phase; each with a bootstrap interval over
 * filters and chance from permutations of labels among filters.
 *
 * Orientations enter a tap only through e^{2i theta} of target and source, so what a permutation or a bootstrap sample
 * needs of a pair are sums over its taps in image axes: with the direction alpha of Delta,
 *
 *	W = sum w,  A = sum w e^{2i alpha},  B = sum w e^{4i alpha}    (per range of |Delta|),
 *	R_0 ~ Re W z_j z_i*,  R_1 ~ Re A* z_j,  R_2 ~ Re B* z_i z_j,  coaxiality ~ Re A z_i*,  z = e^{2i theta}.
 *
 * A permutation moves orientations (for phase_locked: phases) among filters; centres and kernels stay.
 */
#ifndef LATERAL_INDICES_H
#define LATERAL_INDICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lateral/pairs.h"
#include "lateral/report.h"

#define LATERAL_RANGES 8 /* the whole, then at most 7 ranges */
#define LATERAL_BINS 18  /* of the profile: 10 deg, centred on multiples of 10 deg */

struct lateral_plan {
	size_t permutations, bootstrap;
	size_t invariance_permutations; /* of Q_inv and Q_unrotated */
	const double *edge;             /* px, ascending: ranges [edge[0], edge[1]), ... */
	size_t edges;                   /* at most LATERAL_RANGES */
	uint64_t seed;
	size_t threads;
};

/* A bin of the profile m(dtheta): mean over pairs of the sum of a pair's weights. */
struct lateral_bin {
	double dtheta; /* centre, rad */
	size_t pairs;
	double mean, low, high;                 /* bootstrap interval */
	double chance, chance_low, chance_high; /* mean and 95 % band of permutations */
	double fit;                             /* von Mises */
	double
	    axis; /* half arg of sum w e^{2i phi}: axis of the connections, target's frame, rad */
	double concentration; /* J at this difference */
};

#define LATERAL_BIN_COLUMNS                                                                        \
	"kernel part dtheta_deg pairs mean low high chance chance_low chance_high fit axis_deg "   \
	"concentration"
/* The LATERAL_BINS bins as rows, from -80 to 90 deg. Failures are kept for table_close. */
void lateral_bins_write(const struct lateral_bin *bins, const char *kernel, enum lateral_part part,
    struct table_out *table);

/* What `w` (n, n, taps) has in its part (positive or negative): rows into report, bins (LATERAL_BINS) unless NULL.
 * empty is set where no weight has that sign: then every value is nan. 0 or -1. */
int lateral_angular(const struct lateral *set, const char *kernel, const double *w,
    enum lateral_part part, const struct lateral_plan *plan, struct report *report,
    struct lateral_bin *bins, bool *empty) __attribute__((warn_unused_result));

/* Signed rows: short_range, phase_locked and, where wanted (C1-C3 are reciprocal by definition), reciprocity. 0 or -1. */
int lateral_signed(const struct lateral *set, const char *kernel, const double *w, bool reciprocity,
    const struct lateral_plan *plan, struct report *report) __attribute__((warn_unused_result));

/* The range a distance belongs to (1, 2, ...), 0 where it is in none. */
size_t lateral_range(const struct lateral_plan *plan, double r);

#endif
