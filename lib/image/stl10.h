/*
 * STL-10's binary files (Coates, Lee & Ng 2011): images of bytes, (3, column, row) each, so that pixels of
 * a column are neighbours; reading them as rows would transpose the picture and map an orientation
 * theta to 90 degrees - theta. Labels are bytes 1..10 in a file of their own. Nothing has a header.
 */
#ifndef IMAGE_STL10_H
#define IMAGE_STL10_H

#include <stddef.h>

#define STL10_SIDE 96
#define STL10_CLASSES 10

struct stl10_in;

/* images: a file of side x side images, "-" is standard input; labels: NULL, or the file of their labels.
 * Where both are regular files their lengths are compared at once. NULL with a reason. */
struct stl10_in *stl10_open(const char *images, const char *labels, size_t side)
    __attribute__((warn_unused_result));

/* The next image as grey, (side, side), rows from the top, by the luminance of grey.h, not rounded, and its
 * label 0..9, or -1 where there is no labels file. 1, 0 at the end, or -1: a cut image, no image at all, a
 * label that is not 1..10, fewer or more labels than images. */
int stl10_next(struct stl10_in *in, float *grey, int *label) __attribute__((warn_unused_result));

void stl10_close(struct stl10_in *in);

#endif
