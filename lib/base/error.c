/* The one error path: see error.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/error.h"

static _Thread_local char reason[ERR_MAX];
static _Thread_local int status = STATUS_FAILED;
static _Thread_local int broken_pipe;

/* Record a reason with what it asks for. The text may be made of the old reason. */
static void record(
    int new_status, int new_broken_pipe, const char *end, const char *format, va_list arguments)
{
	char text[ERR_MAX];
	int length = vsnprintf(text, sizeof text, format, arguments);
	if (end && length >= 0 && (size_t)length < sizeof text)
		snprintf(text + length, sizeof text - (size_t)length, ": %s", end);
	memcpy(reason, text, sizeof reason);
	/* one line, whatever a file had in its names */
	for (char *c = reason; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	}
	status = new_status;
	broken_pipe = new_broken_pipe;
}

#define RECORD(...)                                                                                \
	do {                                                                                       \
		va_list arguments;                                                                 \
		va_start(arguments, format);                                                       \
		record(__VA_ARGS__, format, arguments);                                            \
		va_end(arguments);                                                                 \
	} while (0)

int err_set(const char *format, ...)
{
	RECORD(STATUS_FAILED, 0, NULL);
	return -1;
}

int err_errno(const char *format, ...)
{
	int error = errno;
	RECORD(STATUS_FAILED, error == EPIPE, strerror(error));
	return -1;
}

int err_usage(const char *format, ...)
{
	RECORD(STATUS_USAGE, 0, NULL);
	return -1;
}

int err_context(const char *format, ...)
{
	RECORD(status, broken_pipe, reason);
	return -1;
}

int err_status(void)
{
	return status;
}

int err_is_broken_pipe(void)
{
	return broken_pipe;
}

const char *err_reason(void)
{
	return reason;
}
