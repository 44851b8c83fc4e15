/*
 * Several models, trained alike from different seeds, as the outer level: what varies between them is what a statement about
 * such models has to exceed. Filters of one model share its training, so its own interval says nothing of the next.
 */
#ifndef LATERAL_SEEDS_H
#define LATERAL_SEEDS_H

#include "table/table.h"

#define SEEDS_COLUMNS                                                                              \
	"kernel part quantity value low high chance p n between_sd within_sd heterogeneity_p"

/*
 * One row for every kernel, part and quantity of the tables (lateral-stats' or assoc-field --compare's), in the order in
 * which they come, over the n tables that have a value there:
 *	value, low, high	mean and 95 % Student interval of the values
 *	chance			mean
 *	p			two-sided t test of value less chance (0 where there is none) against 0
 *	within_sd		root mean square of the tables' own standard errors, (high - low) / 3.92
 *	between_sd		root of the values' variance less that, 0 where that is more
 *	heterogeneity_p		Cochran's Q, values weighted by their own precision, against chi-squared, n - 1 degrees
 * nan where fewer than 2 tables have a value. 0 or -1 (a table that cannot be read or lacks a column); failures of writing
 * are kept for table_close.
 */
int seeds_combine(size_t count, char **files, struct table_out *out)
    __attribute__((warn_unused_result));

#endif
