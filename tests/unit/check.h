/*
 * Unit tests print TAP, a line per claim; main ends with `return check_end();`.
 *
 *	CLAIM("what the checks that follow, here and in the functions called, hold together");
 *	TEST(function, "what the checks of function() hold together");
 *	CHECK(condition);
 *	CHECK_CLOSE(got, expected, tolerance);
 *
 * A file without CLAIM claims what its functions are called. A claim's line counts its checks and gives the largest error of
 * CHECK_CLOSE in units of its tolerance; each check that fails is told before. No NaN passes a comparison.
 */
#ifndef TESTS_UNIT_CHECK_H
#define TESTS_UNIT_CHECK_H

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"

enum { CHECK_CLAIMS = 100, CHECK_TOLD = 5 /* failures of a claim that are told */ };

static struct check_claim {
	const char *text;
	unsigned checks, failures;
	double worst; /* below 0: nothing was compared */
} check_claims[CHECK_CLAIMS], *check_current;
static bool check_named;

/* The claim of that text, which may have been current before. */
static inline void check_begin(const char *text)
{
	struct check_claim *c = check_claims;
	while (c->text && strcmp(c->text, text) != 0)
		if (++c == check_claims + CHECK_CLAIMS)
			abort();
	if (!c->text) {
		*c = (struct check_claim){.text = text, .worst = -1};
		printf("# %s\n", text);
		fflush(stdout); /* where a crash is */
	}
	check_current = c;
}

static inline bool check_report(bool ok, const char *function, int line, const char *text)
{
	if (!check_named && (!check_current || check_current->text != function))
		check_begin(function);
	check_current->checks++;
	if (!ok && check_current->failures++ < CHECK_TOLD) {
		printf("# line %d, %s: false\n", line, text);
		if (err_reason()[0])
			printf("# last reason: %s\n", err_reason());
	}
	return ok;
}

static inline bool check_close_report(
    double got, double expected, double tolerance, const char *function, int line, const char *text)
{
	double error = fabs(got - expected);
	bool ok = check_report(error <= tolerance, function, line, text); /* false for NaN */
	if (!ok && check_current->failures <= CHECK_TOLD)
		printf("# got %.17g, expected %.17g within %g\n", got, expected, tolerance);
	if (error > 0 && error / tolerance > check_current->worst)
		check_current->worst = error / tolerance;
	return ok;
}

/* The larger of two; NaN where either is, as fmax() is not. */
static inline double check_largest(double a, double b)
{
	return isnan(a) || a > b ? a : b;
}

static inline int check_end(void)
{
	unsigned number = 0, failed = 0;
	for (const struct check_claim *c = check_claims; c < check_claims + CHECK_CLAIMS && c->text;
	     c++) {
		bool ok = c->checks > 0 && c->failures == 0;
		printf("%s %u - %s (%u checks", ok ? "ok" : "not ok", ++number, c->text, c->checks);
		if (c->failures)
			printf(", %u failed", c->failures);
		if (c->worst > 0)
			printf(", largest error %.2g of the tolerance", c->worst);
		puts(")");
		failed += !ok;
	}
	printf("1..%u\n", number);
	return failed || !number;
}

#define CLAIM(text) (check_named = true, check_begin(text))
/* a function whose checks are a claim */
#define TEST(function, text) (CLAIM(text), (function)())
#define CHECK(condition) check_report((condition), __func__, __LINE__, #condition)
/* |got - expected| <= tolerance */
#define CHECK_CLOSE(got, expected, tolerance)                                                      \
	check_close_report((got), (expected), (tolerance), __func__, __LINE__, #got " ~ " #expected)

#endif
