/* Unit tests print TAP; main ends with `return check_end();`. No NaN passes a comparison. */
#ifndef TESTS_UNIT_CHECK_H
#define TESTS_UNIT_CHECK_H

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include "base/error.h"

static unsigned check_number, check_failures;

static inline bool check_report(bool ok, const char *file, int line, const char *text)
{
	check_number++;
	check_failures += !ok;
	printf("%s %u - %s:%d %s\n", ok ? "ok" : "not ok", check_number, file, line, text);
	if (!ok && err_reason()[0])
		printf("# last reason: %s\n", err_reason());
	fflush(stdout);
	return ok;
}

static inline bool check_close_report(
    double got, double expected, double tolerance, const char *file, int line, const char *text)
{
	bool ok = fabs(got - expected) <= tolerance; /* false for NaN */
	check_report(ok, file, line, text);
	if (!ok)
		printf("# got %.17g, expected %.17g within %g\n", got, expected, tolerance);
	return ok;
}

static inline int check_end(void)
{
	printf("1..%u\n", check_number);
	return check_failures || !check_number;
}

/* the condition holds */
#define CHECK(condition) check_report((condition), __FILE__, __LINE__, #condition)
/* |got - expected| <= tolerance */
#define CHECK_CLOSE(got, expected, tolerance) \
	check_close_report((got), (expected), (tolerance), __FILE__, __LINE__, #got " ~ " #expected)

#endif
