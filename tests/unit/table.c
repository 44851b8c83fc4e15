/* Angles in tables: what is printed lies in its range. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "check.h"
#include "table/table.h"

int main(void)
{
	const double nearly = 180 * (1 - 1e-14);
	/* degrees, as an orientation, as a phase */
	const double cases[][3] = {{0, 0, 0}, {nearly, 0, 180}, {-1e-12, 0, -1e-12}, {180, 0, 180}, {-180, 0, 180},
	    {-nearly, 180 - nearly, 180}, {179.5, 179.5, 179.5}, {-30, 150, -30}, {270, 90, -90}, {360 + 12.5, 12.5, 12.5},
	    {NAN, NAN, NAN}};
	enum { ROWS = sizeof cases / sizeof *cases };
	char file[] = "table-XXXXXX";
	double orientation[ROWS], phase[ROWS];
	struct table table;
	int descriptor = mkstemp(file);
	CHECK(descriptor >= 0 && close(descriptor) == 0);
	struct table_out *out = table_create(file, "orientation phase");
	for (size_t i = 0; i < ROWS; i++) {
		table_orientation(out, cases[i][0]);
		table_phase(out, cases[i][0]);
	}
	CHECK(table_close(out) == 0 && table_read(file, &table) == 0 && table.rows == ROWS);
	CHECK(table_reals(&table, "orientation", orientation) == 0 && table_reals(&table, "phase", phase) == 0);
	for (size_t i = 0; i + 1 < ROWS; i++) {
		CHECK(orientation[i] >= 0 && orientation[i] < 180 && phase[i] > -180 && phase[i] <= 180);
		CHECK_CLOSE(orientation[i], cases[i][1], 1e-9);
		CHECK_CLOSE(phase[i], cases[i][2], 1e-9);
	}
	CHECK(isnan(orientation[ROWS - 1]) && isnan(phase[ROWS - 1]));
	table_free(&table);
	unlink(file);
	return check_end();
}
