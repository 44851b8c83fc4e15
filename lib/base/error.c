/* The one error path: see error.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/error.h"

static _Thread_local char reason[ERR_MAX];

int err_set(const char *format, ...)
{
	char text[ERR_MAX]; /* an argument may be the old reason itself */
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	memcpy(reason, text, sizeof reason);
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
	return err_set("%s: %s", text, strerror(error));
}

int err_context(const char *format, ...)
{
	char text[ERR_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	return err_set("%s: %s", text, reason);
}

const char *err_reason(void)
{
	return reason;
}
