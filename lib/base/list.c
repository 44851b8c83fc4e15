/* Lists of numbers: see list.h. */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include "base/error.h"
#include "base/list.h"
#include "base/memory.h"

#define LIST_MAX 100000 /* numbers: a count beyond it is a slip */

static bool inside(double x, struct opt_range range)
{
	return isfinite(x) && (range.open_min ? x > range.min : x >= range.min) &&
	       (range.open_max ? x < range.max : x <= range.max);
}

/* The number at *text, which moves behind it. 0 or -1. */
static int number(const char **text, double *x)
{
	char *end;

	*x = strtod(*text, &end);
	if (end == *text || isspace((unsigned char)**text))
		return err_usage("'%s': not a number", *text);
	*text = end;
	return 0;
}

static int series(const char *text, bool geometric, struct list *list)
{
	double first, last, count;

	if (number(&text, &first))
		return -1;
	if (*text++ != ':' || number(&text, &last) || *text++ != ':' || number(&text, &count) ||
	    *text)
		return err_usage("not of the form first:last:count");
	if (!(count >= 1 && count <= LIST_MAX) || count != floor(count))
		return err_usage("the count is not a whole number from 1 to %d", LIST_MAX);
	if (count < 2 && first != last)
		return err_usage("one number cannot run from %g to %g", first, last);
	if (geometric && !(first > 0 && last > 0))
		return err_usage("equal ratios need positive numbers");
	list->count = (size_t)count;
	if (!(list->x = mem_alloc(list->count, sizeof(double))))
		return -1;
	for (size_t i = 0; i < list->count; i++) {
		double t = list->count > 1 ? (double)i / (count - 1) : 0;
		list->x[i] = geometric ? first * pow(last / first, t) : first + t * (last - first);
	}
	list->x[list->count - 1] = last;
	return 0;
}

static int enumeration(const char *text, struct list *list)
{
	void *x = NULL;
	size_t capacity = 0;

	list->count = 0;
	do {
		if (mem_grow(&x, &capacity, list->count + 1, sizeof(double))) {
			free(x);
			return -1;
		}
		if (number(&text, (double *)x + list->count++)) {
			free(x);
			return -1;
		}
	} while (*text == ',' && *++text);
	list->x = x;
	if (*text || text[-1] == ',') {
		free(x);
		list->x = NULL;
		return err_usage(
		    "'%s': numbers are separated by single commas", *text ? text : ",");
	}
	return 0;
}

int list_parse(const char *text, bool geometric, struct opt_range range, struct list *list)
{
	bool colon = false;

	for (const char *c = text; *c; c++)
		colon |= *c == ':';
	list->x = NULL;
	if (colon ? series(text, geometric, list) : enumeration(text, list))
		return -1;
	for (size_t i = 0; i < list->count; i++) {
		if (inside(list->x[i], range))
			continue;
		err_usage("%g: outside %c%g, %g%c", list->x[i], range.open_min ? '(' : '[',
		    range.min, range.max, range.open_max ? ')' : ']');
		free(list->x);
		list->x = NULL;
		return -1;
	}
	return 0;
}
