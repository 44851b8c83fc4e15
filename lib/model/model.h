/*
 * Models: safetensors files. The reader checks everything before it trusts anything (formats.md's list: length
 * caps, UTF-8 JSON without duplicate keys, known dtypes, no overflow, no gap, no overlap, exact size).
 * The writer pads the header to 8 bytes, orders by element size descending then name, adds nothing between tensors,
 * so that equal content gives equal bytes and the reference library reads it.
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define MODEL_RANK_MAX 8
#define MODEL_HEADER_MAX (1u << 20)

struct model_tensor {
	char *name;
	const char *dtype; /* "F32" ... as in the format */
	size_t rank, shape[MODEL_RANK_MAX], elements;
	size_t begin, end; /* bytes from the data's start */
};

struct model;

/* Open and check the whole header. NULL with a reason. The file stays open for the tensors' data. */
struct model *model_open(const char *path) __attribute__((warn_unused_result));
/* The same for a seekable file that is open already and becomes the model's, also on failure; name is for messages. */
struct model *model_open_stream(FILE *file, const char *name) __attribute__((warn_unused_result));
void model_close(struct model *model);
const char *model_path(const struct model *model);

/* Tensors in the file's order (by begin). */
size_t model_count(const struct model *model);
const struct model_tensor *model_tensor(const struct model *model, size_t i);
/* By name; NULL with a reason. */
const struct model_tensor *model_find(const struct model *model, const char *name);

/* A tensor's numbers, converted (F16, BF16, F32, F64 and integers up to 64 bits, BOOL); others are refused by name. 0 or -1. */
int model_read_double(struct model *model, const struct model_tensor *tensor, double *x)
    __attribute__((warn_unused_result));
/* Only the numbers first .. first + count - 1, in C order. 0 or -1. */
int model_read_part(struct model *model, const struct model_tensor *tensor, size_t first,
    size_t count, double *x) __attribute__((warn_unused_result));
/* The same numbers as the file has them, little endian; for dtypes that can be read. 0 or -1. */
int model_read_bytes(struct model *model, const struct model_tensor *tensor, size_t first,
    size_t count, void *x) __attribute__((warn_unused_result));

/* __metadata__: the value of a key, NULL where absent; the i-th pair in key order, false past the last. */
const char *model_meta(const struct model *model, const char *key);
bool model_meta_pair(const struct model *model, size_t i, const char **key, const char **value);

/* Writing: collect, then write all at once. Names must be unique; x is copied when written, so it must live till then. */
struct model_out;
struct model_out *model_create(void) __attribute__((warn_unused_result));
int model_add(struct model_out *out, const char *name, size_t rank, const size_t *shape,
    const float *x) __attribute__((warn_unused_result)); /* F32 */
int model_add_meta(struct model_out *out, const char *key, const char *value)
    __attribute__((warn_unused_result));
/* Write to path (atomic; NULL or "-": standard output) and free, also on failure. 0 or -1. */
int model_write(struct model_out *out, const char *path) __attribute__((warn_unused_result));
void model_discard(struct model_out *out);

#endif
