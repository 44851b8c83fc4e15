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
#include "base/paths.h"
#include "base/tool.h"

static const char *tool_name = "v1pipe";
static void (*end_all)(void);
static const char *saved_file, *saved_text; /* tool_on_signal's */

/* Remove temporaries, say what was saved, then die by the same signal so that the shell knows. */
static void on_signal(int number)
{
	output_cleanup();
	if (saved_file && access(saved_file, F_OK) == 0 &&
	    write(STDERR_FILENO, saved_text, strlen(saved_text)) < 0)
		saved_file = NULL; /* nobody reads it */
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

/* Files that the command line names, to the end of the process: arguments called so, and the operands. */
static void name_files(const struct tool *tool, char **operands, size_t count)
{
	size_t options = 0, files = 0;
	while (tool->options[options].name)
		options++;
	struct paths_use *file = tool_need(mem_alloc(options + count + 1, sizeof *file));
	for (const struct opt *o = tool->options; o->name; o++) {
		const char *text = o->kind == OPT_KIND_TEXT ? *(const char **)o->value : NULL;
		/* beside a stream tables come at once: what reads the stream may read them too */
		struct stat status;
		if (text && strcmp(o->name, "output") == 0 && paths_descriptor(text) < 0 &&
		    (stat(text, &status) < 0 || S_ISREG(status.st_mode)))
			output_hold();
		if (text && (strcmp(o->words, "file") == 0 || strcmp(o->words, "model") == 0))
			file[files++] =
			    (struct paths_use){tool_need(mem_text("--%s", o->name)), text};
	}
	for (size_t i = 0; i < count; i++)
		file[files++] = (struct paths_use){NULL, operands[i]};
	paths_name(file, files);
}

/* Outputs come under their names when all of them are whole. */
static void finish(void)
{
	if (output_commit() < 0)
		tool_fail();
	output_cleanup();
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
	atexit(finish);
	size_t operands = opt_parse(tool, argc, argv);
	name_files(tool, argv + 1, operands);
	return operands;
}

static void say(const char *format, va_list arguments)
{
	char text[ERR_MAX];
	vsnprintf(text, sizeof text, format, arguments);
	fprintf(stderr, "%s: %s\n", tool_name, text);
}

void tool_on_signal(const char *saved, const char *text)
{
	saved_text = tool_need(mem_text("%s: %s\n", tool_name, text));
	saved_file = saved;
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
		fprintf(stderr, "%s: %s\n", tool_name, err_reason());
	output_cleanup();
	/* not exit, which would try again to write what could not be written */
	_exit(err_status());
}

/* FFTW's own function of that name, called where it gets no memory, would end the process by abort. */
void fftwf_assertion_failed(const char *what, int line, const char *file);
void fftwf_assertion_failed(const char *what, int line, const char *file)
{
	err_set("transform: no room within FFTW (%s, line %d: %s)", file, line, what);
	tool_fail();
}

/* OpenBLAS asks this before main how many threads it may start, and ends the process where it may start none. Its own function reads
 * OPENBLAS_NUM_THREADS. Threads are those of par_for. */
int openblas_num_threads_env(void);
int openblas_num_threads_env(void)
{
	return 1;
}

void tool_usage(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
	output_cleanup();
	exit(
	    STATUS_USAGE); /* what is registered for the end of the process runs: train-v1-mpi compares command lines */
}

void tool_warn(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
}
