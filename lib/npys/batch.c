/* Image batches and their labels: see batch.h. */
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "npys/batch.h"

#define CHUNK_BYTES ((size_t)4 << 20)
#define SMALL_CHUNK_BYTES ((size_t)1 << 20)

static int refuse(struct npys_in *in, const char *why)
{
	return err_set("%s: record %zu: %s", npys_file(in), npys_record(in), why);
}

int batch_next(struct npys_in *in, struct batch *batch)
{
	/* the batch before, so that labels can be matched: the caller keeps one struct for the
	 * stream */
	size_t images = batch->labels ? 0 : batch->n;
	struct npys_header h;
	int status = npys_next(in, &h);
	if (status <= 0)
		return status;
	memset(batch, 0, sizeof *batch);
	batch->header = h;
	if (h.rank == 1 && npys_is_integer(h.type)) {
		batch->labels = true;
		if (images == 0)
			return refuse(in, "labels without a batch of images before them");
		if (h.items != images)
			return err_set("%s: record %zu: %zu labels for %zu images", npys_file(in),
			    npys_record(in), h.items, images);
		return 1;
	}
	if (h.rank == 1 && images > 0)
		return refuse(in, "labels are integers; in NumPy: a.astype('i4') before saving");
	if (h.rank == 4 && h.shape[1] > 4 && h.shape[2] > 4 &&
	    (h.shape[3] == 1 || h.shape[3] == 3 || h.shape[3] == 4))
		return refuse(in, "(N, H, W, C) as it seems; channels come second, in NumPy: "
				  "a.transpose(0, 3, 1, 2) before saving");
	if (h.rank < 2 || h.rank > 4)
		return err_set(
		    "%s: record %zu: %zu axes; images have (H, W), (N, H, W) or (N, C, H, W)",
		    npys_file(in), npys_record(in), h.rank);
	batch->rank = h.rank;
	batch->n = h.rank == 2 ? 1 : h.shape[0];
	batch->c = h.rank == 4 ? h.shape[1] : 1;
	batch->h = h.shape[h.rank - 2];
	batch->w = h.shape[h.rank - 1];
	batch->pixels = h.rank == 2 ? h.elements : h.item;
	if (h.elements == 0)
		return refuse(in, "a batch without a pixel");
	return 1;
}

/* An item of an (H, W) record is a row. */
static size_t items(const struct batch *batch, size_t images)
{
	return batch->rank == 2 ? images * batch->h : images;
}

int batch_read(struct npys_in *in, const struct batch *batch, float *x, size_t count)
{
	return npys_read_float(in, x, items(batch, count));
}

int batch_pass(struct npys_in *in, const struct batch *batch, struct npys_out *out)
{
	unsigned char piece[4096];
	const struct npys_header *h = &batch->header;
	size_t size = h->item * npys_type_size(h->type);
	if (npys_begin(out, h) < 0)
		return -1;
	if (size > sizeof piece)
		return refuse(in, "only labels are passed on as they are");
	for (size_t done = 0, n; done < h->items; done += n) {
		n = sizeof piece / size;
		if (n > h->items - done)
			n = h->items - done;
		if (npys_read_raw(in, piece, n) < 0 || npys_write_raw(out, piece, n) < 0)
			return -1;
	}
	return npys_flush(out);
}

int batch_read_labels(struct npys_in *in, const struct batch *batch, int64_t *y)
{
	if (npys_read_int(in, y, batch->header.items) < 0)
		return -1;
	for (size_t i = 0; i < batch->header.items; i++) {
		if (y[i] < 0)
			return err_set("%s: record %zu: item %zu: label %lld; labels count from 0",
			    npys_file(in), npys_record(in), i, (long long)y[i]);
	}
	return 0;
}

static size_t chunk(const struct batch *batch, size_t bytes)
{
	size_t images = bytes / sizeof(float) / batch->pixels;
	images = images ? images : 1;
	return size_min(images, batch->n);
}

size_t batch_chunk(const struct batch *batch)
{
	return chunk(batch, CHUNK_BYTES);
}

size_t batch_small_chunk(const struct batch *batch)
{
	return chunk(batch, SMALL_CHUNK_BYTES);
}
