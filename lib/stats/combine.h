/*
 * Tables of several models, trained alike from different seeds, as one. Units of a model share its training, so its own
 * intervals say nothing of the next; what varies between models is what a statement about such models has to exceed.
 */
#ifndef STATS_COMBINE_H
#define STATS_COMBINE_H

#include "table/table.h"

#define COMBINE_COLUMNS                                                                            \
	"kernel part quantity value low high chance p n between_sd within_sd heterogeneity_p "     \
	"c1 c2 c3 remains"

/*
 * One row for every kernel, part and quantity of the tables (lateral-stats' or compare-models'), in the order in which
 * they come, over the n tables that have a value there:
 *	value, low, high	mean and 95 % Student interval of the values
 *	chance			mean
 *	p			two-sided t test of value less chance against 0
 *	within_sd		root mean square of the tables' own standard errors: the interval's width over 2 t, with
 *				Student's t for the units that make the most ordered pairs of the table (column n)
 *	between_sd		root of the values' variance less that, 0 where that is more
 *	heterogeneity_p		Cochran's Q, values weighted by their own precision, against chi-squared, n - 1 degrees
 *	c1, c2, c3, remains	means of these columns where a table has them; nan where one lacks the number
 * nan where fewer than 2 tables have a value. 0 or -1 (a table that cannot be read or lacks a column); failures of writing
 * are kept for table_close.
 */
int combine_tables(size_t count, char **files, struct table_out *out)
    __attribute__((warn_unused_result));

#endif
