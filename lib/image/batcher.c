/* Batches of images: see batcher.h. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "image/batcher.h"

struct batcher {
	struct npys_out *out;
	bool planes, labelled;
	enum npys_type type, label_type;
	size_t n, c, h, w; /* of the batch that is being filled; n = 0: none */
	float *x;
	size_t room;
	int64_t labels[BATCHER_IMAGES];
};

struct batcher *batcher_start(struct npys_out *out, bool planes, bool labelled, size_t classes)
{
	struct batcher *b = mem_alloc(1, sizeof *b);
	if (!b)
		return NULL;
	b->out = out;
	b->planes = planes;
	b->labelled = labelled;
	b->label_type = classes <= 256 ? NPYS_U1 : NPYS_I4;
	return b;
}

static int write_batch(struct batcher *b)
{
	struct npys_header header;
	const size_t shape[] = {b->n, b->c, b->h, b->w}, grey[] = {b->n, b->h, b->w};
	if (b->n == 0)
		return 0;
	if (npys_shape(&header, b->type, b->planes ? 4 : 3, b->planes ? shape : grey) < 0 ||
	    npys_begin(b->out, &header) < 0 || npys_write_float(b->out, b->x, b->n) < 0)
		return -1;
	if (b->labelled) {
		if (npys_shape(&header, b->label_type, 1, &b->n) < 0 ||
		    npys_begin(b->out, &header) < 0 || npys_write_int(b->out, b->labels, b->n) < 0)
			return -1;
	}
	b->n = 0;
	return npys_flush(b->out);
}

int batcher_add(struct batcher *b, const float *x, size_t c, size_t h, size_t w,
    enum npys_type type, size_t label)
{
	size_t pixels = c * h * w;
	bool other = c != b->c || h != b->h || w != b->w || type != b->type;
	if ((other || b->n == BATCHER_IMAGES || (b->n + 1) * pixels > BATCHER_NUMBERS) &&
	    write_batch(b) < 0)
		return -1;
	b->c = c;
	b->h = h;
	b->w = w;
	b->type = type;
	if (mem_grow((void **)&b->x, &b->room, (b->n + 1) * pixels, sizeof *b->x) < 0)
		return -1;
	memcpy(b->x + b->n * pixels, x, pixels * sizeof *x);
	b->labels[b->n++] = (int64_t)label;
	/* a full batch need not wait for the next image */
	return b->n == BATCHER_IMAGES ? write_batch(b) : 0;
}

int batcher_finish(struct batcher *b)
{
	int status = write_batch(b);
	free(b->x);
	free(b);
	return status;
}
