/* Local contrast normalisation: see lcn.h. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <tgmath.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "base/vector.h"
#include "conv/filter2d.h"
#include "conv/kernels.h"
#include "conv/lcn.h"
#include "conv/mean.h"

/* contrast below this part of the image's range is rounding, not contrast */
#define NOTHING (16 * REAL_EPSILON)

struct lcn {
	size_t h, w, threads;
	struct filter2d *blur;
	real *centred, *blurred, *range; /* (room, h, w) twice; (room) */
	size_t room;
};

struct lcn *lcn_plan(size_t h, size_t w, double sigma, size_t threads)
{
	size_t k;
	double *kernel = kernel_gaussian(sigma, &k);
	struct lcn *lcn = kernel ? calloc(1, sizeof *lcn) : NULL;
	if (lcn) {
		lcn->h = h;
		lcn->w = w;
		lcn->threads = threads;
		lcn->blur = filter2d_plan(h, w, k, k, kernel, BORDER_MIRROR, threads);
	} else if (kernel) {
		err_set("normalisation: no room for its plan");
	}
	free(kernel);
	if (lcn && !lcn->blur) {
		lcn_free(lcn);
		return NULL;
	}
	return lcn;
}

void lcn_free(struct lcn *lcn)
{
	if (!lcn)
		return;
	filter2d_free(lcn->blur);
	free(lcn->centred);
	free(lcn->blurred);
	free(lcn->range);
	free(lcn);
}

static int reserve(struct lcn *lcn, size_t n)
{
	if (n <= lcn->room)
		return 0;
	size_t pixels = lcn->h * lcn->w;
	free(lcn->centred);
	free(lcn->blurred);
	free(lcn->range);
	lcn->room = 0;
	lcn->centred = mem_alloc(n * pixels, sizeof *lcn->centred);
	lcn->blurred = mem_alloc(n * pixels, sizeof *lcn->blurred);
	lcn->range = mem_alloc(n, sizeof *lcn->range);
	if (!lcn->centred || !lcn->blurred || !lcn->range)
		return -1;
	lcn->room = n;
	return 0;
}

struct job {
	struct lcn *lcn;
	const real *x;
	real *y;
};

FOR_CPUS static real largest_of(const real *x, size_t n)
{
	enum { PARTS = 16 };
	real part[PARTS] = {0}, largest = 0;
	size_t i = 0;
	for (; i + PARTS <= n; i += PARTS)
		for (size_t j = 0; j < PARTS; j++)
			part[j] = fabs(x[i + j]) > part[j] ? fabs(x[i + j]) : part[j];
	for (; i < n; i++)
		largest = fabs(x[i]) > largest ? fabs(x[i]) : largest;
	for (size_t j = 0; j < PARTS; j++)
		largest = part[j] > largest ? part[j] : largest;
	return largest;
}

/* the image minus its mean: a constant becomes exactly 0 */
static int centre(size_t item, size_t worker, void *argument)
{
	(void)worker;
	const struct job *job = argument;
	size_t pixels = job->lcn->h * job->lcn->w;
	const real *x = job->x + item * pixels;
	real *to = job->lcn->centred + item * pixels;
	job->lcn->range[item] = largest_of(x, pixels);
	real mean = mean_of(x, pixels);
	for (size_t i = 0; i < pixels; i++)
		to[i] = x[i] - mean;
	return 0;
}

/* y = v; centred = v^2 */
static int subtract(size_t item, size_t worker, void *argument)
{
	(void)worker;
	const struct job *job = argument;
	size_t pixels = job->lcn->h * job->lcn->w;
	real *centred = job->lcn->centred + item * pixels, *y = job->y + item * pixels;
	const real *blurred = job->lcn->blurred + item * pixels;
	for (size_t i = 0; i < pixels; i++) {
		y[i] = centred[i] - blurred[i];
		centred[i] = y[i] * y[i];
	}
	return 0;
}

/* in place; what rounding left below 0 is 0 */
FOR_CPUS static void roots(real *restrict x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		x[i] = sqrt(x[i] > 0 ? x[i] : 0);
}

FOR_CPUS static void quotients(
    real *restrict y, const real *restrict deviation, real least, size_t n)
{
	for (size_t i = 0; i < n; i++)
		y[i] /= deviation[i] > least ? deviation[i] : least;
}

/* y = v / max(c, s) */
static int divide(size_t item, size_t worker, void *argument)
{
	(void)worker;
	const struct job *job = argument;
	size_t pixels = job->lcn->h * job->lcn->w;
	real *deviation = job->lcn->blurred + item * pixels, *y = job->y + item * pixels;
	roots(deviation, pixels);
	real least = mean_of(deviation, pixels);
	if (least > NOTHING * job->lcn->range[item])
		quotients(y, deviation, least, pixels);
	else
		memset(y, 0, pixels * sizeof *y);
	return 0;
}

int lcn_exec(struct lcn *lcn, const real *x, real *y, size_t n)
{
	struct job job = {lcn, x, y};
	if (reserve(lcn, n) < 0 || par_for(n, lcn->threads, centre, &job) < 0 ||
	    filter2d_exec(lcn->blur, lcn->centred, lcn->blurred, n) < 0 ||
	    par_for(n, lcn->threads, subtract, &job) < 0 ||
	    filter2d_exec(lcn->blur, lcn->centred, lcn->blurred, n) < 0)
		return -1;
	return par_for(n, lcn->threads, divide, &job);
}
