/* A joint smooth function of up to three confounds, as a sum of terms: which terms a tap has. */
#ifndef KERNEL_SPLINE_H
#define KERNEL_SPLINE_H

#include <stddef.h>
#include "kernel/units.h"

#define SPLINE_CONFOUNDS 3
#define SPLINE_PRIOR                                                                               \
	4. /* taps: how far a term that is `shrunk` is drawn to 0, as if so many had said 0 */
#define SPLINE_BEND .25 /* taps: the same for bends of s_1 other than at 0 */

enum {
	SPLINE_KNOTS = 13, /* at most, of one axis */
	SPLINE_COARSE = 5, /* the same for the product */
	SPLINE_TERMS = 1 + 5 * SPLINE_KNOTS + SPLINE_COARSE * SPLINE_COARSE * SPLINE_COARSE,
	SPLINE_ENTRIES =
	    19, /* terms of a tap that are not 0: 1, two of each axis, a cell's corners */
};

struct knots {
	size_t count, zero; /* position of the knot at 0 */
	double at[SPLINE_KNOTS];
};

struct spline_axis {
	struct knots knots;
	size_t first; /* its first term; the hat at 0 is left out of a sum of splines, 1 is there */
};

/*
 * The function is
 *
 *	1 + s_1(C1) + s_2(C2) + s_3(C3) + t_2(u_2) + t_3(u_3) + p(u_1, u_2, u_3) ,
 *
 * where u_1 is C1, u_2 is C2 less its multiple of C1, and u_3 is C3 less its multiples of C1 and C2: confounds correlate at .96
 * and more, and a grid in C1, C2 and C3 themselves would be empty but for its diagonal.
 *
 * s and t are linear splines with knots at 0 and at the 50, 80, 93, 98, 99.5 and 100 % points of the size on either side, so
 * that rectification, a kink at 0, is in the family. p is the tensor product of linear splines with knots at 0 and the 80 and
 * 100 % points, so that products of confounds are.
 *
 * All but s_1 are shrunk, and s_1 is drawn to be straight but for its kink at 0: what few taps say of a term would else be wild
 * in held-out ones. Terms that no tap reaches are left out.
 */
struct spline {
	const double *c[SPLINE_CONFOUNDS]; /* (n, n, taps) each, not owned */
	size_t count, terms, shrunk;       /* terms from `shrunk` on are */
	size_t term[SPLINE_TERMS];         /* its number, SIZE_MAX for one that no tap reaches */
	double take[SPLINE_CONFOUNDS]
		   [SPLINE_CONFOUNDS]; /* u_s = C_s - sum over t < s of take[s][t] C_t */
	struct spline_axis own[SPLINE_CONFOUNDS],
	    rest[SPLINE_CONFOUNDS];                  /* s; t (not of the first) */
	struct spline_axis coarse[SPLINE_CONFOUNDS]; /* of p */
};

struct spline_entry {
	size_t term;
	double value;
};

/* From the confounds (n, n, taps) at taps of pairs i != j. 0, or -1 without memory or with count not 1 to
 * SPLINE_CONFOUNDS. */
int spline_make(const struct units *set, const double *const *c, size_t count,
    struct spline *spline) __attribute__((warn_unused_result));

/* The bend of s_1 at a knot: its value at the next one outwards less that of the line through this one and the next inwards.
 * Gives the terms it is made of, at most 3; 0 of them at knot 0, at the ends and where no tap reaches one. */
size_t spline_bend(const struct spline *spline, size_t knot, struct spline_entry *entry);

/* The terms that are not 0 at tap `at` of (n, n, taps); gives how many, at most SPLINE_ENTRIES. */
size_t spline_entries(const struct spline *spline, size_t at, struct spline_entry *entry);

#endif
