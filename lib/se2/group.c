/* The group of positions and directions: see group.h. */
#include <math.h>
#include "se2/group.h"

double se2_wrap(double theta)
{
	double t = remainder(theta, 2 * M_PI);
	return t <= -M_PI ? M_PI : t;
}

struct se2 se2_compose(struct se2 g, struct se2 h)
{
	double c = cos(g.theta), s = sin(g.theta);
	return (struct se2){
	    g.x + h.x * c - h.y * s, g.y + h.x * s + h.y * c, se2_wrap(g.theta + h.theta)};
}

struct se2 se2_inverse(struct se2 g)
{
	double c = cos(g.theta), s = sin(g.theta);
	return (struct se2){-g.x * c - g.y * s, g.x * s - g.y * c, se2_wrap(-g.theta)};
}

/* sin(t)/t, and (1 - cos t)/t = sin(t/2) sinc(t/2) */
static double sinc(double t)
{
	return fabs(t) < 1e-4 ? 1 - t * t / 6 : sin(t) / t;
}

struct se2 se2_exp(struct se2_log c)
{
	double t = c.c2, a = sinc(t), b = sin(t / 2) * sinc(t / 2);
	return (struct se2){c.c1 * a - c.c3 * b, c.c1 * b + c.c3 * a, se2_wrap(t)};
}

struct se2_log se2_log_of(struct se2 g)
{
	double t = se2_wrap(g.theta), c = cos(t / 2), s = sin(t / 2), a = 1 / sinc(t / 2);
	return (struct se2_log){a * (g.x * c + g.y * s), t, a * (-g.x * s + g.y * c)};
}

struct se2 se2_curve(double k, double s)
{
	return se2_exp((struct se2_log){s, k * s, 0});
}
