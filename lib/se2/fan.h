/*
 * Integral curves on the group SE(2) of positions and directions as a table: (x, y, theta) is the motion that turns by
 * theta and then shifts by (x, y); x right, y up, px; angles in rad, counter-clockwise. Left-invariant fields:
 * X1 = cos theta d_x + sin theta d_y, X2 = d_theta.
 */
#ifndef SE2_FAN_H
#define SE2_FAN_H

#include "se2/kernel.h"
#include "table/table.h"

/*
 * The fan of Citti and Sarti's (2006) association field: integral curves exp(s (X1 + k X2)) through e, nine
 * curvatures k (1/px) in equal steps between - and + what the process turns by in its mean travel time t, per px (rms):
 *	direction process	sqrt(2 D t)/t
 *	diffusion		sqrt(2 D t)/sqrt(2 D11 t)
 * (one curve, k = 0, where D is 0). Points lie every half step of the grid, or every 1/10 rad where that is less, as
 * long as they are on the grid and turn by at most pi. s runs to the sides that the kernel has: both, but for
 * the directed direction process s >= 0 in the source's frame and s <= 0, where sources lie, in the target's.
 * theta in (-180, 180], for orientations in (-90, 90] degrees.
 */
#define SE2_FAN_COLUMNS "curve curvature_per_px s_px x_px y_px theta_deg"
void se2_fan(const struct se2_model *model, const struct se2_grid *grid, struct table_out *table);

#endif
