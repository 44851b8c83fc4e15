/* Training images: see data.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "base/error.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/spool.h"
#include "image/split.h"
#include "net/data.h"
#include "npys/batch.h"

#define CLASSES_MAX 65536

static int wrong(struct npys_in *in, const char *why)
{
	return err_set("%s: record %zu: %s", npys_file(in), npys_record(in), why);
}

/* What a batch must be like to follow those before it. */
static int check_batch(struct npys_in *in, const struct batch *batch, const struct data *data)
{
	if (batch->c != 1)
		return err_set("%s: record %zu: %zu channels, training needs grey images",
		    npys_file(in), npys_record(in), batch->c);
	if (data->images && (batch->h != data->h || batch->w != data->w))
		return err_set(
		    "%s: record %zu: images of %zu x %zu px after images of %zu x %zu px",
		    npys_file(in), npys_record(in), batch->h, batch->w, data->h, data->w);
	if (data->images && data->bytes != (batch->header.type == NPYS_U1))
		return wrong(in, "pixels are |u1 in some records and not in others");
	return 0;
}

static int spool_batch(struct npys_in *in, const struct batch *batch, struct data *data)
{
	size_t chunk = batch_chunk(batch), size = data->bytes ? 1 : sizeof(float);
	void *buffer = mem_alloc(chunk * batch->pixels, size);
	if (!buffer)
		return -1;
	int status = 0;
	for (size_t i = 0; status == 0 && i < batch->n; i += chunk) {
		size_t count = batch->n - i < chunk ? batch->n - i : chunk;
		size_t items = batch->rank == 2 ? count * batch->h : count;
		status = data->bytes ? npys_read_raw(in, buffer, items)
				     : batch_read(in, batch, buffer, count);
		if (status == 0 && fwrite(buffer, size, count * batch->pixels, data->spool) !=
				       count * batch->pixels)
			status = err_errno("spool");
		if (status == 0)
			data->hash = hash_bytes(data->hash, buffer, count * batch->pixels * size);
	}
	free(buffer);
	return status;
}

static int read_labels(
    struct npys_in *in, const struct batch *batch, struct data *data, size_t *room)
{
	size_t count = batch->header.items;
	int64_t *labels = mem_alloc(count, sizeof *labels);
	if (!labels || batch_read_labels(in, batch, labels) < 0 ||
	    mem_grow((void **)&data->labels, room, data->images + count, sizeof *data->labels) <
		0) {
		free(labels);
		return -1;
	}
	data->hash = hash_bytes(data->hash, labels, count * sizeof *labels);
	for (size_t i = 0; i < count; i++) {
		if (labels[i] >= CLASSES_MAX) {
			int status = err_set("%s: record %zu: label %lld; there may be %d classes",
			    npys_file(in), npys_record(in), (long long)labels[i], CLASSES_MAX);
			free(labels);
			return status;
		}
		data->labels[data->images + i] = (int32_t)labels[i];
		if ((size_t)labels[i] >= data->classes)
			data->classes = (size_t)labels[i] + 1;
	}
	data->images += count;
	free(labels);
	return 0;
}

static int map_pixels(struct data *data)
{
	if (mem_multiply(data->images, data->h * data->w, &data->mapped) < 0 ||
	    mem_multiply(data->mapped, data->bytes ? 1 : sizeof(float), &data->mapped) < 0)
		return -1;
	if (fflush(data->spool) != 0)
		return err_errno("spool");
	void *map = mmap(NULL, data->mapped, PROT_READ, MAP_SHARED, fileno(data->spool), 0);
	if (map == MAP_FAILED)
		return err_errno("spool");
	data->pixels = map;
	return 0;
}

int data_read(struct npys_in *in, struct data *data)
{
	struct batch batch = {0};
	size_t room = 0;
	bool labelled = true;
	int status;
	*data = (struct data){.hash = HASH_START, .spool = spool_open()};
	if (!data->spool)
		return -1;
	while ((status = batch_next(in, &batch)) > 0) {
		if (batch.labels) {
			labelled = true;
			if (read_labels(in, &batch, data, &room) < 0)
				goto fail;
			continue;
		}
		if (!labelled || check_batch(in, &batch, data) < 0) {
			if (!labelled)
				wrong(in, "images without labels before it; training needs labels "
					  "after each batch");
			goto fail;
		}
		data->h = batch.h, data->w = batch.w, data->bytes = batch.header.type == NPYS_U1;
		const uint64_t shape[] = {batch.h, batch.w, data->bytes};
		data->hash = hash_bytes(data->hash, shape, sizeof shape);
		labelled = false;
		if (spool_batch(in, &batch, data) < 0)
			goto fail;
	}
	if (status == 0 && !labelled)
		status = wrong(in, "no labels after the last images; training needs them");
	if (status == 0 && map_pixels(data) == 0)
		return 0;
fail:
	data_free(data);
	return -1;
}

