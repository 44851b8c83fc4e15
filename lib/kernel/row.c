#include "kernel/row.h"
#include <stdio.h>
#include <stdlib.h>
#include "base/memory.h"

const char *const sign_names[3] = {"positive", "negative", "signed"};

int report_add(struct report *report, struct report_row row)
{
	if (mem_grow(
		(void **)&report->row, &report->capacity, report->count + 1, sizeof(*report->row)))
		return -1;
	report->row[report->count++] = row;
	return 0;
}

void report_write(const struct report *report, struct table_out *table)
{
	for (size_t i = 0; i < report->count; i++) {
		const struct report_row *row = &report->row[i];
		char quantity[96];
		if (row->to > 0)
			snprintf(quantity, sizeof quantity, "%s[%g,%g)", row->quantity, row->from,
			    row->to);
		else
			snprintf(quantity, sizeof quantity, "%s", row->quantity);
		table_text(table, row->kernel);
		table_text(table, sign_names[row->part]);
		table_text(table, quantity);
		table_real(table, row->value);
		table_real(table, row->low);
		table_real(table, row->high);
		table_real(table, row->chance);
		table_real(table, row->p);
		table_int(table, (long long)row->n);
	}
}

void report_free(struct report *report)
{
	free(report->row);
	*report = (struct report){0};
}
