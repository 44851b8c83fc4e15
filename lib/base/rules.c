/* What options ask of one another: see rules.h. */
#include <stdio.h>
#include <string.h>
#include "base/error.h"
#include "base/rules.h"

/* One condition of a rule: an option, whether it is ruled out, and the values meant; no values: that it is given. */
struct condition {
	const struct opt *option;
	bool ruled_out;
	const char *values; /* comma-separated, `length` bytes */
	size_t length;
};

/* Take one word up to a separator off the front of the text. */
static size_t word_length(const char *text, const char *separators)
{
	return strcspn(text, separators);
}

static const struct opt *find(const struct tool *tool, const char *name, size_t length)
{
	for (const struct opt *o = tool->options; o->name; o++)
		if (strlen(o->name) == length && memcmp(o->name, name, length) == 0)
			return o;
	return NULL;
}

/* The condition at the front of `text`, which moves behind it. */
static struct condition next_condition(const struct tool *tool, const char **text)
{
	struct condition c = {.ruled_out = **text == '!'};
	*text += c.ruled_out;
	size_t name = word_length(*text, "=|"), all = word_length(*text, "|");
	c.option = find(tool, *text, name);
	if (name < all) {
		c.values = *text + name + 1;
		c.length = all - name - 1;
	}
	*text += all + ((*text)[all] == '|');
	return c;
}

/* Whether the text is among the condition's values. */
static bool among(const struct condition *c, const char *text)
{
	size_t length = strlen(text);
	for (size_t at = 0, n; at < c->length; at += n + 1) {
		n = word_length(c->values + at, ",|");
		if (n == length && memcmp(c->values + at, text, n) == 0)
			return true;
	}
	return false;
}

static bool holds(const struct tool *tool, const bool *given, const struct condition *c)
{
	char value[256];
	bool set = given[c->option - tool->options];
	if (c->values) {
		opt_text(c->option, value, sizeof value);
		set = (set || c->option->initial) && among(c, value);
	}
	return set != c->ruled_out;
}

/* Append " --name" or " --name a or b" with what separates it from the one before. */
static void name_condition(char *text, size_t size, const struct condition *c, bool first, bool last, const char *word)
{
	size_t used = strlen(text);
	used += (size_t)snprintf(text + used, size - used, "%s--%s", first ? " " : last ? word : ", ", c->option->name);
	for (size_t at = 0, n; at < c->length && used < size; at += n + 1) {
		n = word_length(c->values + at, ",|");
		used += (size_t)snprintf(text + used, size - used, "%s%.*s", at ? " or " : " ", (int)n, c->values + at);
	}
}

/* The conditions that are ruled out or wanted, as text. Gives how many there are. */
static size_t name_conditions(
    const struct tool *tool, const char *needs, bool ruled_out, const char *word, char *text, size_t size)
{
	size_t count = 0, done = 0;
	text[0] = '\0';
	for (const char *rest = needs; *rest;)
		count += next_condition(tool, &rest).ruled_out == ruled_out;
	for (const char *rest = needs; *rest;) {
		struct condition c = next_condition(tool, &rest);
		if (c.ruled_out == ruled_out) {
			name_condition(text, size, &c, done == 0, done + 1 == count, word);
			done++;
		}
	}
	return count;
}

/* One condition is enough. */
static bool satisfied(const struct tool *tool, const bool *given, const char *needs)
{
	for (const char *rest = needs; *rest;) {
		struct condition c = next_condition(tool, &rest);
		if (holds(tool, given, &c))
			return true;
	}
	return false;
}

static int broken(const struct tool *tool, const struct opt *rule, const struct opt *option, char *what, size_t size)
{
	char wanted[256], unwanted[256];
	size_t some = name_conditions(tool, rule->help, false, " or ", wanted, sizeof wanted),
	       others = name_conditions(tool, rule->help, true, " and ", unwanted, sizeof unwanted);
	if (!option) {
		snprintf(what, size, "%s", wanted + 1);
		return err_set("%s needed", some > 1 ? "one is" : "is");
	}
	snprintf(what, size, "--%s", option->name);
	if (!others)
		return err_set("needs%s", wanted);
	return err_set("not together with%s%s%s", unwanted, some ? " without" : "", wanted);
}

int rules_check(const struct tool *tool, const bool *given, char *what, size_t size)
{
	const struct opt *rule = tool->options;
	while (rule->name)
		rule++;
	for (; rule->words; rule++) {
		if (!*rule->words && !satisfied(tool, given, rule->help))
			return broken(tool, rule, NULL, what, size);
		for (size_t at = 0, n; rule->words[at]; at += n + (rule->words[at + n] == ',')) {
			n = word_length(rule->words + at, ",");
			const struct opt *o = find(tool, rule->words + at, n);
			if (given[o - tool->options] && !satisfied(tool, given, rule->help))
				return broken(tool, rule, o, what, size);
		}
	}
	return 0;
}

/* Whether a value is among the words of a choice. */
static bool is_choice(const struct opt *o, const char *value, size_t length)
{
	for (const char *word = o->words; *word;) {
		size_t n = word_length(word, ",");
		if (n == length && memcmp(word, value, n) == 0)
			return true;
		word += n + (word[n] == ',');
	}
	return false;
}

int rules_sound(const struct tool *tool)
{
	const struct opt *rule = tool->options;
	while (rule->name)
		rule++;
	for (; rule->words; rule++) {
		for (size_t at = 0, n; rule->words[at]; at += n + (rule->words[at + n] == ',')) {
			n = word_length(rule->words + at, ",");
			if (!find(tool, rule->words + at, n))
				return err_set("a rule for an option that is none: %s", rule->words + at);
		}
		for (const char *rest = rule->help; *rest;) {
			const char *start = rest;
			struct condition c = next_condition(tool, &rest);
			if (!c.option)
				return err_set("a rule with an option that is none: %s", start);
			for (size_t at = 0, n; at < c.length && c.option->kind == OPT_KIND_CHOICE; at += n + 1) {
				n = word_length(c.values + at, ",|");
				if (!is_choice(c.option, c.values + at, n))
					return err_set("a rule with a word that is none: %s", start);
			}
		}
	}
	return 0;
}
