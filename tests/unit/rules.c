/* What options ask of one another: every kind of condition, what is said, and rules that name nothing. */
#include <stdio.h>
#include <string.h>
#include "base/rules.h"
#include "check.h"

static int shape;
static size_t count;
static double width;
static bool loud;
static const char *save, *load;

#define ROWS                                                                                                           \
	OPT_CHOICE(0, "shape", &shape, "disc", "disc,ring,square", "shape"),                                           \
	    OPT_COUNT('n', "count", &count, "1", CLOSED(0, 9), "number", "count"),                                     \
	    OPT_REAL('w', "width", &width, "1.5", ANY, "px", "width"), OPT_FLAG('l', "loud", &loud, "loud"),           \
	    OPT_TEXT(0, "save", &save, NULL, "file", "save"), OPT_TEXT(0, "load", &load, NULL, "file", "load")
enum { SHAPE, COUNT, WIDTH, LOUD, SAVE, LOAD, OPTIONS };

static const struct opt options[] = {
    ROWS,
    OPT_NEEDS("", "save|load"),
    OPT_NEEDS("width", "shape=disc,ring"),
    OPT_NEEDS("loud", "!count=0|load"),
    OPT_NEEDS("loud,load", "!save"),
    OPT_END,
};

/* "what: why" of the first broken rule of a command line on which `on` were given; "" where all hold */
static const char *broken(const struct opt *rows, int with_shape, size_t with_count, const int *on)
{
	static char text[400];
	const struct tool tool = {"tool", "", "", 0, 0, rows};
	bool given[OPTIONS] = {false};
	char what[64];
	shape = with_shape;
	count = with_count;
	for (; *on >= 0; on++)
		given[*on] = true;
	text[0] = '\0';
	if (rules_check(&tool, given, what, sizeof what) < 0)
		snprintf(text, sizeof text, "%s: %s", what, err_reason());
	return text;
}
#define SAYS(shape, count, text, ...) \
	CHECK(strcmp(broken(options, shape, count, (const int[]){__VA_ARGS__, -1}), text) == 0)

#define UNSOUND(rule, text)                                                                                            \
	do {                                                                                                           \
		const struct opt rows[] = {ROWS, rule, OPT_END};                                                       \
		CHECK(rules_sound(&(const struct tool){"tool", "", "", 0, 0, rows}) < 0 && strstr(err_reason(), text)); \
	} while (0)

int main(void)
{
	CHECK(rules_sound(&(const struct tool){"tool", "", "", 0, 0, options}) == 0);
	SAYS(0, 1, "--save or --load: one is needed", COUNT);
	SAYS(0, 1, "", SAVE);
	/* a value counts whether it was given or is the default */
	SAYS(0, 1, "", SAVE, WIDTH);
	SAYS(1, 1, "", SAVE, WIDTH, SHAPE);
	SAYS(2, 1, "--width: needs --shape disc or ring", SAVE, WIDTH, SHAPE);
	/* one of several conditions is enough */
	SAYS(0, 3, "", LOAD, LOUD, COUNT);
	SAYS(0, 0, "", LOAD, LOUD, COUNT);
	SAYS(0, 0, "--loud: not together with --count 0 without --load", SAVE, LOUD, COUNT);
	SAYS(0, 1, "--loud: not together with --save", SAVE, LOUD);
	SAYS(0, 1, "--load: not together with --save", SAVE, LOAD);
	UNSOUND(OPT_NEEDS("wide", "save"), "wide");
	UNSOUND(OPT_NEEDS("width", "save|lod"), "lod");
	UNSOUND(OPT_NEEDS("width", "shape=disc,oval"), "oval");
	/* a table without rules */
	const struct opt plain[] = {ROWS, OPT_END};
	CHECK(*broken(plain, 0, 1, (const int[]){SAVE, LOAD, -1}) == '\0');
	return check_end();
}
