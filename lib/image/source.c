/* Images from files and folders: see source.h. */
#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "image/grey.h"
#include "image/resize.h"
#include "image/source.h"
#include "pnm/pnm.h"

struct names {
	char **x;
	size_t count, capacity;
};

struct source {
	struct source_options options;
	struct names files;
	struct names classes; /* in byte order, each once */
	size_t *seen;         /* images of each class so far */
	size_t next;          /* file */
	size_t class;         /* of the open file */
	size_t skipped;       /* broken files */
	char *first_skipped;  /* why */
	struct pnm_in *in;
	float *image, *work; /* the image, and room to resize it */
	size_t image_room, work_room;
	float *row;
	size_t row_room;
};

/* ---- files and folders ---- */

/* Takes name over, also on failure. */
static int append(struct names *names, char *name)
{
	if (!name)
		return -1;
	if (mem_grow((void **)&names->x, &names->capacity, names->count + 1, sizeof *names->x) <
	    0) {
		free(name);
		return -1;
	}
	names->x[names->count++] = name;
	return 0;
}

static void release(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->x[i]);
	free(names->x);
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_image_name(const char *name)
{
	static const char *const endings[] = {
	    ".pbm", ".pgm", ".ppm", ".pnm", ".pam", ".jpg", ".jpeg", ".png"};
	const char *dot = strrchr(name, '.');
	for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++) {
		if (strcasecmp(dot, endings[i]) == 0)
			return true;
	}
	return false;
}

/* For fts: the entries of a folder in the order of their names' bytes. */
static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int find_entry(struct source *source, FTS *tree, FTSENT *entry)
{
	if (entry->fts_level > 0 && entry->fts_name[0] == '.') {
		fts_set(tree, entry, FTS_SKIP);
		return 0;
	}
	switch (entry->fts_info) {
	case FTS_F:
		return is_image_name(entry->fts_name)
			   ? append(&source->files, mem_text("%s", entry->fts_path))
			   : 0;
	case FTS_DC:
		return err_set("%s: this folder is within itself, by a link", entry->fts_path);
	case FTS_SLNONE:
		entry->fts_errno = ENOENT; /* fall through */
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		errno = entry->fts_errno;
		return err_errno("%s", entry->fts_path);
	default:
		return 0;
	}
}

static int find_in(struct source *source, char *folder)
{
	FTS *tree = fts_open((char *[]){folder, NULL}, FTS_LOGICAL | FTS_NOCHDIR, by_name);
	FTSENT *entry;
	int status = tree ? 0 : err_errno("%s", folder);
	for (errno = 0; status == 0 && (entry = fts_read(tree)); errno = 0)
		status = find_entry(source, tree, entry);
	if (status == 0 && errno)
		status = err_errno("%s", folder);
	if (tree)
		fts_close(tree);
	return status;
}

static int find_operand(struct source *source, char *operand)
{
	struct stat status;
	size_t before = source->files.count;
	if (strcmp(operand, "-") == 0)
		return append(&source->files, mem_text("-"));
	if (stat(operand, &status) < 0)
		return err_errno("%s", operand);
	if (!S_ISDIR(status.st_mode))
		return append(&source->files, mem_text("%s", operand));
	if (find_in(source, operand) < 0)
		return -1;
	if (source->files.count == before)
		return err_set("%s: no PNM, PAM, JPEG or PNG file in this folder", operand);
	return 0;
}

/* ---- classes ---- */

/* The name of the folder that holds the file: "cat" of "images/cat/1.pgm". If the path does not
 * contain it ("1.pgm", "./1.pgm", "../1.pgm"), the name of the real folder. */
static char *folder_name(const char *file)
{
	const char *slash = strrchr(file, '/'), *start;
	char *folder = slash ? mem_text("%.*s", (int)(slash - file), file) : mem_text(".");
	if (!folder)
		return NULL;
	for (size_t n = strlen(folder); n > 1 && folder[n - 1] == '/'; n--)
		folder[n - 1] = '\0';
	start = strrchr(folder, '/') ? strrchr(folder, '/') + 1 : folder;
	if (!*start || strcmp(start, ".") == 0 || strcmp(start, "..") == 0) {
		char *real = realpath(*folder ? folder : "/", NULL);
		free(folder);
		if (!real) {
			err_errno("%s", file);
			return NULL;
		}
		folder = real;
		start = strrchr(folder, '/') + 1;
	}
	char *name = mem_text("%s", *start ? start : "/");
	free(folder);
	return name;
}

static int find_classes(struct source *source)
{
	struct names *classes = &source->classes;
	size_t kept = 0;
	if (!source->options.label_dirs)
		return append(classes, mem_text("-"));
	for (size_t i = 0; i < source->files.count; i++) {
		if (strcmp(source->files.x[i], "-") == 0)
			return err_usage("standard input: images without a folder have no class");
		/* files of a folder follow each other, so most names need not be kept twice */
		char *name = folder_name(source->files.x[i]);
		if (name && classes->count && strcmp(classes->x[classes->count - 1], name) == 0)
			free(name);
		else if (append(classes, name) < 0)
			return -1;
	}
	qsort(classes->x, classes->count, sizeof *classes->x, by_bytes);
	for (size_t i = 0; i < classes->count; i++) {
		if (kept && strcmp(classes->x[kept - 1], classes->x[i]) == 0)
			free(classes->x[i]);
		else
			classes->x[kept++] = classes->x[i];
	}
	classes->count = kept;
	return 0;
}

/* The open file's class. */
static int set_class(struct source *source, const char *file)
{
	source->class = 0;
	if (!source->options.label_dirs)
		return 0;
	char *name = folder_name(file);
	if (!name)
		return -1;
	char **found = bsearch(
	    &name, source->classes.x, source->classes.count, sizeof *source->classes.x, by_bytes);
	free(name);
	if (!found)
		return err_set("%s: its folder is new since the folders were listed", file);
	source->class = (size_t)(found - source->classes.x);
	return 0;
}

