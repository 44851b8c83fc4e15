/*
 * The models of horizontal connectivity, one row each. A model predicts the weight of a tap from where the source is seen in
 * the target's frame, (u, v) = R_{-theta_i} Delta along and across the target's stripes, and dtheta = theta_j - theta_i:
 *
 *	M0	isotropic (Gaussian or exponential in |Delta|) times exp(kappa (cos 2 dtheta - 1))
 *	M1	Gaussian elongated in the target's frame times the same
 *	M2	Gaussian elongated in the bisecting frame (turned by dtheta/2) times the same
 *	M3	overlap: linear in C1, C2, C3, their positive parts and squares
 *	M4	edge co-occurrence of images, log P/(P P), or its positive part
 *	M5	co-axial: exp(-|Delta|/length) exp(concentration (cos 2 phi - 1)) times M0's factor, phi the direction of (u, v) in
 *		the bisecting frame
 *	G1	direction process, S of se2-kernel by (alpha, D)
 *	G2	sub-Riemannian diffusion, S by (D11, D22) at alpha = 1
 *	G3	fan of curves of constant curvature, along which orientation is twice the polar angle phi:
 *		exp(-|Delta|/length) exp(concentration (cos 2(dtheta - 2 phi) - 1))
 *
 * All but M3 and M4 are families of densities averaged over an aperture of .7 px and the pixel's cell (1/sqrt(12) px), the
 * group models over 5 degrees as well. A new family is a row of the table and a function that fills a density, which has
 * to be the same at (u, v) and (-u, -v) and to have period pi in dtheta.
 */
#ifndef MODELS_MODELS_H
#define MODELS_MODELS_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include "models/density.h"

enum model_role {
	MODEL_RIVAL,   /* what a group model is compared with */
	MODEL_OVERLAP, /* what filters give that merely overlap */
	MODEL_COAXIAL, /* the co-axial family, which a group model has to lead over as well */
	MODEL_GROUP,   /* a model of the group SE(2) */
};

#define MODEL_COORDINATES 3 /* of a shape, kappa's included */
#define MODEL_KAPPAS 12     /* nodes of kappa */
#define MODELS_MOST 12

/* A coordinate of shapes: of which parameter, between which values. */
struct model_axis {
	double (*coordinate)(double parameter);
	double low, high; /* of the parameter */
	size_t
	    nodes; /* Chebyshev's, ends included, of the interpolation between shapes (shape.h) */
};

/* A parameter is an increasing function of a sum of coordinates. */
struct model_parameter {
	const char *name; /* as in "sigma_along" */
	double weight[MODEL_COORDINATES];
	double (*value)(double sum);
};

struct model {
	const char *name; /* in tables */
	enum model_role role;
	bool edges;         /* made of edge co-occurrence: two functions, no shapes */
	bool bisects;       /* (u, v) are those of the bisecting frame */
	bool tuned;         /* times exp(kappa (cos 2 dtheta - 1)), kappa the last coordinate */
	size_t kinds, axes; /* of shapes; coordinates without kappa */
	size_t angles;      /* of the densities; 1: they do not depend on dtheta */
	struct model_axis axis[MODEL_COORDINATES];
	/* The density of a kind at coordinates `at`, averaged over the aperture, with any factor. Main thread (FFTW). 0 or -1 */
	int (*fill)(
	    size_t kind, const double *at, double reach, size_t threads, struct density *density);
	double planted
	    [MODEL_COORDINATES]; /* of a group model: the values of its axes at which its power is measured (power.h) */
	struct model_parameter parameter[MODEL_COORDINATES]; /* axes + tuned of them */
};

extern const struct model models[];
extern const size_t models_count;

/* kappa = exp(coordinate) - MODEL_KAPPA0; at most as narrow as the aperture of the group models, 1/(2 sqrt(kappa)) = 5 degrees */
#define MODEL_KAPPA0 .25
#define MODEL_KAPPA_MAX 33
static inline double model_kappa(double coordinate)
{
	return exp(coordinate) - MODEL_KAPPA0;
}

#endif
