/* The one option table: see options.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/number.h"
#include "base/memory.h"
#include "base/options.h"

static const char *const kind_names[] = {
    "flag",
    "count",
    "seed",
    "real",
    "reals",
    "text",
    "choice",
};

static void usage_error(const struct tool *tool, const char *what, const char *why)
{
	fprintf(stderr, "%s: %s: %s\n", tool->name, what, why);
	exit(STATUS_USAGE);
}

static const char *number(char *buffer, size_t size, double x)
{
	snprintf(buffer, size, "%.15g", x);
	return buffer;
}

static bool is_number(enum opt_kind kind)
{
	return kind == OPT_KIND_COUNT || kind == OPT_KIND_REAL || kind == OPT_KIND_REALS;
}

/* "0 < x <= 1" or "" where everything is allowed. */
static const char *range_text(const struct opt *o, char *buffer, size_t size)
{
	char min[32], max[32];
	const struct opt_range *r = &o->range;
	bool low = isfinite(r->min), high = isfinite(r->max) && r->max < 0x1p53;
	buffer[0] = '\0';
	if (!is_number(o->kind) || (!low && !high))
		return buffer;
	number(min, sizeof min, r->min);
	number(max, sizeof max, r->max);
	if (low && high)
		snprintf(buffer, size, "%s %s x %s %s", min,
		    r->open_min ? "<" : "<=", r->open_max ? "<" : "<=", max);
	else if (low)
		snprintf(buffer, size, "x %s %s", r->open_min ? ">" : ">=", min);
	else
		snprintf(buffer, size, "x %s %s", r->open_max ? "<" : "<=", max);
	return buffer;
}

static int check_range(const struct opt *o, double x, const char *text)
{
	char range[96];
	const struct opt_range *r = &o->range;
	bool low = r->open_min ? x > r->min : x >= r->min;
	bool high = r->open_max ? x < r->max : x <= r->max;
	if (isnan(x) || !low || !high) {
		range_text(o, range, sizeof range);
		return err_set("%s is out of range%s%s", text, range[0] ? ": " : "", range);
	}
	return 0;
}

/* Decimal digits only: strtoull would take signs and leading blanks. */
static int parse_natural(const char *text, uint64_t *x)
{
	char *end;
	if (text[0] < '0' || text[0] > '9')
		return err_set("%s is not a whole number", text[0] ? text : "''");
	errno = 0;
	*x = strtoull(text, &end, 10);
	if (*end)
		return err_set("%s is not a whole number", text);
	if (errno)
		return err_set("%s is too large", text);
	return 0;
}

static int parse_real(const struct opt *o, const char *text, size_t length, double *x)
{
	char copy[64], *end;
	if (length == 0 || length >= sizeof copy)
		return err_set("%s is not a number", text[0] ? text : "''");
	memcpy(copy, text, length);
	copy[length] = '\0';
	*x = strtod(copy, &end);
	if (*end || copy[0] == ' ' || copy[0] == '\t')
		return err_set("%s is not a number", copy);
	return check_range(o, *x, copy);
}

/* Take the first of comma-separated words off the front: the word, NULL where none is left. */
static const char *next_word(const char **words, size_t *length)
{
	const char *word = *words;
	if (!word || !*word)
		return NULL;
	*length = strcspn(word, ",");
	*words += *length + (word[*length] == ',');
	return word;
}

/* The position of a word in comma-separated words, -1 where it is none of them. */
static int word_position(const char *words, const char *text, size_t length)
{
	const char *word;
	size_t n;
	for (int position = 0; (word = next_word(&words, &n)); position++)
		if (n == length && memcmp(word, text, n) == 0)
			return position;
	return -1;
}

static int parse_choice(const struct opt *o, const char *text)
{
	int position = word_position(o->words, text, strlen(text));
	if (position < 0)
		return err_set("%s is not one of %s", text[0] ? text : "''", o->words);
	*(int *)o->value = position;
	return 0;
}

