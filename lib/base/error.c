/* The one error path: see error.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/error.h"

static _Thread_local char reason[ERR_MAX];
static _Thread_local int status = STATUS_FAILED;
static _Thread_local int broken_pipe;

int err_set(const char *format, ...)
{
	char text[ERR_MAX]; /* an argument may be the old reason itself */
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	memcpy(reason, text, sizeof reason);
	/* one line, whatever a file had in its names */
	for (char *c = reason; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	}
	status = STATUS_FAILED;
	broken_pipe = 0;
	return -1;
}

int err_errno(const char *format, ...)
{
	char text[ERR_MAX];
	int error = errno;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	err_set("%s: %s", text, strerror(error));
	broken_pipe = error == EPIPE;
	return -1;
}

int err_usage(const char *format, ...)
{
	char text[ERR_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	err_set("%s", text);
	status = STATUS_USAGE;
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

int err_context(const char *format, ...)
{
	char text[ERR_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	int kept = status, quiet = broken_pipe;
	err_set("%s: %s", text, reason);
	status = kept;
	broken_pipe = quiet;
	return -1;
}

const char *err_reason(void)
{
	return reason;
}
