/* Any bytes as a table: every column is read as numbers, or refused with a reason. */
#define FUZZ_NAME "table"
#include "fuzz.h"
#include "base/error.h"
#include "table/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct table table;
	err_set("%s", "");
	if (table_read(fuzz_file(data, size), &table) < 0) {
		FUZZ_CHECK(err_reason()[0]);
		return 0;
	}
	double *x = malloc((table.rows + 1) * sizeof *x);
	FUZZ_CHECK(x);
	for (size_t i = 0; i < table.columns; i++) {
		err_set("%s", "");
		FUZZ_CHECK(table_reals(&table, table.names[i], x) == 0 || err_reason()[0]);
		for (size_t r = 0; r < table.rows; r++)
			FUZZ_CHECK(table_cell(&table, r, i));
	}
	free(x);
	table_free(&table);
	return 0;
}
