/*
 * The group SE(2) of positions and directions: (x, y, theta) is the motion that turns by theta and then
 * shifts by (x, y); x right, y up, px; angles in rad, counter-clockwise.
 *
 * Left-invariant fields: X1 = cos theta d_x + sin theta d_y, X2 = d_theta, X3 = -sin theta d_x + cos theta d_y, so that
 * [X1, X2] = -X3, [X2, X3] = -X1, [X1, X3] = 0. (Citti and Sarti 2006 call +[X1, X2] their X3.)
 */
#ifndef SE2_GROUP_H
#define SE2_GROUP_H

struct se2 {
	double x, y, theta;
};

/* Coordinates of the first kind: exp(c1 X1 + c2 X2 + c3 X3). */
struct se2_log {
	double c1, c2, c3;
};

/* An angle in (-pi, pi]. */
double se2_wrap(double theta);

/* g h = (x + x' cos theta - y' sin theta, y + x' sin theta + y' cos theta, theta + theta'), angle wrapped. */
struct se2 se2_compose(struct se2 g, struct se2 h);

struct se2 se2_inverse(struct se2 g);

/* exp: |c2| may exceed pi (the curve then winds); the result's angle is wrapped. */
struct se2 se2_exp(struct se2_log c);

/* log, by the wrapped angle: c2 = theta in (-pi, pi]; se2_exp(se2_log_of(g)) = g. */
struct se2_log se2_log_of(struct se2 g);

/* The integral curve of X1 + k X2 through e at arclength s: theta = k s, x = sin(ks)/k, y = (1 - cos ks)/k, a circle
 * of curvature k (1/px), the fan of Citti and Sarti's association field. The point's polar angle is ks/2:
 * theta = 2 phi, cocircularity. The angle is wrapped. */
struct se2 se2_curve(double k, double s);

#endif