static int parse_value(const struct opt *o, const char *text)
{
	uint64_t natural;
	size_t i = 0;
	switch (o->kind) {
	case OPT_KIND_FLAG:
		*(bool *)o->value = true;
		return 0;
	case OPT_KIND_COUNT:
		if (parse_natural(text, &natural) < 0 || check_range(o, (double)natural, text) < 0)
			return -1;
		*(size_t *)o->value = natural;
		return 0;
	case OPT_KIND_SEED:
		return parse_natural(text, o->value);
	case OPT_KIND_REAL:
		return parse_real(o, text, strlen(text), o->value);
	case OPT_KIND_REALS:
		for (;; i++) {
			size_t n = strcspn(text, ",");
			if (i == o->count)
				return err_set("more than %zu numbers", o->count);
			if (parse_real(o, text, n, (double *)o->value + i) < 0)
				return -1;
			text += n;
			if (!*text)
				break;
			text++;
		}
		return i + 1 == o->count ? 0 : err_set("%zu of %zu numbers", i + 1, o->count);
	case OPT_KIND_TEXT:
		if (!*text)
			return err_set("an empty text");
		*(const char **)o->value = text;
		return 0;
	case OPT_KIND_CHOICE:
		return parse_choice(o, text);
	}
	return err_set("unknown kind of option");
}

/* The range for --help, short: "4..4096", an end that is excluded with "<": "0<..1", "from 1", "above 0". */
static const char *short_range(const struct opt *o, char *buffer, size_t size)
{
	const struct opt_range *r = &o->range;
	bool low = isfinite(r->min), high = isfinite(r->max) && r->max < 0x1p53;
	buffer[0] = '\0';
	if (!is_number(o->kind))
		return buffer;
	if (low && high)
		snprintf(buffer, size, "%.6g%s..%s%.6g", r->min, r->open_min ? "<" : "",
		    r->open_max ? "<" : "", r->max);
	else if (low)
		snprintf(buffer, size, "%s %.6g", r->open_min ? "above" : "from", r->min);
	else if (high)
		snprintf(buffer, size, "%s %.6g", r->open_max ? "below" : "to", r->max);
	return buffer;
}

#define HELP_COLUMN 29
#define HELP_WIDTH 80

/* Words in lines of at most HELP_WIDTH; a line starts at HELP_COLUMN, *column is where the cursor is. */
static void print_word(const char *word, int length, int *column)
{
	if (*column > HELP_COLUMN && *column + 1 + length > HELP_WIDTH) {
		putchar('\n');
		*column = 0;
	}
	int blanks = *column < HELP_COLUMN ? HELP_COLUMN - *column : 1;
	*column += printf("%*s%.*s", blanks, "", length, word);
}

static void print_help(const struct tool *tool)
{
	char left[64], range[96], tail[512];
	printf("usage: %s [option ...]%s%s\n%s\n\n", tool->name, tool->operands[0] ? " " : "",
	    tool->operands, tool->purpose);
	for (const struct opt *o = tool->options; o->name; o++) {
		const char *argument = o->kind == OPT_KIND_FLAG     ? ""
				       : o->kind == OPT_KIND_SEED   ? "number"
				       : o->kind == OPT_KIND_CHOICE ? "word"
								    : o->words;
		char letter[8] = "    ";
		if (o->letter)
			snprintf(letter, sizeof letter, "-%c, ", o->letter);
		snprintf(left, sizeof left, "%s--%s %s", letter, o->name, argument);
		short_range(o, range, sizeof range);
		snprintf(tail, sizeof tail, "%s%s%s%s%s", o->initial || range[0] ? "[" : "",
		    o->initial ? o->initial : "", o->initial && range[0] ? "; " : "", range,
		    o->initial || range[0] ? "]" : "");
		int column = printf("  %s", left);
		for (const char *word = o->help; *word; word += strspn(word, " ")) {
			int length = (int)strcspn(word, " ");
			print_word(word, length, &column);
			word += length;
		}
		const char *words = o->kind == OPT_KIND_CHOICE ? o->words : NULL;
		size_t letters;
		for (const char *word; (word = next_word(&words, &letters));)
			print_word(word, (int)letters + (word[letters] == ','), &column);
		if (tail[0])
			print_word(tail, (int)strlen(tail), &column);
		putchar('\n');
	}
	printf("  %-*s %s\n", HELP_COLUMN - 3, "    --help, --version",
	    "and --spec: this table for programs");
}