void data_free(struct data *data)
{
	if (data->pixels)
		munmap((void *)data->pixels, data->mapped);
	if (data->spool)
		fclose(data->spool);
	free(data->labels);
	*data = (struct data){0};
}

int data_all(const struct data *data, struct data_part *part)
{
	*part = (struct data_part){.data = data, .count = data->images};
	part->image = mem_alloc(data->images, sizeof *part->image);
	for (size_t i = 0; part->image && i < data->images; i++)
		part->image[i] = i;
	return part->image ? 0 : -1;
}

int data_split(
    const struct data *data, size_t one_in, struct data_part *part, struct data_part *held_out)
{
	size_t *seen = mem_alloc(data->classes, sizeof *seen);
	*part = *held_out = (struct data_part){.data = data};
	part->image = mem_alloc(data->images, sizeof *part->image);
	held_out->image = mem_alloc(data->images, sizeof *held_out->image);
	if (!seen || !part->image || !held_out->image) {
		free(seen);
		data_part_free(part);
		data_part_free(held_out);
		return -1;
	}
	for (size_t i = 0; i < data->images; i++) {
		size_t class = (size_t)data->labels[i];
		struct data_part *into =
		    split_is_validation(class, seen[class]++, one_in) ? held_out : part;
		into->image[into->count++] = i;
	}
	free(seen);
	return 0;
}

void data_part_free(struct data_part *part)
{
	free(part->image);
	*part = (struct data_part){0};
}

int data_needs_classes(const struct data_part *part, size_t classes, const char *what)
{
	size_t *seen = mem_alloc(classes, sizeof *seen);
	if (!seen)
		return -1;
	int status = 0;
	for (size_t i = 0; status == 0 && i < part->count; i++) {
		size_t class = (size_t)part->data->labels[part->image[i]];
		if (class >= classes)
			status = err_set("%s images: label %zu, but there are %zu classes", what,
			    class, classes);
		else
			seen[class]++;
	}
	for (size_t c = 0; status == 0 && c < classes; c++) {
		if (!seen[c])
			status = err_set("%s images: none of class %zu (of %zu)", what, c, classes);
	}
	free(seen);
	return status;
}

void data_crop(const struct data *data, size_t i, size_t top, size_t left, size_t h, size_t w,
    bool flip, real *out)
{
	const uint8_t *bytes = data->pixels;
	const float *numbers = data->pixels;
	for (size_t y = 0; y < h; y++) {
		size_t first = (i * data->h + top + y) * data->w + left;
		for (size_t x = 0; x < w; x++) {
			size_t p = first + (flip ? w - 1 - x : x);
			out[y * w + x] = data->bytes ? (real)bytes[p] : (real)numbers[p];
		}
	}
}

void data_moments(const struct data_part *part, double *mean, double *sd)
{
	const struct data *data = part->data;
	size_t pixels = data->h * data->w;
	double sum = 0, square = 0, count = (double)part->count * (double)pixels;
	/* about the mean of the first image, against cancellation */
	double centre = 0;
	for (size_t pass = 0; pass < 2; pass++) {
		size_t images = pass == 0 ? 1 : part->count;
		for (size_t i = 0; i < images; i++) {
			const uint8_t *bytes =
			    (const uint8_t *)data->pixels + part->image[i] * pixels;
			const float *numbers =
			    (const float *)data->pixels + part->image[i] * pixels;
			for (size_t p = 0; p < pixels; p++) {
				double x = (data->bytes ? bytes[p] : (double)numbers[p]) - centre;
				sum += x;
				square += x * x;
			}
		}
		if (pass == 0) {
			centre = sum / (double)pixels;
			sum = square = 0;
		}
	}
	*mean = centre + sum / count;
	*sd = sqrt(fmax(square / count - sum / count * (sum / count), 0));
}
