/* Rows of the tables about a kernel. */
#include "kernel/row.h"
#include <stdio.h>

const char *const sign_names[3] = {"positive", "negative", "signed"};

void row_write(const struct row_cells *row, struct table_out *table)
{
	char quantity[96];
	if (row->to > 0)
		snprintf(quantity, sizeof quantity, "%s[%g,%g)", row->quantity, row->from, row->to);
	else
		snprintf(quantity, sizeof quantity, "%s", row->quantity);
	table_text(table, row->kernel);
	table_text(table, sign_names[row->sign]);
	table_text(table, quantity);
	TABLE_REALS(table, row->value, row->low, row->high, row->chance, row->p);
	table_int(table, (long long)row->n);
}
