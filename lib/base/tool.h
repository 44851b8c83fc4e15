/*
 * What only tools use: these functions end the process. Library code never includes this header.
 *
 *	int main(int argc, char **argv)
 *	{
 *		size_t files = tool_start(&tool, argc, argv);
 *		struct npys_in *in = tool_need(npys_open_all(argv + 1, files));
 *		...
 *		tool_check(npys_close(out));
 *		return STATUS_OK;
 *	}
 */
#ifndef BASE_TOOL_H
#define BASE_TOOL_H

#include "base/error.h"
#include "base/options.h"

/* Make descriptors 0-2 valid, install the signal handlers, parse. argv[1..n] are the operands; gives n. */
size_t tool_start(const struct tool *tool, int argc, char **argv);

/* Print "tool: reason" for the reason recorded last and exit 1. A broken pipe exits 1 without a word. */
void tool_fail(void) __attribute__((noreturn, cold));

/* From now on a signal that ends the process also says text, "tool: text", if there is a file `saved`, which must last. */
void tool_on_signal(const char *saved, const char *text);

/* From now on tool_fail calls end, which prints and ends the process: for a program of several processes. */
void tool_on_fail(void (*end)(void));

/* Print "tool: what: why" and exit 2: options that contradict each other. */
void tool_usage(const char *format, ...) __attribute__((noreturn, cold, format(printf, 1, 2)));

/* Print "tool: message" as a warning on standard error and go on. */
void tool_warn(const char *format, ...) __attribute__((cold, format(printf, 1, 2)));

/* status, or tool_fail() where it is negative. */
static inline int tool_check(int status)
{
	if (status < 0)
		tool_fail();
	return status;
}

/* pointer, or tool_fail() where it is NULL. */
static inline void *tool_need(void *pointer)
{
	if (!pointer)
		tool_fail();
	return pointer;
}

#endif
