/* Lists of numbers in one option's argument: "0,45,90" or "first:last:count". */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include "base/options.h"

struct list {
	double *x;
	size_t count; /* at least 1 */
};

/* Parse text into list: numbers separated by commas, or first:last:count, which stands for count
 * numbers from first to last (both included) at equal distances, or in equal ratios where
 * geometric. Every number must lie in range. 0, or -1 with a reason that starts with the number at
 * fault; free with free(list->x). */
int list_parse(const char *text, bool geometric, struct opt_range range, struct list *list)
    __attribute__((warn_unused_result));

#endif
