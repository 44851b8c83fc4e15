/* Integral curves as tables: see fan.h. */
#include <math.h>
#include "se2/fan.h"

#define SIDE 4 /* curves on each side of the straight one */

/* The angle in (-period/2, period/2], in degrees. */
static double nearest(const struct se2_grid *grid, double theta)
{
	double period = grid->undirected ? M_PI : 2 * M_PI, t = remainder(theta, period);
	return (t <= -period / 2 ? t + period : t) * 180 / M_PI;
}

static double sinc(double t)
{
	return fabs(t) < 1e-4 ? 1 - t * t / 6 : sin(t) / t;
}

/* The integral curve of X1 + k X2 through e at arclength s, a circle of curvature k (1/px): x = sin(ks)/k,
 * y = (1 - cos ks)/k, theta = ks. */
struct point {
	double x, y, theta;
};

static struct point curve(double k, double s)
{
	double t = k * s;
	return (struct point){s * sinc(t), s * sin(t / 2) * sinc(t / 2), t};
}

/* What the process turns by per px, 1/px. */
static double curvature(const struct se2_model *m)
{
	double t = m->travel == SE2_FIXED ? m->length : m->order / m->alpha;
	return m->process == SE2_DIRECTION ? sqrt(2 * m->d / t) : sqrt(m->d / m->d11);
}

void se2_fan(const struct se2_model *model, const struct se2_grid *grid, struct table_out *table)
{
	double sharpest = curvature(model), edge_x = ((double)grid->width - 1) / 2 * grid->step,
	       edge_y = ((double)grid->height - 1) / 2 * grid->step;
	bool one_way = model->process == SE2_DIRECTION && !grid->undirected && !grid->symmetric;
	bool before = !one_way || grid->frame == SE2_AT_TARGET;
	bool after = !one_way || grid->frame == SE2_AT_SOURCE;
	int side = sharpest > 0 ? SIDE : 0;
	for (int i = -side; i <= side; i++) {
		double k = side ? sharpest * i / side : 0, ds = fmin(grid->step / 2, .1 / fabs(k));
		/* from e as far as the curve stays: by symmetry as far on the other side */
		long steps = 0;
		for (;; steps++) {
			double s = (double)(steps + 1) * ds;
			struct point g = curve(k, s);
			if (fabs(g.x) > edge_x || fabs(g.y) > edge_y || fabs(k * s) > M_PI)
				break;
		}
		for (long n = before ? -steps : 0; n <= (after ? steps : 0); n++) {
			double s = (double)n * ds;
			struct point g = curve(k, s);
			table_int(table, i + side);
			TABLE_REALS(table, k, s, g.x, g.y, nearest(grid, g.theta));
		}
	}
}
