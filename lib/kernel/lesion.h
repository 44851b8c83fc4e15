/*
 * Lesions of a lateral kernel: weights of one class are set to 0, all of them or as many, in random order, as carry a given
 * share of the kernel's mass, the sum of |K~| over the pairs i != j of usable units (units.h). Lesions of equal mass tell what a
 * class of connections does beyond the number and the size of its weights.
 */
#ifndef KERNEL_LESION_H
#define KERNEL_LESION_H

#include <stddef.h>
#include <stdint.h>
#include "kernel/units.h"

/* Classes of taps, with dtheta, Delta and phi of units.h:
 *	like		|dtheta| below the angle
 *	unlike		|dtheta| above 90 deg less the angle
 *	coaxial		like, and the source along the target's stripes: |phi| below the angle, mod 180 deg
 *	cocircular	|dtheta - 2 phi| below the angle, mod 180 deg
 *	near, far	|Delta| below, not below the distance
 *	random		every tap
 * coaxial and cocircular need |Delta| >= LESION_DIRECTED: nearer, phi means little. */
#define LESION_WORDS "like,unlike,coaxial,cocircular,near,far,random"
#define LESION_DIRECTED 1.5 /* px */
#define LESION_SIGN_WORDS "both,positive,negative"
enum lesion_sign { LESION_BOTH, LESION_POSITIVE, LESION_NEGATIVE };

struct lesion {
	size_t kind;           /* position in LESION_WORDS */
	enum lesion_sign sign; /* weights of this sign alone */
	double angle;          /* rad */
	double distance;       /* px */
	double mass;           /* share of the kernel's to be removed; INFINITY: all of the class */
	uint64_t seed;         /* of the order */
};

struct lesion_result {
	size_t taps;              /* set to 0 */
	double in_class, removed; /* shares of the kernel's mass */
};

/* kernel (F, F, k, k), the one that `set` was built from, loses its weights. A class with less mass than asked for is an error.
 * 0 or -1. */
int lesion_apply(const struct units *set, const struct lesion *lesion, double *kernel,
    struct lesion_result *result) __attribute__((warn_unused_result));

#endif
