/*
 * Training images: a labelled stream, spooled. Pixels lie in an unlinked file in $TMPDIR, fully written before it is
 * mapped, so data may be larger than memory; memory holds 28 bytes an image (label, place in a part and in the epoch's
 * order).
 *
 * With several processes rank 0 reads the stream and deals the images out as they come, image i to rank i mod ranks,
 * which spools its own; labels and the hash are on all.
 */
#ifndef NET_DATA_H
#define NET_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "conv/real.h"
#include "net/comm.h"
#include "npys/npys.h"

struct data {
	const struct comm *comm;
	size_t images, h, w;
	size_t classes; /* largest label + 1 */
	int32_t *labels;
	uint64_t hash; /* of sizes, type, pixels and labels */
	bool bytes;    /* pixels are |u1, else <f4 */
	FILE *spool;
	size_t held;        /* images in this process's spool */
	const void *pixels; /* mapped, (held, h, w) */
	size_t mapped;
};

/* Read a whole stream of batches of one channel, each followed by its labels; all of one size. in: rank 0's stream,
 * NULL on other ranks. 0 or -1. */
int data_read(struct npys_in *in, const struct comm *comm, struct data *data)
    __attribute__((warn_unused_result));
void data_free(struct data *data);

/* The rank that holds image i. */
size_t data_owner(const struct data *data, size_t i);

/* A part of the data: which images, in the stream's order. */
struct data_part {
	const struct data *data;
	size_t *image, count;
};

/* All of it; or split by the rule of image/split.h, one image of each `one_in` of a class into `held_out`. 0 or -1. */
int data_all(const struct data *data, struct data_part *part) __attribute__((warn_unused_result));
int data_split(const struct data *data, size_t one_in, struct data_part *part,
    struct data_part *held_out) __attribute__((warn_unused_result));
void data_part_free(struct data_part *part);

/* An error that names a class below `classes` of which the part has no image; what: "training", "validation". 0 or -1. */
int data_needs_classes(const struct data_part *part, size_t classes, const char *what)
    __attribute__((warn_unused_result));

/* Image i's window of h x w pixels from (top, left), mirrored left to right where flip; this process holds it. */
void data_crop(const struct data *data, size_t i, size_t top, size_t left, size_t h, size_t w,
    bool flip, float *out);

/* Deal the labels of the part's images out among them anew, the same way on all processes: what is in the images no longer
 * tells the class, and each class keeps its number of images. 0 or -1. */
int data_shuffle_labels(struct data *data, const struct data_part *part, uint64_t seed)
    __attribute__((warn_unused_result));

/* Mean and standard deviation of all pixels of the part, on all processes. 0 or -1. */
int data_moments(const struct data_part *part, double *mean, double *sd)
    __attribute__((warn_unused_result));

#endif
