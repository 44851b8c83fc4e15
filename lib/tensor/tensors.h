/*
 * The tensors of an npys stream or of a safetensors file, one after the other, told apart by the first bytes:
 * NPY's magic, or else safetensors. Memory is what the caller reads at once; safetensors that come through a pipe
 * are spooled to an unlinked file in $TMPDIR, because they must be seekable.
 */
#ifndef TENSOR_TENSORS_H
#define TENSOR_TENSORS_H

#include "model/model.h"
#include "npys/npys.h"

struct tensors;

struct tensor {
	size_t record;             /* number in the file, from 0 */
	const char *name;          /* NULL in npys */
	const char *dtype;         /* as the file has it: "<f4", "F32" */
	bool readable;             /* its numbers can be read */
	struct npys_header header; /* as npys: the type that holds every number exactly */
};

/*
 * The records of the files, as npys_open; a single file that is safetensors gives the one tensor whose shape `fits`, and
 * where none or several do, the reason names them. NULL with a reason.
 */
struct npys_in *tensors_stream(char *const *files, size_t count,
    bool (*fits)(const struct npys_header *)) __attribute__((warn_unused_result));

/* "-" is standard input. NULL with a reason. */
struct tensors *tensors_open(const char *path) __attribute__((warn_unused_result));
void tensors_close(struct tensors *tensors);
const char *tensors_file(const struct tensors *tensors);

/* The safetensors file behind it, NULL where it is npys. */
const struct model *tensors_model(const struct tensors *tensors);

/* The next tensor: 1, 0 at the end, -1. Items of the one before that were not read are skipped. A stream without a
 * record is an error, a safetensors file without a tensor is not. */
int tensors_next(struct tensors *tensors, struct tensor *tensor)
    __attribute__((warn_unused_result));

/* Make the tensor of that name the next one; safetensors only. 0 or -1. */
int tensors_seek(struct tensors *tensors, const char *name) __attribute__((warn_unused_result));

/* The next `count` items of the current tensor as doubles (NaN and infinities are let through), or as bytes of
 * header.type. U64 beyond 2^63 - 1 is an error in the latter. 0 or -1. */
int tensors_read(struct tensors *tensors, double *x, size_t count)
    __attribute__((warn_unused_result));
int tensors_read_raw(struct tensors *tensors, void *x, size_t count)
    __attribute__((warn_unused_result));

/* Items that make a chunk of at most 64 Ki numbers, at least 1. */
size_t tensors_chunk(const struct npys_header *header);

/* "(64,3,11,11)", "(3,)", "()" into text of TENSOR_SHAPE_MAX bytes; gives text. */
#define TENSOR_SHAPE_MAX 256
const char *tensor_shape(const struct npys_header *header, char *text);

#endif
