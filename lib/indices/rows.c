#include "indices/rows.h"
#include <stdbool.h>
#include <string.h>
#include "stats/resample.h"

enum { R = LATERAL_RANGES };

size_t lateral_range(const struct lateral_plan *plan, double r)
{
	for (size_t e = 0; e + 1 < plan->edges; e++)
		if (r >= plan->edge[e] && r < plan->edge[e + 1])
			return e + 1;
	return 0;
}

size_t lateral_samples(const struct lateral_plan *plan)
{
	return plan->bootstrap + resample_dyads(plan->bootstrap);
}

void lateral_count_pairs(const struct units *set, const struct lateral_plan *plan, size_t *count)
{
	memset(count, 0, R * sizeof(*count));
	for (size_t p = 0; p < set->n * set->n; p++) {
		if (p / set->n == p % set->n)
			continue;
		bool seen[R] = {false};
		seen[0] = true;
		for (size_t t = 0; t < set->taps; t++)
			seen[lateral_range(plan, hypot(set->dx[t] + set->pair[p].x,
						     set->dy[t] + set->pair[p].y))] = true;
		for (size_t r = 0; r < R; r++)
			count[r] += seen[r];
	}
}

size_t lateral_ranges(const struct lateral_plan *plan)
{
	return plan->edges > 1 ? plan->edges : 1;
}

struct report_row lateral_row(const char *kernel, enum sign part, const char *quantity,
    const struct lateral_plan *plan, size_t range, size_t n)
{
	return (struct report_row){.kernel = kernel,
	    .part = part,
	    .quantity = quantity,
	    .from = range ? plan->edge[range - 1] : 0,
	    .to = range ? plan->edge[range] : 0,
	    .value = NAN,
	    .low = NAN,
	    .high = NAN,
	    .chance = NAN,
	    .p = NAN,
	    .n = n};
}
