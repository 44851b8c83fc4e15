/* Unlinked files in $TMPDIR: see spool.h. */
#define _GNU_SOURCE /* O_TMPFILE */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/spool.h"

static const char *spool_folder(void)
{
	const char *folder = getenv("TMPDIR");
	return folder && *folder ? folder : "/tmp";
}

const char *spool_name(void)
{
	static char name[256];
	snprintf(name, sizeof name, "spool in %s", spool_folder());
	return name;
}

/* A file without a name; where the file system has none, one whose name is removed at once. */
static int open_nameless(const char *folder)
{
#ifdef O_TMPFILE
	int descriptor = open(folder, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
	if (descriptor >= 0)
		return descriptor;
#endif
	char *path = mem_text("%s/v1pipe.XXXXXX", folder);
	int named = path ? mkstemp(path) : -1;
	if (named >= 0)
		unlink(path);
	else if (path)
		err_errno("%s: cannot spool here", folder);
	free(path);
	return named;
}

FILE *spool_open(void)
{
	int descriptor = open_nameless(spool_folder());
	FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "w+b");
	if (!file && descriptor >= 0) {
		err_errno("%s: cannot spool here", spool_folder());
		close(descriptor);
	}
	return file;
}
