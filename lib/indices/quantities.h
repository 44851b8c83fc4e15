/*
 * The table of quantities: everything that lateral-stats measures is a row here. The first word is the quantity's place
 * among the numbers of an arrangement (resampling.h), where its family's evaluate() puts it; indices.c makes the table.
 * A new quantity is a row here and the lines that compute it. lateral-stats(1) defines each.
 */
#ifndef INDICES_QUANTITIES_H
#define INDICES_QUANTITIES_H

#include <stddef.h>

/* Ranges of |Delta|: the whole, then those between RANGE_EDGES; the last two fill up whole vectors. Bins of a difference of
 * orientation (10 deg each) or of phase (20 deg). */
enum { RANGES = 8, BINS = 18 };

/* clang-format off */
#define RANGE_EDGES {0, 1, 3, 6, 12, 24} /* px: [0, 1), [1, 3), ... */

/* Weights: the positive and the negative part; with their sign; all three. */
enum quantity_signs { SPLIT, SIGNED, EVERY };
enum quantity_flags {
	BY_RANGE = 1,    /* also by range of |Delta| */
	LESS_CHANCE = 2, /* the value is given less its mean over permutations; where an arrangement is centred evaluate() subtracts it */
	OF_OVERLAPS = 4, /* the same of C1 to C3 stands beside that of K, in c1 to c3 (families with bins) */
	NARROW = 8,      /* p: permutations at least as small, not at least as far from the mean */
	LARGE = 16,      /* p: permutations at least as large */
	NEAR_PAIRS = 32, /* n: pairs that have a tap near Delta = 0 */
	REMAINS = 64,    /* what of it remains beyond C stands beside that of K (direction only) */
};

/* place, name, weights, family, flags */
#define QUANTITIES(Q) \
	Q(ISO_ORIENTATION, "iso_orientation", SPLIT, direction, LESS_CHANCE | OF_OVERLAPS | REMAINS) \
	Q(HALF_WIDTH, "half_width_deg", SPLIT, direction, NARROW) \
	Q(R_0, "R_0", EVERY, direction, BY_RANGE | LESS_CHANCE | OF_OVERLAPS | REMAINS) \
	Q(R_1, "R_1", EVERY, direction, BY_RANGE | LESS_CHANCE | OF_OVERLAPS | REMAINS) \
	Q(R_2, "R_2", EVERY, direction, BY_RANGE | LESS_CHANCE | OF_OVERLAPS | REMAINS) \
	Q(COAXIALITY, "coaxiality", EVERY, direction, BY_RANGE | OF_OVERLAPS | REMAINS) \
	Q(MRQAP_ORIENTATION, "mrqap_orientation", EVERY, mrqap, 0) \
	Q(SHORT_RANGE, "short_range", EVERY, near, OF_OVERLAPS | NEAR_PAIRS) \
	Q(PHASE_LOCKED, "phase_locked", SIGNED, phase, BY_RANGE) \
	Q(RECIPROCITY, "reciprocity", SIGNED, reciprocity, 0) \
	Q(EXPLAINED_C, "explained_C", SIGNED, explained, LARGE) \
	Q(Q_INV, "Q_inv", SIGNED, invariance, LARGE) \
	Q(Q_UNROTATED, "Q_unrotated", SIGNED, invariance, LARGE) \
	Q(Q_LEAD, "Q_lead", SIGNED, invariance, LARGE)
/* clang-format on */

#define QUANTITY_PLACE(place, name, signs, family, flags) QUANTITY_##place,
enum { QUANTITIES(QUANTITY_PLACE) QUANTITY_COUNT, NUMBERS = QUANTITY_COUNT * RANGES };

/* What evaluate() fills: NUMBERS numbers, RANGES for each quantity (the first where it is not by range), then, of families that
 * have bins, the mean and the number of pairs of each bin. */
#define PLACE(quantity, range) ((size_t)(quantity)*RANGES + (range))
enum { BIN_MEAN = NUMBERS, BIN_PAIRS = BIN_MEAN + BINS, NUMBERS_WITH_BINS = BIN_PAIRS + BINS };

#endif
