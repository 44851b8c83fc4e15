/*
 * What the names of a run's files mean. The one rule: no file that is written may be another file of the run, neither one that is
 * read nor one that is written too. tool_start tells the files that the command line names; output_check and output_open claim.
 */
#ifndef BASE_PATHS_H
#define BASE_PATHS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/* Do both names lead to one regular file, or would they once it is written? Links are followed, those to nothing too, and folders
 * compared. Devices and FIFOs may be named twice. */
bool paths_same(const char *a, const char *b);

/* Are these of one file? */
bool paths_same_status(const struct stat *a, const struct stat *b);

/* The file that a name leads to, there or not: symbolic links followed. NULL with a reason; free(). */
char *paths_final(const char *path) __attribute__((warn_unused_result));

/* The descriptor that is meant by an output's name: 1 for NULL, "-" and /dev/stdout, 2 for /dev/stderr, N for /dev/fd/N and
 * /proc/self/fd/N; -1: it is the name of a file. */
int paths_descriptor(const char *path);

/* A file that the command line names. */
struct paths_use {
	const char *option; /* as the messages name it, "--log"; NULL: an operand */
	const char *path;
};

/* The command line's files, kept by the caller. */
void paths_name(const struct paths_use *uses, size_t count);

/* Is it standard input or one of those files? */
bool paths_is_named(const struct stat *status);

/* This file will be written; option: what it is called in messages, NULL for a path that paths_name was told, by that very pointer.
 * May be repeated. 0, or -1 with a reason of usage where it is another file of the run. */
int paths_claim(const char *option, const char *path) __attribute__((warn_unused_result));

#endif
