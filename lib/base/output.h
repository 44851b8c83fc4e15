/*
 * Where results go. A regular or new file NAME is written as NAME.unfinished beside it and renamed once it is whole and synced; a
 * FIFO or a device is written directly; NULL and "-" are standard output, /dev/stdout and /dev/fd/N are that descriptor. A symbolic
 * link is followed, there or not. A tool's outputs are renamed together when it ends (output_hold): where one fails, those that are
 * new are removed. Temporaries are removed when the process exits or gets SIGINT, SIGTERM or SIGHUP. What kill -9 leaves is taken
 * over by the next run that writes NAME; a lock (flock) tells it from a file that is being written, beside which a run takes
 * NAME.XXXXXX. So it does where the run itself is to read NAME.unfinished (paths_name).
 */
#ifndef BASE_OUTPUT_H
#define BASE_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

struct output;

/* From now on output_close leaves a finished output under its temporary name until output_commit. */
void output_hold(void);

/* Rename what is finished. 0, or -1 with a reason, and then none of the new ones is there. */
int output_commit(void) __attribute__((warn_unused_result));

/* binary: refuse a terminal; usage, exit status 2.
 * NULL with a reason on failure. */
struct output *output_open(const char *path, bool binary) __attribute__((warn_unused_result));

/* Whether output_open would fail, tested without opening; for results that take long. Claims the
 * name (paths_claim, option as there). 0 or -1. */
int output_check(const char *option, const char *path, bool binary)
    __attribute__((warn_unused_result));

/* As output_open, for a file that is read while it grows (a log) and that a later run continues:
 * without a temporary. The first `length` bytes of a regular file stay and the rest is cut off; a
 * shorter or missing file is an error, and so is one that another run writes. The folder is synced
 * for a new file. */
struct output *output_grow(const char *path, size_t length) __attribute__((warn_unused_result));

/* The bytes of a growing file, after all that was written is flushed and synced. 0 or -1. */
int output_length(struct output *out, size_t *length) __attribute__((warn_unused_result));

/* Sync the folder of a file that is new there or was renamed into it. 0 or -1. */
int output_sync_folder(const char *path) __attribute__((warn_unused_result));

/* Write to a stream that is already open, e.g. a spool, and own it. NULL with a reason, stream
 * closed. */
struct output *output_adopt(FILE *stream, const char *name) __attribute__((warn_unused_result));

/* The stream to write to; its name for messages ("standard output" or the path). */
FILE *output_stream(struct output *out);
const char *output_name(const struct output *out);

/* fwrite with a reason on failure. 0 or -1. */
int output_write(struct output *out, const void *data, size_t bytes)
    __attribute__((warn_unused_result));

/* Flush so that the next tool sees what was written. 0 or -1. */
int output_flush(struct output *out) __attribute__((warn_unused_result));

/* Check every write, sync, rename, free. 0, or -1 with a reason and nothing left under the final name. */
int output_close(struct output *out) __attribute__((warn_unused_result));

/* Give up: remove the temporary, free. NULL is allowed. */
void output_abandon(struct output *out);

/* Remove all temporaries that are still open (for tool_fail and signal handlers; async-signal-safe). */
void output_cleanup(void);

#endif
