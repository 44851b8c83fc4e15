/* What the kernel is by itself, beside the models: its weights at Delta ~ 0, and the shape of its field's streamlines. */
#ifndef LATERAL_DESCRIPTIONS_H
#define LATERAL_DESCRIPTIONS_H

#include "models/ladder.h"

struct described {
	double value, low, high; /* 95 % (resample_pair_interval); nan without samples */
};

/*
 * The ring model of short-range connectivity, by least squares over pairs i != j at their tap nearest to Delta = 0,
 * where that is within DESCRIPTIONS_SHORT: K~ = J0 + J2 cos 2 dtheta, of signed weights with Jphase cos dphase too.
 */
#define DESCRIPTIONS_SHORT 1. /* px */
enum { RING_J0, RING_J2, RING_JPHASE, RINGS };
int describe_ring(const struct ladder *ladder, struct described out[LADDER_PARTS][RINGS],
    size_t *pairs) __attribute__((warn_unused_result));

/*
 * Arc against line, one parameter each: streamlines of the canonical field through 8 points at 22.5 degrees of one
 * another, half the field's radius from the origin, each at most two radii long to a side. To every one that is 2 px
 * long or more a circle through the origin tangent to the axis (curvature k) and a line through the origin (angle) are
 * fitted by least squares of distances; arc and line are the rms distances over all their points, in px. A field of
 * orientation 2 phi (cocircular) has arcs, one of orientation phi (radial) lines. Parts positive and negative.
 */
enum { ARC_ARC, ARC_LINE, ARC_LEAD /* line - arc */, ARCS };
int describe_arcs(const struct ladder *ladder, struct described out[2][ARCS])
    __attribute__((warn_unused_result));

#endif
