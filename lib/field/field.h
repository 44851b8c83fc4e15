/*
 * The canonical field: which orientation do the sources at q = R_{-theta_i} Delta, seen in the target's frame, have?
 *
 *	v(q) = sum over taps of pairs i != j of G_h(q - R_{-theta_i} Delta) K~ e^{2 i dtheta} / rho(dtheta)
 *	       over the same without the exponential,
 *
 * K~ the positive part of the gauge-free weights (or minus the negative one), G_h a Gaussian of h = 0.7 px, rho the
 * density of dtheta among the pairs, so that a bank with many filters of one orientation does not draw the field
 * there. i's frame is defined up to pi: each tap counts in both, with half weight. Orientation is arg v / 2,
 * coherence |v|.
 */
#ifndef LATERAL_FIELD_H
#define LATERAL_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include "kernel/units.h"
#include "kernel/row.h"
#include "se2/stream.h"
#include "table/table.h"

#define FIELD_H 0.7           /* px */
#define FIELD_RHO (M_PI / 18) /* width of the Gaussian that makes rho of the pairs' dtheta, rad */
#define FIELD_EFFECTIVE 10    /* fewer effective pairs: masked */

/* On points (c - radius, radius - r) px, r and c from 0 to 2 radius; all arrays (size, size), size = 2 radius + 1. */
struct field {
	size_t radius, size;
	double *re, *im; /* sums of G K~ cos 2 dtheta / rho and with the sine */
	double *sum;     /* of G K~ / rho */
	double *squares; /* over pairs, of the pair's share of sum */
	double *base;    /* of G / rho: what a kernel of ones would give */
};

int field_create(struct field *field, size_t radius) __attribute__((warn_unused_result));
void field_free(struct field *field);

/* Point p: */
double field_effective(
    const struct field *field, size_t p); /* pairs: (sum w)^2 / sum w^2 over pairs */
double field_weight(
    const struct field *field, size_t p); /* mean K~ there: sum / base; nan without taps */
/* v in re, im; false where masked */
bool field_value(const struct field *field, size_t p, double *re, double *im);

/*
 * Fields of a set's pairs, w: (n, n, taps), sign positive or negative: field[i], i < n, of target i by the density of
 * its own pairs, and field[n] of all by the density of all; (n + 1) fields made by field_create. 0 or -1.
 */
int field_of_pairs(const struct units *set, const double *w, enum sign sign, size_t threads,
    struct field *field) __attribute__((warn_unused_result));

/* The field of an orientation kernel whose points are `step` px apart: they are the taps and its angles dtheta, whose density is how far apart
 * they lie. With period 2 pi the target has a front and taps count once, as they are. There are no pairs: the
 * effective number counts points by G alone, and is masked in the same way. */
int field_of_kernel(const struct orientation_kernel *kernel, double step, enum sign sign,
    struct field *field) __attribute__((warn_unused_result));

#define FIELD_COLUMNS "kernel part filter x_px y_px orientation_deg coherence weight n_effective"
/* Every point as a row; orientation in (-90, 90], both it and coherence nan where masked. */
void field_write(const struct field *field, const char *kernel, enum sign sign, long long filter,
    struct table_out *table);

/* A streamline through (x, y) to both sides: the orientation between points by bilinear interpolation of v, fourth-order
 * Runge-Kutta in steps of FIELD_STEP, to the mask, the border or `most` steps. point: (2 most + 1); the start is
 * point[most], and those from *first to *last were reached. False where there is no orientation at the start. */
#define FIELD_STEP .1 /* px */
struct field_point {
	double s, x, y; /* px; s along the line from its start */
};
bool field_streamline(const struct field *field, double x, double y, size_t most,
    struct field_point *point, size_t *first, size_t *last);

/*
 * Streamlines of the field from the points (0, y), y a whole number of px, 4 radius px at most to a side. s_px is the arclength from the start, positive to the right of it.
 */
#define FIELD_CURVE_COLUMNS "kernel part curve s_px x_px y_px orientation_deg coherence"
int field_curves(const struct field *field, const char *kernel, enum sign sign,
    struct table_out *table) __attribute__((warn_unused_result));

#endif
