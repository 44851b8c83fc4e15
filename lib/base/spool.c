/* Unlinked files in $TMPDIR: see spool.h. */
#include <stdlib.h>
#include <unistd.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/spool.h"

FILE *spool_open(void)
{
	const char *folder = getenv("TMPDIR");
	if (!folder || !*folder)
		folder = "/tmp";
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