static void print_spec(const struct tool *tool)
{
	char range[96];
	puts("letter\tname\tkind\tdefault\trange\targument\thelp");
	for (const struct opt *o = tool->options; o->name; o++)
		printf("%c\t%s\t%s\t%s\t%s\t%s\t%s\n", o->letter ? o->letter : '-', o->name,
		    kind_names[o->kind], o->initial ? o->initial : "-",
		    range_text(o, range, sizeof range)[0] ? range : "-", o->words ? o->words : "-",
		    o->help);
}

/* Print to standard output with its errors checked; ends the process. */
static void answer(const struct tool *tool, void (*print)(const struct tool *))
{
	print(tool);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "%s: standard output: %s\n", tool->name, strerror(errno));
		exit(STATUS_FAILED);
	}
	exit(STATUS_OK);
}

static void print_version(const struct tool *tool)
{
	printf("%s (v1pipe) %s\n", tool->name, V1PIPE_VERSION);
}

static const struct opt *find(const struct tool *tool, char letter, const char *name, size_t length)
{
	for (const struct opt *o = tool->options; o->name; o++) {
		if (name ? strlen(o->name) == length && memcmp(o->name, name, length) == 0
			 : o->letter && o->letter == letter)
			return o;
	}
	return NULL;
}

static void take(
    const struct tool *tool, const struct opt *o, const char *shown, const char *value, bool *given)
{
	if (parse_value(o, value) < 0)
		usage_error(tool, shown, err_reason());
	given[o - tool->options] = true;
	if (o->given)
		*o->given = true;
}

/* Letters that are changed, left out or put in between a and b: Levenshtein's distance; above 3 where b is too long. */
static size_t distance(const char *a, size_t length, const char *b)
{
	size_t row[32], n = strlen(b);
	if (n >= sizeof row / sizeof *row)
		return 4;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; i <= length; i++) {
		size_t corner = row[0];
		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t change = corner + (a[i - 1] != b[j - 1]);
			corner = row[j];
			row[j] = size_min(change, size_min(row[j], row[j - 1]) + 1);
		}
	}
	return row[n];
}

/* An option that there is not, and the one that may be meant: begun alike, or a few letters away. */
static void unknown(const struct tool *tool, const char *shown, const char *name, size_t length)
{
	const struct opt *near = NULL;
	size_t least = size_min(3, length / 2 + 1);
	char text[128] = "unknown option; see --help";
	for (const struct opt *o = tool->options; o->name; o++) {
		size_t d = length > 1 && strncmp(o->name, name, length) == 0
			       ? 0
			       : distance(name, length, o->name);
		if (d < least) {
			near = o;
			least = d;
		}
	}
	if (near)
		snprintf(text, sizeof text, "unknown option; --%s is one; see --help", near->name);
	usage_error(tool, shown, text);
}

static void take_long(const struct tool *tool, int argc, char **argv, int *i, bool *given)
{
	const char *name = argv[*i] + 2, *equals = strchr(name, '=');
	size_t length = equals ? (size_t)(equals - name) : strlen(name);
	char shown[128];
	snprintf(shown, sizeof shown, "--%.*s", (int)(length < 100 ? length : 100), name);
	const struct opt *o = find(tool, 0, name, length);
	if (!o)
		unknown(tool, shown, name, length);
	if (o->kind == OPT_KIND_FLAG) {
		if (equals)
			usage_error(tool, shown, "takes no argument");
		take(tool, o, shown, "", given);
	} else if (equals) {
		take(tool, o, shown, equals + 1, given);
	} else {
		if (*i + 1 >= argc)
			usage_error(tool, shown, "needs an argument");
		take(tool, o, shown, argv[++*i], given);
	}
}

static void take_letters(const struct tool *tool, int argc, char **argv, int *i, bool *given)
{
	for (const char *c = argv[*i] + 1; *c; c++) {
		char shown[] = {'-', *c, '\0'};
		const struct opt *o = find(tool, *c, NULL, 0);
		if (!o)
			usage_error(tool, shown, "unknown option; see --help");
		if (o->kind == OPT_KIND_FLAG) {
			take(tool, o, shown, "", given);
			continue;
		}
		if (c[1])
			take(tool, o, shown, c + 1, given);
		else if (*i + 1 < argc)
			take(tool, o, shown, argv[++*i], given);
		else
			usage_error(tool, shown, "needs an argument");
		return;
	}
}