/* ---- the interface ---- */

struct source *source_open(
    char *const *operands, size_t count, const struct source_options *options)
{
	char standard[] = "-", *none[] = {standard};
	struct source *source = mem_alloc(1, sizeof *source);
	if (!source)
		return NULL;
	source->options = *options;
	if (count == 0) {
		operands = none;
		count = 1;
	}
	for (size_t i = 0; i < count; i++) {
		if (find_operand(source, operands[i]) < 0)
			goto fail;
	}
	if (find_classes(source) < 0)
		goto fail;
	source->seen = mem_alloc(source->classes.count, sizeof *source->seen);
	if (source->seen)
		return source;
fail:
	source_close(source);
	return NULL;
}

void source_close(struct source *source)
{
	if (!source)
		return;
	pnm_close_in(source->in);
	release(&source->files);
	release(&source->classes);
	free(source->seen);
	free(source->image);
	free(source->work);
	free(source->row);
	free(source->first_skipped);
	free(source);
}

size_t source_classes(const struct source *source)
{
	return source->classes.count;
}

const char *source_class_name(const struct source *source, size_t class)
{
	return source->classes.x[class];
}

const char *source_file(const struct source *source)
{
	return source->files.x[source->next ? source->next - 1 : 0];
}

/* Read the image's rows one by one, so that memory follows the data and not a header's claim:
 * image (h, c, w), already grey if grey is wanted. */
static int read_rows(struct source *source, const struct pnm_header *header, size_t c)
{
	size_t w = header->w;
	if (mem_grow((void **)&source->row, &source->row_room, 3 * w, sizeof *source->row) < 0)
		return -1;
	for (size_t i = 0; i < header->h; i++) {
		if (mem_grow((void **)&source->image, &source->image_room, (i + 1) * c * w,
			sizeof *source->image) < 0 ||
		    pnm_read_row(source->in, source->row) < 0)
			return -1;
		float *to = source->image + i * c * w;
		if (header->c == 3 && c == 1)
			grey_planes(source->row, to, w);
		else
			memcpy(to, source->row, header->c * w * sizeof *to);
		for (size_t k = header->c; k < c; k++)
			memcpy(to + k * w, source->row, w * sizeof *to);
	}
	return 0;
}

/* image (h, c, w) to (c, h, w), through work */
static int sort_planes(struct source *source, size_t c, size_t h, size_t w)
{
	if (c == 1)
		return 0;
	if (mem_grow((void **)&source->work, &source->work_room, c * h * w, sizeof *source->work) <
	    0)
		return -1;
	for (size_t k = 0; k < c; k++) {
		for (size_t i = 0; i < h; i++)
			memcpy(source->work + (k * h + i) * w, source->image + (i * c + k) * w,
			    w * sizeof(float));
	}
	memcpy(source->image, source->work, c * h * w * sizeof(float));
	return 0;
}

static int change_size(struct source *source, struct source_image *image)
{
	size_t h = image->h, w = image->w, c = image->c, side = source->options.size, pixels;
	image->x = source->image;
	if (side && size_min(h, w) != side) {
		size_t h2, w2;
		resize_shorter(h, w, side, &h2, &w2);
		if (mem_multiply(h2, w2, &pixels) < 0 || pixels > PNM_PIXELS_MAX)
			return err_set(
			    "%zu rows of %zu pixels after resizing are more than the %zu pixels "
			    "an image may have",
			    h2, w2, PNM_PIXELS_MAX);
		if (mem_grow((void **)&source->work, &source->work_room, c * h2 * w2,
			sizeof *source->work) < 0 ||
		    resize_area(image->x, c, h, w, source->work, h2, w2) < 0)
			return -1;
		image->x = source->work;
		image->h = h = h2;
		image->w = w = w2;
	}
	side = source->options.crop;
	if (side) {
		if (h < side || w < side)
			return err_set(
			    "%zu rows of %zu pixels are too small for a crop of %zu", h, w, side);
		resize_crop(image->x, c, h, w, image->x, side, side);
		image->h = image->w = side;
	}
	return 0;
}

size_t source_skipped(const struct source *source, const char **first)
{
	*first = source->first_skipped;
	return source->skipped;
}

/* The pixels of the next image of the open file: 1, 0 at its end, -1. */
static int read_image(struct source *source, struct pnm_header *header)
{
	int status = pnm_next(source->in, header);
	if (status <= 0)
		return status;
	return read_rows(source, header, source->options.colour ? 3 : 1) < 0 ? -1 : 1;
}

int source_next(struct source *source, struct source_image *image)
{
	struct pnm_header header;
	int status = 0;
	while (!source->in || (status = read_image(source, &header)) <= 0) {
		if (status < 0) {
			if (!source->options.skip_broken)
				return -1;
			if (source->skipped++ == 0)
				source->first_skipped = mem_text("%s", err_reason());
		}
		pnm_close_in(source->in);
		source->in = NULL;
		if (source->next == source->files.count)
			return 0;
		const char *file = source->files.x[source->next++];
		if (set_class(source, file) < 0)
			return -1;
		source->in = pnm_open(file);
		status = source->in ? 0 : -1;
	}
	image->c = source->options.colour ? 3 : 1;
	image->h = header.h;
	image->w = header.w;
	image->exact = header.maxval <= 255;
	image->class = source->class;
	image->index = source->seen[source->class]++;
	if (sort_planes(source, image->c, header.h, header.w) < 0 || change_size(source, image) < 0)
		return err_context("%s: image %zu", source_file(source), pnm_number(source->in));
	return 1;
}
