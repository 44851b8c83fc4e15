/* STL-10's binary files: see stl10.h. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/error.h"
#include "base/memory.h"
#include "image/grey.h"
#include "image/stl10.h"

struct stl10_in {
	FILE *images, *labels; /* labels: NULL where there are none */
	const char *images_name, *labels_name;
	size_t side, count;
	uint8_t *bytes; /* (3, column, row) */
	float *planes;  /* the same; grey ends up in the first */
};

static const char *name_of(const char *path)
{
	return strcmp(path, "-") ? path : "standard input";
}

static FILE *open_file(const char *path)
{
	FILE *file = strcmp(path, "-") ? fopen(path, "rb") : stdin;
	if (!file)
		err_errno("%s", path);
	return file;
}

static void close_file(FILE *file)
{
	if (file && file != stdin)
		fclose(file);
}

/* As many labels as images, as far as the files' lengths tell. */
static int check_lengths(const struct stl10_in *in)
{
	struct stat images, labels;
	size_t image = 3 * in->side * in->side;
	if (!in->labels || fstat(fileno(in->images), &images) ||
	    fstat(fileno(in->labels), &labels) || !S_ISREG(images.st_mode) ||
	    !S_ISREG(labels.st_mode) || (size_t)images.st_size % image)
		return 0; /* the reader will see */
	if ((size_t)images.st_size / image != (size_t)labels.st_size)
		return err_set("%s: %zu labels for the %zu images of %s", in->labels_name,
		    (size_t)labels.st_size, (size_t)images.st_size / image, in->images_name);
	return 0;
}

struct stl10_in *stl10_open(const char *images, const char *labels, size_t side)
{
	struct stl10_in *in = mem_alloc(1, sizeof *in);
	if (!in)
		return NULL;
	in->side = side;
	in->images_name = name_of(images);
	if (!(in->images = open_file(images)))
		goto fail;
	if (labels) {
		in->labels_name = name_of(labels);
		if (!(in->labels = open_file(labels)))
			goto fail;
	}
	size_t plane;
	if (check_lengths(in) || mem_multiply(side, side, &plane))
		goto fail;
	in->bytes = mem_alloc(plane, 3);
	in->planes = mem_alloc(plane, 3 * sizeof *in->planes);
	if (in->bytes && in->planes)
		return in;
fail:
	stl10_close(in);
	return NULL;
}

void stl10_close(struct stl10_in *in)
{
	if (!in)
		return;
	close_file(in->images);
	close_file(in->labels);
	free(in->bytes);
	free(in->planes);
	free(in);
}

/* After the last image: there must have been one, and no label may be left. */
static int finish(struct stl10_in *in)
{
	if (!in->count)
		return err_set("%s: no image", in->images_name);
	if (in->labels && fgetc(in->labels) != EOF)
		return err_set("%s: more labels than the %zu images of %s", in->labels_name,
		    in->count, in->images_name);
	return in->labels && ferror(in->labels) ? err_errno("%s", in->labels_name) : 0;
}

static int read_label(struct stl10_in *in)
{
	int byte = fgetc(in->labels);
	if (byte == EOF && ferror(in->labels))
		return err_errno("%s", in->labels_name);
	if (byte == EOF)
		return err_set("%s: only %zu labels, %s has more images", in->labels_name,
		    in->count, in->images_name);
	if (byte < 1 || byte > STL10_CLASSES)
		return err_set("%s: label %zu: %d is not one of 1..%d", in->labels_name, in->count,
		    byte, STL10_CLASSES);
	return byte - 1;
}

int stl10_next(struct stl10_in *in, float *grey, int *label)
{
	size_t side = in->side, plane = side * side;
	size_t got = fread(in->bytes, 1, 3 * plane, in->images);
	if (got < 3 * plane && ferror(in->images))
		return err_errno("%s", in->images_name);
	if (!got)
		return finish(in);
	if (got < 3 * plane)
		return err_set("%s: image %zu: got %zu of %zu bytes", in->images_name, in->count,
		    got, 3 * plane);
	*label = -1;
	if (in->labels && (*label = read_label(in)) < 0)
		return -1;
	for (size_t i = 0; i < 3 * plane; i++)
		in->planes[i] = in->bytes[i];
	grey_planes(in->planes, in->planes, plane);
	for (size_t row = 0; row < side; row++)
		for (size_t column = 0; column < side; column++)
			grey[row * side + column] = in->planes[column * side + row];
	in->count++;
	return 1;
}
