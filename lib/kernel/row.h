/* The table of lateral-stats and assoc-field --compare: one row per kernel, part, quantity and range of distance. */
#ifndef KERNEL_ROW_H
#define KERNEL_ROW_H

#include <stddef.h>
#include "table/table.h"

#define REPORT_COLUMNS "kernel part quantity value low high chance p n"

enum sign { SIGN_POSITIVE, SIGN_NEGATIVE, SIGN_BOTH };
extern const char *const sign_names[3];

struct report_row {
	const char *kernel; /* not owned */
	enum sign part;
	const char *quantity; /* not owned */
	double from, to;      /* range of |Delta| in px; to = 0: all of it */
	double value, low, high, chance, p;
	size_t n;
};

struct report {
	struct report_row *row;
	size_t count, capacity;
};

/* 0, or -1 without memory. */
int report_add(struct report *report, struct report_row row) __attribute__((warn_unused_result));

/* Every row, the range appended to the quantity as in "R_2[3,6)". Failures are kept for table_close. */
void report_write(const struct report *report, struct table_out *table);
void report_free(struct report *report);

#endif