static void set_defaults(const struct tool *tool)
{
	for (const struct opt *o = tool->options; o->name; o++) {
		if (o->given)
			*o->given = false;
		switch (o->kind) {
		case OPT_KIND_FLAG:
			*(bool *)o->value = false;
			break;
		case OPT_KIND_COUNT:
			*(size_t *)o->value = 0;
			break;
		case OPT_KIND_SEED:
			*(uint64_t *)o->value = 0;
			break;
		case OPT_KIND_REAL:
			*(double *)o->value = 0;
			break;
		case OPT_KIND_REALS:
			memset(o->value, 0, o->count * sizeof(double));
			break;
		case OPT_KIND_TEXT:
			*(const char **)o->value = NULL;
			break;
		case OPT_KIND_CHOICE:
			*(int *)o->value = 0;
			break;
		}
		if (o->initial && parse_value(o, o->initial) < 0)
			usage_error(tool, o->name, err_reason());
	}
}

/* The shortest of 15 and 17 digits that gives the same number back. */
static size_t print_real(char *buffer, size_t size, double x)
{
	int n = snprintf(buffer, size, "%.15g", x);
	if (strtod(buffer, NULL) != x)
		n = snprintf(buffer, size, "%.17g", x);
	return (size_t)n;
}

void opt_text(const struct opt *o, char *buffer, size_t size)
{
	size_t used = 0;
	const char *word = o->words;
	buffer[0] = '\0';
	switch (o->kind) {
	case OPT_KIND_FLAG:
		snprintf(buffer, size, "%s", *(bool *)o->value ? "true" : "false");
		break;
	case OPT_KIND_COUNT:
		snprintf(buffer, size, "%zu", *(size_t *)o->value);
		break;
	case OPT_KIND_SEED:
		snprintf(buffer, size, "%llu", (unsigned long long)*(uint64_t *)o->value);
		break;
	case OPT_KIND_REAL:
		print_real(buffer, size, *(double *)o->value);
		break;
	case OPT_KIND_REALS:
		for (size_t i = 0; i < o->count && used + 1 < size; i++) {
			if (i)
				buffer[used++] = ',';
			used += print_real(buffer + used, size - used, ((double *)o->value)[i]);
		}
		break;
	case OPT_KIND_TEXT:
		if (*(const char **)o->value)
			snprintf(buffer, size, "%s", *(const char **)o->value);
		break;
	case OPT_KIND_CHOICE:
		for (int i = 0; i < *(int *)o->value; i++)
			word += strcspn(word, ",") + 1;
		snprintf(buffer, size, "%.*s", (int)strcspn(word, ","), word);
		break;
	}
}

#define RULE_CONDITIONS (sizeof((struct opt_rule *)0)->any / sizeof(struct opt_condition))

static bool holds(const struct tool *tool, const bool *given, const struct opt_condition *c)
{
	char value[256];
	const struct opt *o = find(tool, 0, c->name, strlen(c->name));
	bool met = given[o - tool->options];
	if (c->values) {
		opt_text(o, value, sizeof value);
		met = (met || o->initial) && word_position(c->values, value, strlen(value)) >= 0;
	}
	return met != c->negated;
}

/* The conditions that are negated, or those that are not, as text: "--a, --b 1 or 2 and --c". Gives how many there are. */
static size_t name_conditions(
    const struct opt_rule *rule, bool negated, const char *last, char *text, size_t size)
{
	size_t count = 0, done = 0, used = 0, length;
	text[0] = '\0';
	for (size_t i = 0; i < RULE_CONDITIONS; i++)
		count += rule->any[i].name && rule->any[i].negated == negated;
	for (size_t i = 0; i < RULE_CONDITIONS; i++) {
		const struct opt_condition *c = &rule->any[i];
		if (!c->name || c->negated != negated)
			continue;
		const char *separator = done == 0 ? "" : done + 1 < count ? ", " : last, *word;
		used += (size_t)snprintf(text + used, size - used, "%s--%s", separator, c->name);
		for (const char *rest = c->values;
		     used < size && (word = next_word(&rest, &length));)
			used += (size_t)snprintf(text + used, size - used, "%s%.*s",
			    word == c->values ? " " : " or ", (int)length, word);
		done++;
	}
	return count;
}

