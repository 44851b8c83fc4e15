/* What only tools use: see tool.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/memory.h"
#include "base/output.h"
#include "base/tool.h"

static const char *tool_name = "v1pipe";
static void (*end_all)(void);

/* Remove temporaries, then die by the same signal so that the shell knows. */
static void on_signal(int number)
{
	output_cleanup();
	signal(number, SIG_DFL);
	raise(number);
}

/* The next file that is opened would get a closed descriptor 0-2. */
static void hold_standard_descriptors(void)
{
	for (int descriptor = 0; descriptor <= 2; descriptor++) {
		if (fcntl(descriptor, F_GETFD) < 0 && errno == EBADF) {
			/* opened in the other direction, so that use of a closed descriptor stays
			 * an error */
			int opened = open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY);
			if (opened >= 0 && opened != descriptor)
				close(opened);
		}
	}
}

/* Outputs keep every file that the command line may name, to the end of the process. */
static void keep_files(const struct tool *tool, char **operands, size_t count)
{
	size_t options = 0, files = 0;
	while (tool->options[options].name)
		options++;
	const char **file = tool_need(mem_alloc(options + count + 1, sizeof *file));
	for (const struct opt *o = tool->options; o->name; o++) {
		const char *text = o->kind == OPT_KIND_TEXT ? *(const char **)o->value : NULL;
		if (text)
			file[files++] = text;
	}
	for (size_t i = 0; i < count; i++)
		file[files++] = operands[i];
	output_keep(file, files);
}

size_t tool_start(const struct tool *tool, int argc, char **argv)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	tool_name = tool->name;
	hold_standard_descriptors();
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
		struct sigaction action, old;
		memset(&action, 0, sizeof action);
		action.sa_handler = on_signal;
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	}
	atexit(output_cleanup);
	size_t operands = opt_parse(tool, argc, argv);
	keep_files(tool, argv + 1, operands);
	return operands;
}

static void say(const char *text)
{
	fprintf(stderr, "%s: %s\n", tool_name, text);
}

void tool_on_fail(void (*end)(void))
{
	end_all = end;
}

void tool_fail(void)
{
	if (end_all)
		end_all();
	if (!err_is_broken_pipe())
		say(err_reason());
	output_cleanup();
	/* not exit, which would try again to write what could not be written */
	_exit(err_status());
}

void tool_usage(const char *format, ...)
{
	char text[ERR_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	say(text);
	exit(STATUS_USAGE);
}

void tool_warn(const char *format, ...)
{
	char text[ERR_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	say(text);
}
