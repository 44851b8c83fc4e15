/* Unlinked files in $TMPDIR: see spool.h. */
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

FILE *spool_open(void)
{
	const char *folder = spool_folder();
	char *path = mem_text("%s/v1pipe.XXXXXX", folder);
	if (!path)
		return NULL;
	FILE *file = NULL;
	int descriptor = mkstemp(path);
	if (descriptor < 0) {
		err_errno("%s: cannot spool here", folder);
	} else {
		unlink(path);
		file = fdopen(descriptor, "w+b");
		if (!file) {
			err_errno("%s: cannot spool here", folder);
			close(descriptor);
		}
	}
	free(path);
	return file;
}
