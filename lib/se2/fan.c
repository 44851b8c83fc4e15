/* Integral curves as tables: see fan.h. */
#include <math.h>
#include "se2/fan.h"
#include "se2/group.h"

#define SIDE 4 /* curves on each side of the straight one */

/* The angle in (-period/2, period/2]. */
static double nearest(const struct se2_grid *grid, double theta)
{
	double t = se2_wrap(theta);
	return !grid->undirected ? t : t > M_PI / 2 ? t - M_PI : t <= -M_PI / 2 ? t + M_PI : t;
}

static double degrees(double rad)
{
	return rad * 180 / M_PI;
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
			struct se2 g = se2_curve(k, s);
			if (fabs(g.x) > edge_x || fabs(g.y) > edge_y || fabs(k * s) > M_PI)
				break;
		}
		for (long n = before ? -steps : 0; n <= (after ? steps : 0); n++) {
			double s = (double)n * ds;
			struct se2 g = se2_curve(k, s);
			table_int(table, i + side);
			table_real(table, k);
			table_real(table, s);
			table_real(table, g.x);
			table_real(table, g.y);
			table_real(table, degrees(nearest(grid, g.theta)));
		}
	}
}

void se2_logs(const struct se2_grid *grid, struct table_out *table)
{
	for (size_t t = 0; t < grid->angles; t++)
		for (size_t r = 0; r < grid->height; r++)
			for (size_t c = 0; c < grid->width; c++) {
				struct se2 g = {
				    ((double)c - ((double)grid->width - 1) / 2) * grid->step,
				    (((double)grid->height - 1) / 2 - (double)r) * grid->step,
				    nearest(grid, grid->theta[t])};
				struct se2_log v = se2_log_of(g);
				table_real(table, g.x);
				table_real(table, g.y);
				table_real(table, degrees(g.theta));
				table_real(table, v.c1);
				table_real(table, v.c2);
				table_real(table, v.c3);
			}
}
