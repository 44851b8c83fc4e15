/*
 * Images from PNM, PAM, JPEG and PNG files, folders of them, or standard input, one after the other: read, turned to grey,
 * resized, cropped, numbered within their class.
 *
 * Folders are searched with all folders below them. Files and folders of a folder come in byte order of their names,
 * folders at their place among the files; those whose name begins with a dot, what is no regular file, and files whose
 * name does not end in .pbm, .pgm, .ppm, .pnm, .pam, .jpg, .jpeg or .png (any case), are passed over. A file that is named itself is read whatever its name.
 */
#ifndef IMAGE_SOURCE_H
#define IMAGE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

struct source_options {
	bool colour; /* keep three planes; grey images get three equal ones */
	bool
	    label_dirs; /* classes are the names of the folders that hold the files, in byte order from 0 */
	bool skip_broken; /* go on with the next file after one that cannot be read to its end */
	size_t size;      /* the shorter side after area averaging; 0: as it is */
	size_t crop;      /* side of the centred square; 0: the whole image */
};

struct source_image {
	size_t c, h, w;
	bool
	    exact; /* values are integers 0..255 up to the rounding of grey, resizing and a maxval below 255;
	                  false: samples had more than 8 bits */
	float *x;     /* (c, h, w) brightness 0..255; the source's, until the next image */
	size_t class; /* 0 without label_dirs */
	size_t index; /* number within its class, from 0 */
};

struct source;

/* Find the files of all operands (none: standard input; "-": standard input too, not with label_dirs). Only names
 * are read here and kept. NULL with a reason. */
struct source *source_open(char *const *operands, size_t count,
    const struct source_options *options) __attribute__((warn_unused_result));
void source_close(struct source *source);

/* Classes (1 without label_dirs) and the folder's name of one. */
size_t source_classes(const struct source *source);
const char *source_class_name(const struct source *source, size_t class);

/* The next image: 1, 0 at the end, -1. An image smaller than the crop is an error. */
int source_next(struct source *source, struct source_image *image)
    __attribute__((warn_unused_result));

/* Files that were passed over as broken, and why the first was; NULL where there is none. */
size_t source_skipped(const struct source *source, const char **first);

/* Its file and number there, for messages. */
const char *source_file(const struct source *source);

#endif