/* Say why the option may not stand on this command line, or without an option why the command line is not complete. */
static void broken(const struct tool *tool, const struct opt_rule *rule, const struct opt *option)
{
	char wanted[256], unwanted[256], shown[128];
	size_t some = name_conditions(rule, false, " or ", wanted, sizeof wanted),
	       others = name_conditions(rule, true, " and ", unwanted, sizeof unwanted);
	if (!option)
		usage_error(tool, wanted, some > 1 ? "one is needed" : "is needed");
	if (others)
		err_set("not together with %s%s%s", unwanted, some ? " without " : "", wanted);
	else
		err_set("needs %s", wanted);
	snprintf(shown, sizeof shown, "--%s", option->name);
	usage_error(tool, shown, err_reason());
}

static const struct opt *need(const struct tool *tool, const char *name, size_t length)
{
	const struct opt *o = find(tool, 0, name, length);
	if (!o) {
		err_set("option %.*s does not exist", (int)length, name);
		usage_error(tool, "a rule", err_reason());
	}
	return o;
}

/* A rule can name only options that exist, and only words that they can have. */
static void check_rule(const struct tool *tool, const struct opt_rule *rule)
{
	const char *word, *rest = rule->names;
	size_t length;
	while ((word = next_word(&rest, &length)))
		need(tool, word, length);
	for (const struct opt_condition *c = rule->any; c < rule->any + RULE_CONDITIONS && c->name;
	     c++) {
		const struct opt *o = need(tool, c->name, strlen(c->name));
		rest = o->kind == OPT_KIND_CHOICE ? c->values : NULL;
		while ((word = next_word(&rest, &length))) {
			if (word_position(o->words, word, length) < 0) {
				err_set("word %.*s does not exist", (int)length, word);
				usage_error(tool, "a rule", err_reason());
			}
		}
	}
}

static void check_rules(const struct tool *tool, const bool *given)
{
	for (const struct opt_rule *rule = tool->rules; rule && rule->any[0].name; rule++) {
		bool met = false;
		check_rule(tool, rule);
		for (size_t i = 0; i < RULE_CONDITIONS && rule->any[i].name; i++)
			met = met || holds(tool, given, &rule->any[i]);
		if (met)
			continue;
		if (!rule->names)
			broken(tool, rule, NULL);
		for (const struct opt *o = tool->options; rule->names && o->name; o++)
			if (given[o - tool->options] &&
			    word_position(rule->names, o->name, strlen(o->name)) >= 0)
				broken(tool, rule, o);
	}
}

#define OPTIONS_MOST 128 /* of a tool */

size_t opt_parse(const struct tool *tool, int argc, char **argv)
{
	size_t operands = 0, options = 0;
	bool ended = false;
	set_defaults(tool);
	bool given[OPTIONS_MOST] = {false};
	while (tool->options[options].name)
		options++;
	if (options > OPTIONS_MOST)
		abort(); /* a table that no tool has */
	for (int i = 1; i < argc; i++) {
		if (ended || argv[i][0] != '-' || !argv[i][1]) {
			argv[1 + operands++] = argv[i];
		} else if (strcmp(argv[i], "-h") == 0 && !find(tool, 'h', NULL, 0)) {
			answer(tool, print_help);
		} else if (argv[i][1] != '-') {
			take_letters(tool, argc, argv, &i, given);
		} else if (!argv[i][2]) {
			ended = true;
		} else if (strcmp(argv[i], "--help") == 0) {
			answer(tool, print_help);
		} else if (strcmp(argv[i], "--version") == 0) {
			answer(tool, print_version);
		} else if (strcmp(argv[i], "--spec") == 0) {
			answer(tool, print_spec);
		} else {
			take_long(tool, argc, argv, &i, given);
		}
	}
	if (operands < tool->operands_min)
		usage_error(tool, "operands", "too few; see --help");
	if (operands > tool->operands_max)
		usage_error(tool, argv[1 + tool->operands_max], "one operand too many; see --help");
	check_rules(tool, given);
	return operands;
}
