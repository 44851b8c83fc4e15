/* Whether two names of a command line are one file: a run that writes one of its own files destroys its data. */
#ifndef BASE_PATHS_H
#define BASE_PATHS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/* Whether both names lead to one regular file, or would once it is written. Links are followed and
 * folders compared. Devices and FIFOs may be named twice. */
bool paths_same(const char *a, const char *b);

/* Are these of one file? */
bool paths_same_status(const struct stat *a, const struct stat *b);

/* A file of a run. */
struct paths_use {
	const char *option; /* as the messages name it, "--log"; NULL: an operand */
	const char *path;   /* NULL or "-": no file */
	bool written;
};

/* No file that is written may be any other file of the run. 0, or -1 with a reason of usage. */
int paths_check(const struct paths_use *uses, size_t count) __attribute__((warn_unused_result));

#endif
