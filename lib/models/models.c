/* The densities of the models and the table of them. */
#include "models/models.h"
#include "kernel/units.h"
#include "se2/kernel.h"

#define PI UNITS_PI
#define A (.49 + 1. / 12)       /* px^2: variance of the aperture, .7 px and the pixel's cell */
#define ANGLE (5 * PI / 180)    /* rad: that of the group models over angles */
#define ANGLES 36
#define HARMONICS 40
#define LENGTH 16               /* px: sigma, 1/alpha, sqrt(D11) at most */

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
			float x = (float)value(of, (double)c * DENSITY_STEP, (double)r * DENSITY_STEP);
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

static int process(struct se2_model model, double length, double reach, size_t threads, struct density *d)
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
	return process((struct se2_model){.process = SE2_DIRECTION, .alpha = 1 / length, .d = exp(at[1]) / length},
	    length, reach, threads, d);
}

/* G2: logarithms of sqrt(D11) and D22 at alpha = 1 */
static int diffusion(size_t kind, const double *at, double reach, size_t threads, struct density *d)
{
	(void)kind;
	double length = exp(at[0]);
	return process((struct se2_model){.process = SE2_DIFFUSION, .alpha = 1, .d11 = length * length, .d = exp(at[1])},
	    length, reach, threads, d);
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

#define WIDTH(nodes) {of_width, 0, LENGTH, nodes}
#define KAPPA {of_kappa, 0, MODEL_KAPPA_MAX, MODEL_KAPPAS}
#define TRAVEL {log, .25, LENGTH, 14}
#define TURNING {log, .01, 10, 10} /* rad^2 */

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
    {.name = "G1", .role = MODEL_GROUP, .kinds = 1, .axes = 2, .angles = ANGLES, .axis = {TRAVEL, TURNING}, .fill = direction,
	.parameter = {{"alpha", {-1}, exp}, {"D", {-1, 1}, exp}}},
    {.name = "G2", .role = MODEL_GROUP, .kinds = 1, .axes = 2, .angles = ANGLES, .axis = {TRAVEL, TURNING}, .fill = diffusion,
	.parameter = {{"D11", {2}, exp}, {"D22", {0, 1}, exp}}},
};
const size_t models_count = sizeof models / sizeof *models;
