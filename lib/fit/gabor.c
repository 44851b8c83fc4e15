/* Gabor functions: see gabor.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "fit/bank.h"
#include "fit/gabor.h"
#include "table/table.h"

double gabor_value(const struct gabor *g, double x, double y)
{
	double s = sin(g->theta), c = cos(g->theta);
	double u = -(x - g->x0) * s + (y - g->y0) * c, v = (x - g->x0) * c + (y - g->y0) * s;
	double p = u / g->sigma_across, q = v / g->sigma_along;
	return g->amplitude * exp(-(p * p + q * q) / 2) *
		   cos(2 * M_PI * g->frequency * u + g->phase) +
	       g->offset;
}

void gabor_sample(const struct gabor *gabor, struct extent size, double *x)
{
	for (size_t r = 0; r < size.h; r++) {
		for (size_t c = 0; c < size.w; c++)
			x[r * size.w + c] =
			    gabor_value(gabor, bank_x(size.w, c), bank_y(size.h, r));
	}
}

struct gabor gabor_canonical(struct gabor g)
{
	if (g.amplitude < 0) {
		g.amplitude = -g.amplitude;
		g.phase += M_PI;
	}
	if (g.frequency < 0) {
		g.frequency = -g.frequency;
		g.phase = -g.phase;
	}
	double turns = floor(g.theta / M_PI);
	g.theta -= turns * M_PI;
	if (g.theta >= M_PI || g.theta < 0) { /* rounded up to pi */
		g.theta = 0;
		turns += 1;
	}
	if (fmod(turns, 2) != 0) /* half a turn reverses u */
		g.phase = -g.phase;
	g.phase = remainder(g.phase, 2 * M_PI);
	if (g.phase <= -M_PI)
		g.phase = M_PI;
	g.sigma_across = fabs(g.sigma_across);
	g.sigma_along = fabs(g.sigma_along);
	return g;
}

double gabor_octaves(double nx)
{
	if (isnan(nx))
		return NAN;
	return nx > GABOR_NX_MIN ? log2((nx + GABOR_NX_MIN) / (nx - GABOR_NX_MIN)) : INFINITY;
}

double gabor_half_width(double nx, double ny)
{
	/* with z = 1 - cos t: (nx^2 - ny^2) z^2 + 2 ny^2 z - c^2 = 0, the smallest root in (0, 2] */
	double a = nx * nx - ny * ny, b = ny * ny, c = GABOR_NX_MIN * GABOR_NX_MIN;
	double root = b * b + a * c;
	if (!(root >= 0))
		return NAN;
	double z = c / (b + sqrt(root));
	return z <= 2 ? acos(1 - z) : NAN;
}

/* column "profile" of a row; tables of others may have none */
static enum gabor_profile profile_of(const struct table *table, size_t row)
{
	if (!table_has(table, "profile"))
		return GABOR_UNKNOWN;
	const char *cell = table_cell(table, row, (size_t)table_column(table, "profile"));
	return strcmp(cell, "filter") == 0      ? GABOR_FILTER
	       : strcmp(cell, "effective") == 0 ? GABOR_EFFECTIVE
						: GABOR_UNKNOWN;
}

int gabor_table_read(const char *file, struct gabor_row **rows, size_t *count)
{
	static const char *const names[] = {"record", "filter", "accepted", "r", "r2", "theta_deg",
	    "phase_deg", "sf_cpp", "sigma_across_px", "sigma_along_px", "x0_px", "y0_px",
	    "amplitude", "offset"};
	enum { COLUMNS = sizeof names / sizeof *names };
	struct table table;
	double *cells[COLUMNS] = {NULL};
	*rows = NULL;
	*count = 0;
	if (table_read(file, &table) < 0)
		return -1;
	int status = table.rows ? 0 : err_set("%s: a table without rows", file);
	for (size_t i = 0; i < COLUMNS && !status; i++) {
		cells[i] = mem_alloc(table.rows, sizeof **cells);
		status = cells[i] ? table_reals(&table, names[i], cells[i]) : -1;
	}
	if (!status && !(*rows = mem_alloc(table.rows, sizeof **rows)))
		status = -1;
	for (size_t i = 0; i < table.rows && !status; i++) {
		if (!(cells[0][i] >= 0 && cells[0][i] < 1e15 && cells[1][i] >= 0 &&
			cells[1][i] < 1e15)) {
			status = err_set(
			    "%s: row %zu: record and filter are numbers from 0", file, i + 1);
			break;
		}
		if (cells[2][i] != 0 && cells[2][i] != 1) {
			status = err_set(
			    "%s: row %zu: accepted is 0 or 1, not %g", file, i + 1, cells[2][i]);
			break;
		}
		(*rows)[i] = (struct gabor_row){.record = (size_t)cells[0][i],
		    .filter = (size_t)cells[1][i],
		    .accepted = cells[2][i] == 1,
		    .r = cells[3][i],
		    .r2 = cells[4][i],
		    .gabor = {.theta = cells[5][i] / 180 * M_PI,
			.phase = cells[6][i] / 180 * M_PI,
			.frequency = cells[7][i],
			.sigma_across = cells[8][i],
			.sigma_along = cells[9][i],
			.x0 = cells[10][i],
			.y0 = cells[11][i],
			.amplitude = cells[12][i],
			.offset = cells[13][i]},
		    .profile = profile_of(&table, i)};
	}
	if (status) {
		free(*rows);
		*rows = NULL;
	} else {
		*count = table.rows;
	}
	for (size_t i = 0; i < COLUMNS; i++)
		free(cells[i]);
	table_free(&table);
	return status;
}
