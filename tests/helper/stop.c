/*
 * Loaded into a tool by LD_PRELOAD: kills it before a chosen call that changes files, and lists those calls.
 *
 *	STOP_AT=n       before the n-th such call, as by kill -9
 *	STOP_LIST=file  append a line "call path" for each
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned long calls;

static void count(const char *call, const char *path)
{
	const char *at = getenv("STOP_AT"), *list = getenv("STOP_LIST");
	calls++;
	if (list) {
		FILE *file = fopen(list, "a");
		if (file) {
			fprintf(file, "%s %s\n", call, path);
			fclose(file);
		}
	}
	if (at && strtoul(at, NULL, 10) == calls)
		kill(getpid(), SIGKILL);
}

static void count_descriptor(const char *call, int descriptor)
{
	char link[64], path[PATH_MAX + 1] = "";
	snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
	ssize_t n = readlink(link, path, PATH_MAX);
	path[n > 0 ? n : 0] = '\0';
	count(call, path);
}

/* the library's own; POSIX allows this way to a function's pointer */
static void next(const char *name, void *function)
{
	*(void **)function = dlsym(RTLD_NEXT, name);
}

int fsync(int descriptor)
{
	int (*real)(int);
	next("fsync", &real);
	count_descriptor("fsync", descriptor);
	return real(descriptor);
}

int ftruncate(int descriptor, off_t length)
{
	int (*real)(int, off_t);
	next("ftruncate64", &real);
	count_descriptor("ftruncate", descriptor);
	return real(descriptor, length);
}

int rename(const char *from, const char *to)
{
	int (*real)(const char *, const char *);
	next("rename", &real);
	count("rename", to);
	return real(from, to);
}

/* those that may make a file */
int open(const char *path, int flags, ...)
{
	int (*real)(const char *, int, ...);
	mode_t mode = 0;
	next("open64", &real);
	if (flags & O_CREAT) {
		va_list arguments;
		va_start(arguments, flags);
		mode = va_arg(arguments, mode_t);
		va_end(arguments);
		count("open", path);
	}
	return real(path, flags, mode);
}

int mkstemp(char *path)
{
	int (*real)(char *);
	next("mkstemp64", &real);
	count("mkstemp", path);
	return real(path);
}

int fflush(FILE *stream)
{
	int (*real)(FILE *);
	next("fflush", &real);
	if (stream)
		count_descriptor("fflush", fileno(stream));
	return real(stream);
}
