/*
 * se2-kernel: densities of the direction process (Mumford 1994) and of the sub-Riemannian diffusion (Citti and Sarti
 * 2006) on positions and orientations, as an orientation kernel.
 */
#include <stdlib.h>
#include "base/memory.h"
#include "base/threads.h"
#include "base/tool.h"
#include "npys/npys.h"
#include "se2/fan.h"
#include "se2/kernel.h"
#include "se2/stream.h"

static struct se2_model model;
static struct se2_aperture aperture;
static struct se2_grid grid;
static int process, period, frame;
static size_t count, order, threads;
static double length, degrees;
static bool fixed, sized, counted, harmonics_given;
static const char *angles, *output, *curves;

static const struct opt options[] = {
    OPT_CHOICE('m', "model", &process, "direction", "direction,diffusion", "the process"),
    OPT_REAL(
	'a', "alpha", &model.alpha, "0.25", OPEN(0, INFINITY), "rate", "rate of the travel times"),
    OPT_COUNT('k', "order", &order, "1", CLOSED(1, 64), "number",
	"order of the Gamma travel times; 1: resolvent"),
    OPT_REAL_GIVEN('l', "length", &length, &fixed, OPEN(0, INFINITY), "length",
	"one fixed travel time instead"),
    OPT_REAL('D', "diffusion", &model.d, "0.08", AT_LEAST(0), "rate", "angular diffusion D"),
    OPT_REAL(
	'L', "along", &model.d11, "1", OPEN(0, INFINITY), "rate", "D11 of the diffusion process"),
    OPT_COUNT('w', "width", &grid.width, "65", CLOSED(1, 4096), "px", "columns"),
    OPT_COUNT_GIVEN('H', "height", &grid.height, &sized, CLOSED(1, 4096), "px",
	"rows (default: as many as columns)"),
    OPT_COUNT_GIVEN('n', "count", &count, &counted, CLOSED(1, 4096), "number",
	"orientations in equal steps from 0 (default: 36)"),
    OPT_TEXT(
	'A', "angles", &angles, NULL, "file", "orientations: the first record of this stream, rad"),
    OPT_CHOICE('p', "period", &period, "pi", "pi,2pi", "undirected orientations or directions"),
    OPT_FLAG('S', "symmetric", &grid.symmetric, "directions, followed either way (S_odd)"),
    OPT_CHOICE(
	'f', "frame", &frame, "target", "target,source", "whose frame the displacement is in"),
    OPT_REAL(0, "sigma", &aperture.sigma, "0.7", AT_LEAST(0), "px", "aperture in space"),
    OPT_REAL(0, "sigma-theta", &degrees, "5", AT_LEAST(0), "deg", "aperture in orientation"),
    OPT_FLAG('c', "cell", &aperture.cell, "average over the pixel's square too"),
    OPT_REAL(0, "step", &grid.step, "1", OPEN(0, INFINITY), "px", "distance between grid points"),
    OPT_COUNT_GIVEN('N', "harmonics", &model.harmonics, &harmonics_given, CLOSED(1, 1024), "number",
	"angular frequencies -N to N (default: by the aperture, 60 or more)"),
    OPT_TEXT('C', "curves", &curves, NULL, "file", "write integral curves of X1 + k X2 here"),
    OPT_OUTPUT(&output),
    OPT_THREADS(&threads, NULL),
    OPT_END,
};
static const struct opt_rule rules[] = {
    OPT_RULE("count", ABSENT("angles")),
    OPT_RULE("alpha,order", ABSENT("length")),
    OPT_RULE("along", ONE_OF("model", "diffusion")),
    /* the kernels of undirected orientations and of directions followed either way are the same in both frames */
    OPT_RULE("symmetric,frame", ONE_OF("period", "2pi")),
    OPT_RULE("frame", ABSENT("symmetric")),
    OPT_RULES_END,
};
static const struct tool tool = {"se2-kernel",
    "densities of stochastic processes on positions and orientations", "", 0, 0, options, rules};

/* The orientations: given or uniform. */
static double *orientations(void)
{
	double *theta;
	if (angles) {
		struct npys_in *in = tool_need(npys_open_file(angles));
		struct npys_array array;
		tool_check(npys_next_array(in, &array, (size_t)1 << 16));
		npys_close_in(in);
		if (array.header.rank != 1 || array.header.elements < 1) {
			err_set("%s: orientations are a record (T,), this has %zu axes", angles,
			    array.header.rank);
			tool_fail();
		}
		tool_check(orientation_check_angles(
		    angles, array.x, array.header.elements, grid.undirected ? M_PI : 2 * M_PI));
		grid.angles = array.header.elements;
		return array.x;
	}
	grid.angles = counted ? count : 36;
	theta = tool_need(mem_alloc(grid.angles, sizeof *theta));
	se2_uniform(grid.angles, grid.undirected ? M_PI : 2 * M_PI, theta);
	return theta;
}

int main(int argc, char **argv)
{
	tool_start(&tool, argc, argv);
	aperture.sigma_theta = degrees * M_PI / 180;
	if (!harmonics_given && !(se2_harmonics(&aperture) <= 1024))
		tool_usage("--sigma-theta: %g degrees need more than 1024 harmonics; --harmonics "
			   "cuts them",
		    degrees);
	if (!harmonics_given)
		model.harmonics = (size_t)se2_harmonics(&aperture);
	model.process = process == 0 ? SE2_DIRECTION : SE2_DIFFUSION;
	model.travel = fixed ? SE2_FIXED : SE2_GAMMA;
	model.order = (unsigned)order;
	model.length = length;
	grid.undirected = period == 0;
	grid.frame = frame == 0 ? SE2_AT_TARGET : SE2_AT_SOURCE;
	if (!sized)
		grid.height = grid.width;
	double *theta = orientations();
	grid.theta = theta;

	struct npys_out *out = tool_need(npys_create(output));
	struct table_out *fan = NULL;
	if (curves)
		fan = tool_need(table_create(curves, SE2_FAN_COLUMNS));
	size_t pixels, points;
	tool_check(mem_multiply(grid.height, grid.width, &pixels));
	tool_check(mem_multiply(pixels, grid.angles, &points));
	float *k = tool_need(mem_alloc(points, sizeof *k));
	tool_check(se2_kernel(&model, &grid, &aperture, par_threads(threads), k));
	tool_check(orientation_write(out, grid.angles, grid.height, grid.width, theta, k));
	if (fan) {
		se2_fan(&model, &grid, fan);
		tool_check(table_close(fan));
	}
	tool_check(npys_close(out));
	free(theta);
	free(k);
	return STATUS_OK;
}
