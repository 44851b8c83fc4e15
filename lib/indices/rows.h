/* What every row of lateral-stats' table needs: ranges of distance, counts of pairs, a row without numbers. */
#ifndef LATERAL_ROWS_H
#define LATERAL_ROWS_H

#include <stddef.h>
#include "indices/indices.h"

#define LATERAL_LEVEL .95 /* of intervals and bands */

/* How many samples the plan's bootstrap takes: of filters, then of single pairs. */
size_t lateral_samples(const struct lateral_plan *plan);

/* How many ranges there are, the whole as the first. */
size_t lateral_ranges(const struct lateral_plan *plan);

/* pairs i != j with a tap in each range; [0]: all pairs. count: (LATERAL_RANGES) */
void lateral_count_pairs(const struct units *set, const struct lateral_plan *plan, size_t *count);

/* A row of a range (0: the whole) and n pairs, its numbers nan. */
struct report_row lateral_row(const char *kernel, enum sign part, const char *quantity,
    const struct lateral_plan *plan, size_t range, size_t n);

#endif
