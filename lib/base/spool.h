/* Temporary space on disk for data that do not fit in memory or cannot be read twice: an unlinked
 * file, which disappears with the process. */
#ifndef BASE_SPOOL_H
#define BASE_SPOOL_H

#include <stdio.h>

/* An empty file in $TMPDIR (/tmp without it), open for writing and reading, already without a name. NULL with a
 * reason. */
FILE *spool_open(void) __attribute__((warn_unused_result));

/* What messages call it: "spool in FOLDER". */
const char *spool_name(void);

#endif
