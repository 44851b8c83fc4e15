/*
 * The one error path. A library function that fails calls err_set (or a function that did), which
 * records the reason and gives -1; a pointer function gives NULL. Only a tool ends the process:
 * tool_fail() in tool.h prints "tool: reason". The reason reads "what: why" and belongs to the
 * calling thread; par_for carries a worker's reason to the caller.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

enum exit_status {
	STATUS_OK = 0,
	STATUS_FAILED = 1, /* also: data that do not fit the options; tensor-cmp: differs */
	STATUS_USAGE = 2,  /* wrong options or operands, known before any data are read */
};

#define ERR_MAX 1024 /* bytes a reason can have, its end mark included */

/* Record a reason; always gives -1, so that "return err_set(...)" reads well. */
int err_set(const char *format, ...) __attribute__((format(printf, 1, 2), cold));

/* The same with ": " and the text of errno at its end. */
int err_errno(const char *format, ...) __attribute__((format(printf, 1, 2), cold));

/* Put "format: " before the recorded reason; always gives -1. */
int err_context(const char *format, ...) __attribute__((format(printf, 1, 2), cold));

/* A reason that is a matter of usage, known before any data are read: tool_fail exits 2 for it. */
int err_usage(const char *format, ...) __attribute__((format(printf, 1, 2), cold));

/* The exit status of the last reason; and whether it is a broken pipe, which is not reported. */
int err_status(void);
int err_is_broken_pipe(void);

/* The reason recorded last in this thread, "" if there is none. */
const char *err_reason(void);

#endif
