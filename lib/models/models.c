/* The densities of the models and the table of them. */
#include "models/models.h"
#include <stdlib.h>
#include "base/error.h"
#include "base/memory.h"
#include "se2/kernel.h"

#define PI M_PI
#define A (.49 + 1. / 12)    /* px^2: variance of the aperture, .7 px and the pixel's cell */
#define ANGLE (5 * PI / 180) /* rad: that of the group models over angles */
#define ANGLES 36
#define HARMONICS 40
#define LENGTH 16 /* px: sigma, 1/alpha, sqrt(D11) at most */

/*
 * exp(-r/s) is a mixture of Gaussians, integral over t > 0 of sqrt(2/pi) exp(-t^2/2) exp(-r^2 / 2 s^2 t^2), each of which the
 * aperture widens. Here by the rule of rectangles in log t, which is exact to rounding.
 */
static double exponential(double r2, double s2)
{
	double sum = 0, step = .15;
	for (int k = -40; k <= 14; k++) {
		double t = exp(k * step), v = s2 * t * t;
		sum += t * exp(-.5 * t * t - .5 * r2 / (v + A)) * v / (v + A);
	}
	return sum * step * sqrt(2 / PI);
}

/* value of x, y >= 0 in one quadrant, and in the others as its mirror images */
static int fill_plane(double (*value)(const double *of, double x, double y), const double *of,
    double reach, struct density *d)
{
	if (density_create(d, 1, reach) < 0)
		return -1;
	size_t middle = d->size / 2;
	for (size_t r = 0; r <= middle; r++)
		for (size_t c = 0; c <= middle; c++) {
			float x =
			    (float)value(of, (double)c * DENSITY_STEP, (double)r * DENSITY_STEP);
			for (size_t m = 0; m < 4; m++)
				d->k[(m & 1 ? middle - r : middle + r) * d->size +
				     (m & 2 ? middle - c : middle + c)] = x;
		}
	return 0;
}

/* Coordinates of widths are log(sigma^2 + A) / 2: the aperture adds to a Gaussian's variance. */
static double gaussian(const double *s, double x, double y)
{
	return exp(-.5 * (x * x * exp(-2 * s[0]) + y * y * exp(-2 * s[1])));
}

static double distance(const double *s2, double x, double y)
{
	return exponential(x * x + y * y, *s2);
}

/* M0: Gaussian (kind 0) or exponential in |Delta| */
static int isotropic(size_t kind, const double *at, double reach, size_t threads, struct density *d)
{
	(void)threads;
	double s[] = {at[0], at[0]}, s2 = fmax(exp(2 * at[0]) - A, 1e-6);
	return kind ? fill_plane(distance, &s2, reach, d) : fill_plane(gaussian, s, reach, d);
}

/* M1, M2 */
static int elongated(size_t kind, const double *at, double reach, size_t threads, struct density *d)
{
	(void)kind;
	(void)threads;
	return fill_plane(gaussian, at, reach, d);
}

static int process(
    struct se2_model model, double length, double reach, size_t threads, struct density *d)
{
	double theta[ANGLES];
	se2_uniform(ANGLES, PI, theta);
	model.travel = SE2_GAMMA;
	model.order = 1;
	model.harmonics = HARMONICS;
	struct se2_aperture aperture = {sqrt(A), ANGLE, false};
	if (density_create(d, ANGLES, reach) < 0)
		return -1;
	struct se2_grid grid = {.height = d->size,
	    .width = d->size,
	    .step = DENSITY_STEP,
	    .angles = ANGLES,
	    .theta = theta,
	    .undirected = true,
	    /* e^-5 of what leaves the taps' disc comes round the periodic grid */
	    .reach = reach + 5 * length};
	return se2_kernel(&model, &grid, &aperture, threads, d->k);
}

/* G1: logarithms of 1/alpha and D/alpha */
static int direction(size_t kind, const double *at, double reach, size_t threads, struct density *d)
{
	(void)kind;
	double length = exp(at[0]);
	return process(
	    (struct se2_model){
		.process = SE2_DIRECTION, .alpha = 1 / length, .d = exp(at[1]) / length},
	    length, reach, threads, d);
}

/* G2: logarithms of sqrt(D11) and D22 at alpha = 1 */
static int diffusion(size_t kind, const double *at, double reach, size_t threads, struct density *d)
{
	(void)kind;
	double length = exp(at[0]);
	return process(
	    (struct se2_model){
		.process = SE2_DIFFUSION, .alpha = 1, .d11 = length * length, .d = exp(at[1])},
	    length, reach, threads, d);
}

/* ---- densities of distance and direction: exp(-r/length) times a function of angles, averaged over the aperture ---- */

#define FINE .125 /* px between radii */
#define ORDERS 80 /* of Bessel functions, at most; the fan needs 4 (TERMS - 1) = 72 */
#define TERMS 19  /* harmonics */

