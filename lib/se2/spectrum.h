/*
 * Two stochastic processes on SE(2) in the Fourier domain (Mumford 1994; Citti and Sarti 2006; Duits and van Almsick
 * 2008; Zhang, Duits, Sanguinetti and ter Haar Romeny 2016), started at the identity:
 *
 *	direction process	dx = cos theta ds, dy = sin theta ds, dtheta = sqrt(2 D) dW, unit speed;
 *				d_s p = L p, L = -X1 + D X2^2
 *	diffusion		d_t p = L p, L = D11 X1^2 + D X2^2 (sub-Riemannian, contour enhancement)
 *
 * seen at a fixed arclength s (time t), p = exp(s L) delta, or at a travel time that is Gamma(k, alpha)
 * distributed, P = (alpha (alpha - L)^-1)^k delta; k = 1 is the resolvent. All have mass 1.
 *
 * With B_n(omega) = integral P(x, y, theta) exp(-i (omega . (x, y) + n theta)) dx dy dtheta, L couples n to n +- 1
 * (direction) or n +- 2 (diffusion): one tridiagonal system per frequency, cut at |n| <= N (Fourier-Galerkin).
 */
#ifndef SE2_SPECTRUM_H
#define SE2_SPECTRUM_H

#include <stddef.h>

enum se2_process { SE2_DIRECTION, SE2_DIFFUSION };
enum se2_travel { SE2_GAMMA, SE2_FIXED };

struct se2_model {
	enum se2_process process;
	enum se2_travel travel;
	double d11;       /* SE2_DIFFUSION: px^2 per unit of time */
	double d;         /* D, D22: rad^2 per px of arclength (per unit of time) */
	double alpha;     /* SE2_GAMMA: rate per px (per unit of time) */
	unsigned order;   /* SE2_GAMMA: k >= 1 */
	double length;    /* SE2_FIXED: s in px, or t */
	size_t harmonics; /* N */
};

/* 0, or -1 with a reason where a parameter is out of its range. */
int se2_model_check(const struct se2_model *model) __attribute__((warn_unused_result));

/* Where it is certain that all but about 1e-6 of the mass has |x|, |y| below this, px: 14/alpha for the resolvent. */
double se2_reach(const struct se2_model *model);

/* B_n at `count` frequencies (wx, wy) in rad/px, without aperture: re, im: (2N + 1, count), n = -N first.
 * Exact to rounding for SE2_GAMMA of the cut system, to about 1e-8 for SE2_FIXED. 0 or -1. */
int se2_spectrum(const struct se2_model *model, size_t count, const double *wx, const double *wy,
    double *re, double *im) __attribute__((warn_unused_result));

/* The same with scratch memory of the caller's: one per thread. */
struct se2_solver;
struct se2_solver *se2_solver_create(const struct se2_model *model)
    __attribute__((warn_unused_result));
#define SE2_BLOCK ((size_t)64) /* frequencies at a time */
/* count <= SE2_BLOCK; re, im: (2N + 1, SE2_BLOCK), columns past count are undefined */
void se2_solve(struct se2_solver *solver, size_t count, const double *wx, const double *wy,
    double *re, double *im);
void se2_solver_free(struct se2_solver *solver);

#endif
