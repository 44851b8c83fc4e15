/* Rows of the tables about a kernel: a quantity of one sign of its weights, and what it is worth. */
#ifndef KERNEL_ROW_H
#define KERNEL_ROW_H

#include <stddef.h>
#include "table/table.h"

#define ROW_COLUMNS "kernel part quantity value low high chance p n"

/* Which weights: the positive ones, the sizes of the negative ones, or all with their sign. */
enum sign { SIGN_POSITIVE, SIGN_NEGATIVE, SIGN_BOTH };
extern const char *const sign_names[3]; /* column part */

struct row_cells {
	const char *kernel;
	enum sign sign;
	const char *quantity;
	double from,
	    to; /* range of |Delta| in px, appended to the quantity as in R_2[3,6); to = 0: none */
	double value, low, high, chance, p;
	size_t n;
};

/* The cells of ROW_COLUMNS. Failures are kept for table_close. */
void row_write(const struct row_cells *row, struct table_out *table);

#endif
