/* Any bytes as an npys stream: read as numbers of every kind, as batches and labels, or refused with a reason. */
#define FUZZ_NAME "npys"
#include "fuzz.h"
#include "base/error.h"
#include "npys/batch.h"

#define PIECE 1000 /* numbers read at a time */

/* The items of a record, piece by piece, by the reader's `kind`; a few only, where the header promises many. */
static void read_record(struct npys_in *in, const struct npys_header *h, int kind)
{
	double x[PIECE];
	size_t items = h->item ? PIECE / h->item : PIECE;
	for (size_t done = 0; items && done < h->items && done < 100 * PIECE; done += items) {
		size_t now = h->items - done < items ? h->items - done : items;
		int status = kind == 0   ? npys_read_double(in, x, now)
			     : kind == 1 ? npys_read_float(in, (float *)x, now)
			     : kind == 2 ? npys_read_int(in, (int64_t *)x, now)
					 : npys_read_raw(in, x, now);
		if (status < 0) {
			FUZZ_CHECK(err_reason()[0]);
			return;
		}
	}
}

static void check_header(const struct npys_header *h)
{
	size_t product = 1;
	FUZZ_CHECK(h->rank <= NPYS_RANK_MAX && npys_type_size(h->type) >= 1 &&
		   npys_type_size(h->type) <= 8);
	for (size_t i = 0; i < h->rank; i++)
		FUZZ_CHECK(!__builtin_mul_overflow(product, h->shape[i], &product));
	FUZZ_CHECK(
	    product == h->elements && product <= SIZE_MAX / 8 && h->items * h->item == product);
}

static void read_stream(const char *path, int kind)
{
	struct npys_in *in = npys_open_file(path);
	struct npys_header header;
	FUZZ_CHECK(in);
	if (kind == 3)
		npys_allow_nonfinite(in);
	int status;
	while ((status = npys_next(in, &header)) > 0) {
		check_header(&header);
		read_record(in, &header, kind);
	}
	FUZZ_CHECK(status == 0 || err_reason()[0]);
	npys_close_in(in);
}

static void read_batches(const char *path)
{
	struct npys_in *in = npys_open_file(path);
	struct batch batch = {0};
	int64_t y[PIECE];
	float x[PIECE];
	FUZZ_CHECK(in);
	while (batch_next(in, &batch) > 0) {
		int status = 0;
		if (batch.labels) {
			if (batch.header.items <= PIECE)
				status = batch_read_labels(in, &batch, y);
		} else {
			FUZZ_CHECK(batch.n * batch.pixels == batch.header.elements);
			FUZZ_CHECK(batch.c * batch.h * batch.w == batch.pixels &&
				   batch_chunk(&batch) >= 1);
			for (size_t i = 0;
			     i < batch.n && i < 50 && batch.pixels <= PIECE && status == 0; i++)
				status = batch_read(in, &batch, x, 1);
		}
		FUZZ_CHECK(status == 0 || err_reason()[0]);
		if (status < 0)
			break;
	}
	npys_close_in(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *path = fuzz_file(data, size);
	for (int kind = 0; kind < 4; kind++)
		read_stream(path, kind);
	read_batches(path);
	struct npys_array array;
	if (npys_load(path, &array, PIECE) == 0) {
		FUZZ_CHECK(array.header.elements <= PIECE);
		npys_array_free(&array);
	}
	return 0;
}
