/* Netpbm's programs, for pictures of other formats: run without a shell, and their status looked at before what they
 * wrote is used. */
#ifndef PNM_CONVERT_H
#define PNM_CONVERT_H

#include <stdio.h>

/* Run a program on PATH, argv[0], with `in` from its start as standard input, and its output appended to `out`, a file
 * whose stream has nothing to flush. 0, 1 where it fails, or -1 where it cannot be run, with a reason. */
int pnm_convert(char *const *argv, FILE *in, FILE *out) __attribute__((warn_unused_result));

/* The picture of a file just opened, which becomes this function's: itself where it does not begin as JPEG or PNG, and
 * else an unlinked file of PNM, with JPEG turned as its EXIF orientation says. NULL with a reason. */
FILE *pnm_decode(FILE *file) __attribute__((warn_unused_result));

#endif