/* exp(-x) I_n(x) for n <= count, by Miller's backward recurrence */
static void bessel(double x, size_t count, double *value)
{
	double next = 0, here = 1e-300, sum = 0;
	size_t start = count + 20 + (size_t)(6 * sqrt(x));
	for (size_t n = start; n-- > 0;) {
		double before = x > 0 ? here * 2 * (double)(n + 1) / x + next : n == 0;
		next = here;
		here = x > 0 ? before : 0;
		if (n <= count)
			value[n] = before;
		sum += n ? 2 * before : before;
		if (sum > 1e250) {
			for (size_t m = n; m <= count; m++)
				value[m] *= 1e-250;
			next *= 1e-250, here *= 1e-250, sum *= 1e-250;
		}
	}
	for (size_t n = 0; n <= count; n++)
		value[n] /= sum;
}

/*
 * exp(-r/length) cos(m phi) under a Gaussian of variance A is h_m(r) cos(m phi), h_m(r) = integral of exp(-s/length)
 * exp(-(r^2 + s^2)/2A) I_m(r s/A) s ds/A; h: (radii, TERMS), m = 0, order, 2 order, ...
 */
static void smooth_radii(double length, size_t order, size_t terms, size_t radii, double *h)
{
	double step = 2 * FINE, value[ORDERS + 1];
	for (size_t k = 0; k < radii; k++) {
		double r = (double)k * FINE;
		/* the end at s = 0 of the rule of rectangles, where only the integrand of m = 0 has a slope */
		h[k * TERMS] = step * step / 12 * exp(-r * r / (2 * A)) / A;
		for (size_t j = 1; (double)j * step < r + 6 * sqrt(A); j++) {
			double s = (double)j * step;
			if (s < r - 6 * sqrt(A))
				continue;
			double w = exp(-s / length - (r - s) * (r - s) / (2 * A)) * s * step / A;
			bessel(r * s / A, order * (terms - 1), value);
			for (size_t n = 0; n < terms; n++)
				h[k * TERMS + n] += w * value[order * n];
		}
	}
}

/* The density sum_n weight[n] h_{order n}(r) cos(n (turns dtheta - order phi)). order is even, or the odd weights are 0, so that it
 * is the same at (u, v) and (-u, -v). 0 or -1. */
static int fill_polar(double length, size_t order, size_t terms, const double *weight, double turns,
    double reach, struct density *d)
{
	size_t middle = d->size / 2, radii = (size_t)((reach + 2) * 1.5 / FINE) + 8;
	if (order * (terms - 1) > ORDERS)
		return err_set("model: needs Bessel functions of order %zu, more than %d",
		    order * (terms - 1), ORDERS);
	double *h = mem_alloc(radii * TERMS, sizeof *h);
	if (!h)
		return -1;
	smooth_radii(length, order, terms, radii, h);
	for (size_t p = 0; p < d->size * d->size; p++) {
		double x = ((double)(p % d->size) - (double)middle) * DENSITY_STEP,
		       y = ((double)middle - (double)(p / d->size)) * DENSITY_STEP,
		       r = hypot(x, y) / FINE, radial[TERMS];
		size_t k = r < 1 ? 1 : (size_t)r;
		double t = r - (double)k;
		/* Lagrange's cubic through radii k - 1 to k + 2 */
		double w[] = {-t * (t - 1) * (t - 2) / 6, (t + 1) * (t - 1) * (t - 2) / 2,
		    -(t + 1) * t * (t - 2) / 2, (t + 1) * t * (t - 1) / 6};
		for (size_t n = 0; n < terms; n++) {
			radial[n] = 0;
			for (size_t i = 0; i < 4; i++)
				radial[n] += weight[n] * w[i] * h[(k - 1 + i) * TERMS + n];
		}
		for (size_t a = 0; a < d->angles; a++) {
			double angle = turns * PI * (double)a / (double)d->angles -
				       (double)order * atan2(y, x),
			       twice = 2 * cos(angle), last = 1, here = cos(angle), sum = radial[0];
			for (size_t n = 1; n < terms; n++) {
				double next = twice * here - last;
				sum += radial[n] * here;
				last = here;
				here = next;
			}
			d->k[a * d->size * d->size + p] = (float)sum;
		}
	}
	free(h);
	return 0;
}

/* Harmonics of exp(c (cos x - 1)), each times exp(-(n spread)^2 / 2); as many as count */
static size_t von_mises(double c, double spread, double *weight)
{
	size_t terms = 1;
	bessel(c, TERMS - 1, weight);
	for (size_t n = 1; n < TERMS; n++) {
		weight[n] *= 2 * exp(-pow((double)n * spread, 2) / 2);
		if (weight[n] > 1e-6)
			terms = n + 1;
	}
	return terms;
}

/* G3: the fan of curves of constant curvature, circles tangent to the target's axis at the origin, on which the orientation
 * at polar angle phi is 2 phi: exp(-r/length) exp(c (cos 2(dtheta - 2 phi) - 1)); log length, coordinate of c */
