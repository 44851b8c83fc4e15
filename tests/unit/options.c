/* What options ask of one another, on whole command lines: every kind of condition, what is said, rules that name nothing. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/options.h"
#include "check.h"

static int shape;
static size_t count;
static double width;
static bool loud;
static const char *save, *load;

static const struct opt options[] = {
    OPT_CHOICE(0, "shape", &shape, "disc", "disc,ring,square", "shape"),
    OPT_COUNT('n', "count", &count, "1", CLOSED(0, 9), "number", "count"),
    OPT_REAL('w', "width", &width, "1.5", ANY, "px", "width"),
    OPT_FLAG('l', "loud", &loud, "loud"),
    OPT_TEXT(0, "save", &save, NULL, "file", "save"),
    OPT_TEXT(0, "load", &load, NULL, "file", "load"),
    OPT_END,
};
static const struct opt_rule rules[] = {
    OPT_RULE(NULL, GIVEN("save"), GIVEN("load")),
    OPT_RULE("width", ONE_OF("shape", "disc,ring")),
    OPT_RULE("loud", NONE_OF("count", "0"), GIVEN("load")),
    OPT_RULE("loud,load", ABSENT("save")),
    OPT_RULES_END,
};

/* What a tool says of the command line and its exit status: "2 tool: what: why"; "0 " where it is taken. */
static const char *answer(const struct opt_rule *tool_rules, const char *const *words)
{
	static char text[400];
	const struct tool tool = {"tool", "", "", 0, 0, options, tool_rules};
	char *argv[16] = {(char *)"tool"};
	int argc = 1, ends[2], status;
	for (; words[argc - 1]; argc++)
		argv[argc] = (char *)words[argc - 1];
	fflush(stdout);
	if (pipe(ends) < 0)
		return "no pipe";
	pid_t child = fork();
	if (child == 0) {
		dup2(ends[1], STDERR_FILENO);
		opt_parse(&tool, argc, argv);
		_exit(0);
	}
	close(ends[1]);
	ssize_t length = read(ends[0], text + 2, sizeof text - 3);
	close(ends[0]);
	waitpid(child, &status, 0);
	text[0] = (char)('0' + WEXITSTATUS(status));
	text[1] = ' ';
	text[length > 0 ? 1 + length : 2] = '\0';
	return text;
}
#define ANSWERS(text, ...)                                                                         \
	CHECK(strcmp(answer(rules, (const char *const[]){__VA_ARGS__, NULL}), text) == 0)
#define UNSOUND(rule, word)                                                                        \
	do {                                                                                       \
		const struct opt_rule unsound[] = {rule, OPT_RULES_END};                           \
		const char *said = answer(unsound, (const char *const[]){NULL});                   \
		CHECK(said[0] == '2' && strstr(said, word " does not exist"));                     \
	} while (0)

int main(void)
{
	ANSWERS("2 tool: --save or --load: one is needed", "--count", "3");
	ANSWERS("0 ", "--save", "x");
	/* a value counts whether it was given or is the default */
	ANSWERS("0 ", "--save", "x", "--width", "2");
	ANSWERS("0 ", "--save", "x", "-w2", "--shape", "ring");
	ANSWERS("2 tool: --width: needs --shape disc or ring", "--save", "x", "-w2", "--shape",
	    "square");
	/* one of several conditions is enough */
	ANSWERS("0 ", "--load", "x", "--loud", "-n", "3");
	ANSWERS("0 ", "--load", "x", "--loud", "-n", "0");
	ANSWERS("2 tool: --loud: not together with --count 0 without --load", "--save", "x", "-n0",
	    "-l");
	ANSWERS("2 tool: --loud: not together with --save", "--save", "x", "-l");
	ANSWERS("2 tool: --load: not together with --save", "--save", "x", "--load", "x");
	UNSOUND(OPT_RULE("wide", GIVEN("save")), "option wide");
	UNSOUND(OPT_RULE("width", GIVEN("save"), GIVEN("lod")), "option lod");
	UNSOUND(OPT_RULE("width", ONE_OF("shape", "disc,oval")), "word oval");
	/* a tool without rules */
	CHECK(strcmp(answer(NULL, (const char *const[]){"--save", "x", "--load", "x", NULL}),
		  "0 ") == 0);
	return check_end();
}
