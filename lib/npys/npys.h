/*
 * npys: NPY records one after the other to end of file (npys(5)). Versions 1.0-3.0 are read, 1.0 is
 * written. The reader yields a header, then items (slices of the first axis; a record of rank 0 or 1
 * counts each number as an item), so memory is a chunk of items, never a record.
 */
#ifndef NPYS_NPYS_H
#define NPYS_NPYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NPYS_RANK_MAX 8

enum npys_type { NPYS_U1, NPYS_B1, NPYS_U2, NPYS_I2, NPYS_I4, NPYS_I8, NPYS_F2, NPYS_F4, NPYS_F8 };

struct npys_header {
	enum npys_type type;
	size_t rank, shape[NPYS_RANK_MAX];
	size_t items;    /* shape[0], or 1 where rank is 0 */
	size_t item;     /* numbers in an item: product of shape[1..] */
	size_t elements; /* items * item; the product times 8 bytes is known to fit a size_t */
};

struct npys_in;
struct npys_out;

size_t npys_type_size(enum npys_type type);
const char *npys_type_name(enum npys_type type); /* "<f4" */
bool npys_is_integer(enum npys_type type);       /* |u1 |b1 <u2 <i2 <i4 <i8 */

/* A header for a record of that shape. 0, or -1 where the product overflows or rank > NPYS_RANK_MAX. */
int npys_shape(struct npys_header *header, enum npys_type type, size_t rank, const size_t *shape)
    __attribute__((warn_unused_result));

/* Read the files in order as one stream; "-" is standard input, no files mean standard input. Files
 * are opened when they are reached. NULL with a reason. */
struct npys_in *npys_open(char *const *files, size_t count) __attribute__((warn_unused_result));

/* The same for one file (a shorthand for option arguments). */
struct npys_in *npys_open_file(const char *file) __attribute__((warn_unused_result));

/* The next record's header: 1, or 0 at a clean end, or -1 with a reason ("file: record 17: ...").
 * Items of the current record that were not read are skipped (and must be there). A stream without
 * any record is an error. */
int npys_next(struct npys_in *in, struct npys_header *header) __attribute__((warn_unused_result));

/* Read the next `count` items of the current record into x, converted: numbers are never rescaled.
 * NaN and infinities are errors that name record and item unless npys_allow_nonfinite was called;
 * integers beyond 2^53 (double) or 2^24 (float) lose digits as in a C cast. 0 or -1. */
int npys_read_float(struct npys_in *in, float *x, size_t count) __attribute__((warn_unused_result));
int npys_read_double(struct npys_in *in, double *x, size_t count)
    __attribute__((warn_unused_result));
/* only for integer types, else an error */
int npys_read_int(struct npys_in *in, int64_t *x, size_t count) __attribute__((warn_unused_result));
/* the bytes as they are (little endian), no check of values */
int npys_read_raw(struct npys_in *in, void *x, size_t count) __attribute__((warn_unused_result));

void npys_allow_nonfinite(struct npys_in *in);

/* Number of the current record from 0 over the whole stream, and its file's name, for messages. */
size_t npys_record(const struct npys_in *in);
const char *npys_file(const struct npys_in *in);

/* Look at up to 16 of the first bytes of the stream without consuming them, before the first
 * npys_next; *got is their number. For callers that must tell npys from another format. 0 or -1. */
int npys_peek(struct npys_in *in, unsigned char *first, size_t size, size_t *got)
    __attribute__((warn_unused_result));
/* Read up to size bytes of the rest of the open file unchanged, after npys_peek showed that they
 * are not npys. 0 or -1. */
int npys_take(struct npys_in *in, unsigned char *x, size_t size, size_t *got)
    __attribute__((warn_unused_result));

/* Free; NULL is allowed. */
void npys_close_in(struct npys_in *in);

/* A stream to a file (atomic), FIFO, or standard output (NULL, "-"); refuses a terminal. NULL with a reason. */
struct npys_out *npys_create(const char *path) __attribute__((warn_unused_result));

/* The same for a file that grows by records and goes on after an interruption (base/output.h, output_grow). */
struct npys_out *npys_grow(const char *path, size_t length) __attribute__((warn_unused_result));
/* Bytes it has, synced; between records. 0 or -1. */
int npys_length(struct npys_out *out, size_t *length) __attribute__((warn_unused_result));

/* A stream to a spool (base/spool.h): npys_replay ends the writing and reads the stream again. */
struct npys_out *npys_spool(void) __attribute__((warn_unused_result));
/* End a spool's writing, free it (also on failure) and read it from its start. NULL with a reason. */
struct npys_in *npys_replay(struct npys_out *spool) __attribute__((warn_unused_result));

/* Write a header at once (and flush it). 0 or -1. */
int npys_begin(struct npys_out *out, const struct npys_header *header)
    __attribute__((warn_unused_result));

/* Append `count` items to the current record, converted to its type; a conversion to an integer type rounds
 * to nearest, ties to even, and a value that does not fit is an error. More items than announced are an error. 0 or -1. */
int npys_write_float(struct npys_out *out, const float *x, size_t count)
    __attribute__((warn_unused_result));
int npys_write_double(struct npys_out *out, const double *x, size_t count)
    __attribute__((warn_unused_result));
int npys_write_int(struct npys_out *out, const int64_t *x, size_t count)
    __attribute__((warn_unused_result));
int npys_write_raw(struct npys_out *out, const void *x, size_t count)
    __attribute__((warn_unused_result));

/* A whole record from memory. 0 or -1. */
int npys_put_float(struct npys_out *out, size_t rank, const size_t *shape, const float *x)
    __attribute__((warn_unused_result));
int npys_put_double(struct npys_out *out, size_t rank, const size_t *shape, const double *x)
    __attribute__((warn_unused_result));

/* Flush, so that a reader sees what there is. 0 or -1. */
int npys_flush(struct npys_out *out) __attribute__((warn_unused_result));

/* Check that the last record is whole and every write came through; rename; free. 0 or -1. */
int npys_close(struct npys_out *out) __attribute__((warn_unused_result));
void npys_abandon(struct npys_out *out);

/* A whole record in memory, for small data (banks, kernels, rms). */
struct npys_array {
	struct npys_header header; /* type: as it was stored */
	double *x;                 /* header.elements doubles; free with npys_array_free */
};
/* The next record whole: 1, 0 at the end, -1. Refuses records above `limit` elements. */
int npys_next_array(struct npys_in *in, struct npys_array *array, size_t limit)
    __attribute__((warn_unused_result));
/* The only record of a file; a second one is an error. 0 or -1. */
int npys_load(const char *file, struct npys_array *array, size_t limit)
    __attribute__((warn_unused_result));
void npys_array_free(struct npys_array *array);

#endif
