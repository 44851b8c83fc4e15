/* The processes of spectrum.h as densities on a grid of displacements and orientations. */
#ifndef SE2_KERNEL_H
#define SE2_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include "se2/spectrum.h"

/*
 * The densities have a kink in theta and a singularity at the origin, so what is sampled is P smoothed by an
 * aperture: B_n(omega) exp(-sigma^2 rho^2 / 2 - n^2 sigma_theta^2 / 2), with `cell` also averaged over a pixel's
 * square.
 */
struct se2_aperture {
	double sigma;       /* px */
	double sigma_theta; /* rad */
	bool cell;
};

/*
 * From where a kernel is seen. The process leaves the source and arrives at the target:
 *	SE2_AT_TARGET	density of the source's pose g = (target)^-1 (source) as seen from the target: P(g^-1), which is
 *			P(-x, -y, theta) for the direction process and P(x, y, theta) for the diffusion (reversal)
 *	SE2_AT_SOURCE	density of the target's pose as seen from the source: P(x, y, theta)
 */
enum se2_frame { SE2_AT_TARGET, SE2_AT_SOURCE };

struct se2_grid {
	size_t height,
	    width; /* row r, column c is at x = (c - (width-1)/2) step, y = ((height-1)/2 - r) step */
	double step; /* px */
	size_t angles;
	const double *theta; /* (angles) rad */
	/*
	 * undirected: S(x, y, theta) = 1/2 sum over a in {0, pi} of P(x, y, theta+a) + P(-x, -y, theta+a), orientations,
	 * of mass 1 over [0, pi) (Sarti and Citti 2015)
	 * symmetric: S_odd(x, y, theta) = 1/2 (P(x, y, theta) + P(-x, -y, theta)) on [0, 2 pi): a contour with a light and
	 * a dark side, followed either way. From e against its direction it starts at r = (0, 0, pi), arrives at r h, h
	 * from P, and its side there is that of r h r = (-x_h, -y_h, theta_h). Thus S_odd(g) = 1/2 (P(g) + P(g^-1)) =
	 * S_odd(g^-1), and S(theta) = S_odd(theta) + S_odd(theta + pi)
	 * neither: P on [0, 2 pi)
	 */
	bool undirected, symmetric;
	enum se2_frame frame;
	double
	    reach; /* px the periodic grid extends beyond the kernel's middle; 0: se2_reach(model) */
};

/* Harmonics that the aperture in orientation needs: exp(-(N sigma_theta)^2/2) is 1e-6 for N = 60 at 5 degrees, and
 * narrower apertures need more in proportion; never less than 60, so that the process's own width does not matter. */
double se2_harmonics(const struct se2_aperture *aperture);

/* count orientations 0, period/count, ..., in rad. */
void se2_uniform(size_t count, double period, double *theta);

/* The side of the periodic grid the kernel is computed on: twice the model's reach and more, of small factors; 0 with
 * a reason where it would exceed 8192. */
size_t se2_padded(const struct se2_model *model, const struct se2_grid *grid,
    const struct se2_aperture *aperture);

/*
 * The kernel, k: (angles, height, width), per px^2 rad. Frequencies beyond the grid's are folded back until the
 * aperture has taken them below 1e-4, so the values are samples of the smoothed density, not of its band-limited copy;
 * an aperture that would need more than 32768 frequencies a side is refused. Memory: angles * padded^2 * 4 bytes. Uses
 * FFTW's planner: call it from the main thread. 0 or -1.
 */
int se2_kernel(const struct se2_model *model, const struct se2_grid *grid,
    const struct se2_aperture *aperture, size_t threads, float *k)
    __attribute__((warn_unused_result));

#endif
