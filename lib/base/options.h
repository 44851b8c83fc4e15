/*
 * The one option table. A row gives everything that is known of an option: from it come the parser,
 * the range check, the default, the line of --help and the line of --spec, which a test holds against
 * the manual. The macros check at compile time that the variable fits the kind.
 *
 *	static double sigma;
 *	static const struct opt options[] = {
 *		OPT_REAL('w', "width", &width, "1.5", OPEN(0, INFINITY), "px", "sigma of the surround"),
 *		OPT_OUTPUT(&output),
 *		OPT_END,
 *	};
 *	static const struct opt_rule rules[] = {
 *		OPT_RULE("width", ONE_OF("shape", "disc,ring")),
 *		OPT_RULE("save,load", ABSENT("check")),
 *		OPT_RULES_END,
 *	};
 */
#ifndef BASE_OPTIONS_H
#define BASE_OPTIONS_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum opt_kind {
	OPT_KIND_FLAG,   /* bool: no argument */
	OPT_KIND_COUNT,  /* size_t */
	OPT_KIND_SEED,   /* uint64_t */
	OPT_KIND_REAL,   /* double */
	OPT_KIND_REALS,  /* double[count], comma-separated, exactly count of them */
	OPT_KIND_TEXT,   /* const char *: a file name or other text; "" is refused */
	OPT_KIND_CHOICE, /* int: the position in the comma-separated list of words */
};

/* A range; open ends are excluded. Integers are compared as doubles, so bounds above 2^53 mean "none". */
struct opt_range {
	double min, max;
	bool open_min, open_max;
};
/* clang-format off */
#define CLOSED(a, b) {(a), (b), false, false}   /* a <= x <= b */
#define OPEN(a, b) {(a), (b), true, true}       /* a < x < b */
#define ABOVE(a, b) {(a), (b), true, false}     /* a < x <= b */
#define BELOW(a, b) {(a), (b), false, true}     /* a <= x < b */
#define AT_LEAST(a) {(a), INFINITY, false, true} /* a <= x, finite */
#define ANY {-INFINITY, INFINITY, true, true}   /* finite */
/* clang-format on */

struct opt {
	char letter; /* 0: long name only */
	const char *name;
	enum opt_kind kind;
	void *value;
	bool *given;         /* NULL, or set to true when the option is on the command line */
	const char *initial; /* default in the command line's own words; NULL: zero, false, NULL */
	struct opt_range range;
	size_t count; /* of OPT_KIND_REALS */
	const char
	    *words;       /* the words of a choice, "zero,mirror"; else the argument's name, "px" */
	const char *help; /* a few lower-case words, no full stop */
};

/* clang-format off */
#define OPT_IS(type, pointer) ((void *)(1 ? (pointer) : (type *)0))
#define OPT_FLAG(l, n, v, h) {l, n, OPT_KIND_FLAG, OPT_IS(bool, v), NULL, NULL, CLOSED(0, 0), 0, NULL, h}
#define OPT_COUNT(l, n, v, d, r, a, h) {l, n, OPT_KIND_COUNT, OPT_IS(size_t, v), NULL, d, r, 0, a, h}
#define OPT_REAL(l, n, v, d, r, a, h) {l, n, OPT_KIND_REAL, OPT_IS(double, v), NULL, d, r, 0, a, h}
#define OPT_REALS(l, n, v, k, d, r, a, h) {l, n, OPT_KIND_REALS, OPT_IS(double, v), NULL, d, r, k, a, h}
#define OPT_TEXT(l, n, v, d, a, h) {l, n, OPT_KIND_TEXT, OPT_IS(const char *, v), NULL, d, ANY, 0, a, h}
#define OPT_CHOICE(l, n, v, d, w, h) {l, n, OPT_KIND_CHOICE, OPT_IS(int, v), NULL, d, ANY, 0, w, h}
/* the same with a bool that tells whether the option was given, for defaults that depend on others */
#define OPT_COUNT_GIVEN(l, n, v, g, r, a, h) {l, n, OPT_KIND_COUNT, OPT_IS(size_t, v), g, NULL, r, 0, a, h}
#define OPT_REAL_GIVEN(l, n, v, g, r, a, h) {l, n, OPT_KIND_REAL, OPT_IS(double, v), g, NULL, r, 0, a, h}
#define OPT_CHOICE_GIVEN(l, n, v, g, w, h) {l, n, OPT_KIND_CHOICE, OPT_IS(int, v), g, NULL, ANY, 0, w, h}
#define OPT_REALS_GIVEN(l, n, v, k, g, r, a, h) \
	{l, n, OPT_KIND_REALS, OPT_IS(double, v), g, NULL, r, k, a, h}

/* rows that mean the same in every tool */
#define OPT_OUTPUT(v) OPT_TEXT('o', "output", v, NULL, "file", "write here instead of to standard output")
#define OPT_SEED(v) \
	{'s', "seed", OPT_KIND_SEED, OPT_IS(uint64_t, v), NULL, "1", ANY, 0, "number", "seed of the random numbers"}
/* d: "1" for stream filters, NULL (the process's CPUs) for training, fits and statistics */
#define OPT_THREADS(v, d) OPT_COUNT('j', "threads", v, d, CLOSED(1, 1024), "number", "threads; no result depends on it")
#define OPT_VERBOSE(v) OPT_FLAG('v', "verbose", v, "show progress on standard error")
#define OPT_END {0, NULL, OPT_KIND_FLAG, NULL, NULL, NULL, ANY, 0, NULL, NULL}
/* clang-format on */

/* What a rule asks of one option. */
struct opt_condition {
	const char *name;   /* the option; NULL: no condition */
	const char *values; /* that it has one of these comma-separated values, given or by default;
	                       NULL: that it is on the command line */
	bool negated;       /* the opposite */
};

/*
 * What options ask of one another, checked after parsing: each of the comma-separated names that is on
 * the command line needs at least one of the conditions. names NULL: every command line needs one. A
 * broken rule is an error of usage.
 */
struct opt_rule {
	const char *names;
	struct opt_condition any[5];
};

/* clang-format off */
#define GIVEN(name) {name, NULL, false}
#define ABSENT(name) {name, NULL, true}
#define ONE_OF(name, values) {name, values, false}
#define NONE_OF(name, values) {name, values, true}
#define OPT_RULE(names, ...) {names, {__VA_ARGS__}}
#define OPT_RULES_END {NULL, {{NULL, NULL, false}}}
/* clang-format on */

/* A tool: what --help and --spec print of it, and what its options ask of one another. */
struct tool {
	const char *name;
	const char *purpose;  /* one line, lower case, no full stop */
	const char *operands; /* "[file ...]", "" for none */
	size_t operands_min, operands_max;
	const struct opt *options;
	const struct opt_rule *rules; /* NULL: none */
};

/* Set every variable to its default, then parse the command line; options may stand after operands,
 * "--" ends them, long names may not be shortened. Answers --help, --version and --spec itself (exit 0). A wrong word
 * prints "tool: what: why" and exits 2. On return argv[1..n] are the operands; gives n. */
size_t opt_parse(const struct tool *tool, int argc, char **argv);

/* An option's value in the command line's own words (for a model's metadata); buffer of size bytes. "" where unset. */
void opt_text(const struct opt *option, char *buffer, size_t size);

#endif
