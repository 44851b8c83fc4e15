/*
 * How round a profile is about a given centre, and how balanced. With the transform about the centre,
 * P(rho, phi) = sum p(x) exp(-i rho n(phi).(x - centre)), rho in rad per px:
 *
 *	E_m = integral from 0 to SYMMETRY_BAND of |(1/2 pi) integral P exp(-i m phi) dphi|^2 rho drho, m and -m together.
 *
 * The angular integral is a Bessel function: sum p(x) J_m(rho r) exp(-i m alpha) with (r, alpha) a pixel's polar
 * coordinates about the centre, so only rho needs a quadrature (Gauss-Legendre); the sum of all E_m is a double sum of
 * p p' J_1(B d)/d over distances d, exact.
 */
#ifndef FIT_SYMMETRY_H
#define FIT_SYMMETRY_H

#include <stddef.h>
#include "fit/extent.h"

#define SYMMETRY_BAND 2.5 /* rad per px: the part of the band that a square lattice leaves round */

struct symmetry {
	double symmetry, elongation,
	    fourfold; /* E_0, E_2, E_4 over the sum of all; NaN for a profile of zeros */
};

/* Tables for profiles of a size; shared by threads. */
struct symmetry_plan;
struct symmetry_plan *symmetry_plan_create(struct extent size) __attribute__((warn_unused_result));
void symmetry_plan_free(struct symmetry_plan *plan);

struct symmetry symmetry_about(
    const struct symmetry_plan *plan, const double *p, double x0, double y0);

/* E_m alone (m >= 0) and the sum of all, in the profile's squared unit. */
double symmetry_energy(
    const struct symmetry_plan *plan, const double *p, double x0, double y0, int m);
double symmetry_total(const struct symmetry_plan *plan, const double *p);

/* |P(0)| / max |P| over frequencies on a grid of 1/(8k) cycles per px, k the longer side. NaN for zeros. */
double symmetry_dc_ratio(const struct symmetry_plan *plan, const double *p);

/* Sum of |p| over pixels of the sign opposite to `centre` / sum of |p| over pixels of its sign. 1: balanced. */
double symmetry_surround_ratio(const double *p, struct extent size, double centre);

#endif
