/* A filter of image streams: see filter.h. */
#include <stdlib.h>
#include "base/memory.h"
#include "base/number.h"
#include "npys/filter.h"

/* Buffers grow to the largest chunk of the stream. */
static int room(float **x, size_t *capacity, size_t count, size_t pixels)
{
	size_t elements;
	if (mem_multiply(count, pixels, &elements) < 0)
		return -1;
	if (elements <= *capacity)
		return 0;
	free(*x);
	*capacity = 0;
	*x = mem_alloc(elements, sizeof **x);
	if (!*x)
		return -1;
	*capacity = elements;
	return 0;
}

int batch_filter(struct npys_in *in, struct npys_out *out, const struct batch_filter *filter,
    struct progress *progress)
{
	struct batch batch = {0};
	float *x = NULL, *y = NULL;
	size_t x_capacity = 0, y_capacity = 0;
	int status;
	while ((status = batch_next(in, &batch)) > 0) {
		if (batch.labels) {
			if ((status = batch_pass(in, &batch, out)) < 0)
				break;
			continue;
		}
		size_t channels = batch.c, plane = batch.h * batch.w;
		size_t chunk = (filter->small_chunks ? batch_small_chunk : batch_chunk)(&batch);
		/* data first: what start prepares for a size should not be made for a mere claim */
		size_t now = size_min(batch.n, chunk);
		if ((status = room(&x, &x_capacity, chunk, batch.pixels)) < 0 ||
		    (status = batch_read(in, &batch, x, now)) < 0 ||
		    (status = filter->start(filter->self, &batch, &channels)) < 0)
			break;
		bool same = channels == batch.c;
		size_t shape[] = {batch.n, channels, batch.h, batch.w};
		struct npys_header header;
		if ((status = same ? npys_shape(&header, NPYS_F4, batch.rank, batch.header.shape)
				   : npys_shape(&header, NPYS_F4, 4, shape)) < 0 ||
		    (status = room(&y, &y_capacity, chunk, channels * plane)) < 0 ||
		    (status = npys_begin(out, &header)) < 0)
			break;
		/* an item of an (h, w) record is a row */
		size_t items = header.rank == 2 ? batch.h : 1;
		for (size_t done = 0; done < batch.n; done += now) {
			if (done && (now = size_min(batch.n - done, chunk),
					status = batch_read(in, &batch, x, now)) < 0)
				goto end;
			if ((status = filter->run(filter->self, x, y, now)) < 0 ||
			    (status = npys_write_float(out, y, now * items)) < 0 ||
			    (status = npys_flush(out)) < 0)
				goto end;
			if (progress)
				progress_add(progress, now, NULL);
		}
	}
end:
	free(x);
	free(y);
	return status;
}
