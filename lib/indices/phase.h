/*
 * Phase: a' of K~ = b + a M + a' M cos dphase, as a partial correlation, M e^{i dphase} the overlap of the two Gabors
 * (units.h). Permutations move phases among units.
 */
#ifndef INDICES_PHASE_H
#define INDICES_PHASE_H

#include "indices/resampling.h"

extern const struct family phase_family;

#endif