static int fan(size_t kind, const double *at, double reach, size_t threads, struct density *d)
{
	(void)kind;
	(void)threads;
	double weight[TERMS];
	size_t terms = von_mises(model_kappa(at[1]), 2 * ANGLE, weight);
	return density_create(d, ANGLES, reach) < 0
		   ? -1
		   : fill_polar(exp(at[0]), 4, terms, weight, 2, reach, d);
}

/* M5, co-axial: exp(-r/length) exp(c (cos 2 phi - 1)) */
static int coaxial(size_t kind, const double *at, double reach, size_t threads, struct density *d)
{
	(void)kind;
	(void)threads;
	double weight[TERMS];
	size_t terms = von_mises(model_kappa(at[1]), 0, weight);
	return density_create(d, 1, reach) < 0
		   ? -1
		   : fill_polar(exp(at[0]), 2, terms, weight, 0, reach, d);
}

static double width(double x)
{
	return sqrt(fmax(exp(2 * x) - A, 0));
}

static double kappa(double x)
{
	return fmax(model_kappa(x), 0);
}

/* coordinates of parameters */
static double of_width(double sigma)
{
	return log(sigma * sigma + A) / 2;
}

static double of_kappa(double x)
{
	return log(x + MODEL_KAPPA0);
}

#define WIDTH(nodes)                                                                               \
	{                                                                                          \
		of_width, 0, LENGTH, nodes                                                         \
	}
#define KAPPA                                                                                      \
	{                                                                                          \
		of_kappa, 0, MODEL_KAPPA_MAX, MODEL_KAPPAS                                         \
	}
#define TRAVEL                                                                                     \
	{                                                                                          \
		log, .25, LENGTH, 14                                                               \
	}
#define CONCENTRATION                                                                              \
	{                                                                                          \
		of_kappa, 0, 20, 10                                                                \
	}
#define TURNING                                                                                    \
	{                                                                                          \
		log, .01, 10, 10                                                                   \
	} /* rad^2 */

/* clang-format off */
const struct model models[] = {
    {.name = "M0", .role = MODEL_RIVAL, .tuned = true, .kinds = 2, .axes = 1, .angles = 1, .axis = {WIDTH(24), KAPPA}, .fill = isotropic,
	.parameter = {{"sigma", {1}, width}, {"kappa", {0, 1}, kappa}}},
    {.name = "M1", .role = MODEL_RIVAL, .tuned = true, .kinds = 1, .axes = 2, .angles = 1, .axis = {WIDTH(16), WIDTH(16), KAPPA},
	.fill = elongated,
	.parameter = {{"sigma_along", {1}, width}, {"sigma_across", {0, 1}, width}, {"kappa", {0, 0, 1}, kappa}}},
    {.name = "M2", .role = MODEL_RIVAL, .bisects = true, .tuned = true, .kinds = 1, .axes = 2, .angles = 1,
	.axis = {WIDTH(16), WIDTH(16), KAPPA}, .fill = elongated,
	.parameter = {{"sigma_along", {1}, width}, {"sigma_across", {0, 1}, width}, {"kappa", {0, 0, 1}, kappa}}},
    {.name = "M3", .role = MODEL_OVERLAP},
    {.name = "M4", .role = MODEL_RIVAL, .edges = true, .kinds = 2},
    {.name = "M5", .role = MODEL_COAXIAL, .bisects = true, .tuned = true, .kinds = 1, .axes = 2, .angles = 1,
	.axis = {TRAVEL, CONCENTRATION, KAPPA}, .fill = coaxial,
	.parameter = {{"length", {1}, exp}, {"concentration", {0, 1}, kappa}, {"kappa", {0, 0, 1}, kappa}}},
    {.name = "G1", .role = MODEL_GROUP, .kinds = 1, .axes = 2, .angles = ANGLES, .axis = {TRAVEL, TURNING}, .fill = direction, .planted = {3, .2},
	.parameter = {{"alpha", {-1}, exp}, {"D", {-1, 1}, exp}}},
    {.name = "G2", .role = MODEL_GROUP, .kinds = 1, .axes = 2, .angles = ANGLES, .axis = {TRAVEL, TURNING}, .fill = diffusion, .planted = {3, .25},
	.parameter = {{"D11", {2}, exp}, {"D22", {0, 1}, exp}}},
    {.name = "G3", .role = MODEL_GROUP, .kinds = 1, .axes = 2, .angles = ANGLES, .axis = {TRAVEL, CONCENTRATION}, .fill = fan, .planted = {3, 3},
	.parameter = {{"length", {1}, exp}, {"concentration", {0, 1}, kappa}}},
};
/* clang-format on */
_Static_assert(
    sizeof models / sizeof *models <= MODELS_MOST, "MODELS_MOST is below the number of models");
const size_t models_count = sizeof models / sizeof *models;
