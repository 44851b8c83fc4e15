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
#include "kernel/units.h"
#include "kernel/row.h"

#define LATERAL_RANGES 8 /* the whole, then at most 7 ranges */
#define LATERAL_BINS 18  /* of the profile: 10 deg, centred on multiples of 10 deg */

struct lateral_plan {
	size_t permutations, bootstrap;
	size_t invariance_permutations; /* of what is predicted anew in each: Q_inv, Q_unrotated, Q_lead, explained_C */
	const double *edge;             /* px, ascending: ranges [edge[0], edge[1]), ... */
	size_t edges;                   /* at most LATERAL_RANGES */
	uint64_t seed;
	size_t threads;
};

/* What a bin of the profile holds: value, bootstrap interval, mean and 95 % band of permutations. */
struct lateral_measure {
	double value, low, high, chance, chance_low, chance_high;
};

/* A bin of dtheta, over all taps or those of a range of |Delta|. */
struct lateral_bin {
	double dtheta; /* centre, rad */
	size_t pairs;
	struct lateral_measure mean; /* over pairs, of the sum of a pair's weights: m(dtheta) */
	struct lateral_measure concentration; /* J(dtheta, r) */
	double fit;                           /* von Mises; nan for a range */
	double
	    axis; /* half arg of sum w e^{2i phi}: axis of the connections, target's frame, rad */
};

#define LATERAL_BIN_COLUMNS                                                                        \
	"kernel part dtheta_deg pairs mean low high chance chance_low chance_high fit axis_deg "   \
	"concentration concentration_low concentration_high concentration_chance "                 \
	"concentration_chance_low concentration_chance_high range"
/* The plan's ranges (first the whole, "all"), each LATERAL_BINS rows from -80 to 90 deg: bins is (LATERAL_RANGES,
 * LATERAL_BINS). Failures are kept for table_close. */
void lateral_bins_write(const struct lateral_bin *bins, const char *kernel, enum sign part,
    const struct lateral_plan *plan, struct table_out *table);

/* What `w` (n, n, taps) has in its part: rows into report, bins (LATERAL_RANGES, LATERAL_BINS) unless NULL. Of part signed,
 * where no weight is clipped, the rows over sum |w| (R_0, R_1, R_2, coaxiality, concentration) and no bins.
 * With `self` a row self_share, for kernels that have i = j. empty is set where no weight has that sign: then every value is nan. 0 or -1. */
int lateral_angular(const struct units *set, const char *kernel, const double *w,
    enum sign part, const struct lateral_plan *plan, struct report *report, bool self,
    struct lateral_bin *bins, bool *empty) __attribute__((warn_unused_result));

/* Signed rows: short_range, the ring model, phase_locked and, for a kernel that is no confound itself (`own`; C1-C3 are
 * reciprocal and a matter of overlap by definition), reciprocity and phase_blind. Reciprocity is that of halves[0] with
 * halves[1], (n, n, taps) each (NULL: of w with itself). 0 or -1. */
int lateral_signed(const struct units *set, const char *kernel, const double *w, bool own,
    const double *const halves[2], const struct lateral_plan *plan, struct report *report) __attribute__((warn_unused_result));

/* The range a distance belongs to (1, 2, ...), 0 where it is in none. */
size_t lateral_range(const struct lateral_plan *plan, double r);

#endif
