/*
 * Short range: the weight at the tap nearest Delta = 0, in pairs that have one within 1 px, against the difference of orientation
 * (near_family; its bins are of dtheta) and against the relative phase there (near_phase_family: bins alone, 20 deg each).
 * Permutations move orientations, or phases, among units.
 */
#ifndef INDICES_NEAR_H
#define INDICES_NEAR_H

#include "indices/resampling.h"

#define NEAR_REACH 1.0 /* px */

extern const struct family near_family, near_phase_family;

/* The tap of pair p that is nearest Delta = 0, set->taps where none is within NEAR_REACH. */
size_t near_tap(const struct units *set, size_t p);

#endif
