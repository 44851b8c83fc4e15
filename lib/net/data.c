/* Training images: see data.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "base/error.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/random.h"
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

size_t data_owner(const struct data *data, size_t i)
{
	return i % data->comm->ranks;
}

/* The first of the images from number `from` on that is rank r's; how many of the next `count` are. */
static size_t first_of(const struct data *data, size_t from, size_t r)
{
	size_t ranks = data->comm->ranks;
	return from + (r + ranks - from % ranks) % ranks;
}

static size_t count_of(const struct data *data, size_t from, size_t count, size_t r)
{
	size_t first = first_of(data, from, r), end = from + count;
	return first < end ? (end - first - 1) / data->comm->ranks + 1 : 0;
}

/* What rank 0 tells before each piece of the stream; no images: the end. */
struct piece {
	uint64_t images, h, w, bytes;
};

/* images: (count, bytes) */
static int spool_images(struct data *data, const void *images, size_t count, size_t bytes)
{
	if (fwrite(images, bytes, count, data->spool) != count)
		return err_errno("%s", spool_name());
	data->held += count;
	return 0;
}

/* Deal out a piece, the images that follow those before: rank 0 gives them in `images` (piece's images, h, w) of u1 or
 * f4, each spools its own. */
static int deal(struct data *data, const struct piece *piece, const char *images)
{
	const struct comm *comm = data->comm;
	size_t count = (size_t)piece->images, from = data->images, n = 0;
	size_t bytes = data->h * data->w * (data->bytes ? 1 : sizeof(float));
	size_t own = count_of(data, from, count, comm->rank);
	if (comm->ranks == 1)
		return spool_images(data, images, count, bytes);
	/* from rank 0 alone: what each of the others is given and takes is nothing */
	size_t *given = mem_alloc(2 * comm->ranks, sizeof *given), *taken;
	char *sorted = mem_alloc(comm->rank == 0 ? count : 0, bytes), *mine = mem_alloc(own, bytes);
	int status = given && sorted && mine ? 0 : -1;
	taken = status == 0 ? given + comm->ranks : NULL;
	for (size_t r = 0; status == 0 && comm->rank == 0 && r < comm->ranks; r++) {
		given[r] = count_of(data, from, count, r) * bytes;
		for (size_t i = first_of(data, from, r); i < from + count; i += comm->ranks)
			memcpy(sorted + n++ * bytes, images + (i - from) * bytes, bytes);
	}
	if (status == 0) {
		taken[0] = own * bytes;
		status = comm->exchange(sorted, given, mine, taken);
	}
	if (status == 0)
		status = spool_images(data, mine, own, bytes);
	free(given);
	free(sorted);
	free(mine);
	return status;
}

static int spool_batch(struct npys_in *in, const struct batch *batch, struct data *data)
{
	size_t chunk = batch_chunk(batch), size = data->bytes ? 1 : sizeof(float);
	void *buffer = mem_alloc(chunk * batch->pixels, size);
	if (!buffer)
		return -1;
	int status = 0;
	for (size_t i = 0; status == 0 && i < batch->n; i += chunk) {
		size_t count = size_min(batch->n - i, chunk);
		size_t items = batch->rank == 2 ? count * batch->h : count;
		struct piece piece = {count, data->h, data->w, data->bytes};
		status = data->bytes ? npys_read_raw(in, buffer, items)
				     : batch_read(in, batch, buffer, count);
		if (status < 0 || data->comm->broadcast(&piece, sizeof piece) < 0 ||
		    deal(data, &piece, buffer) < 0)
			status = -1;
		else
			data->hash = hash_bytes(data->hash, buffer, count * batch->pixels * size);
		data->images += count;
	}
	free(buffer);
	return status;
}

/* Other ranks: take what rank 0 deals out. */
static int take_pieces(struct data *data)
{
	struct piece piece;
	for (;;) {
		if (data->comm->broadcast(&piece, sizeof piece) < 0)
			return -1;
		if (piece.images == 0)
			return 0;
		data->h = (size_t)piece.h, data->w = (size_t)piece.w, data->bytes = piece.bytes;
		if (deal(data, &piece, NULL) < 0)
			return -1;
		data->images += (size_t)piece.images;
	}
}

/* What is known at the end of the stream: hash, classes, labels. */
static int share_labels(struct data *data)
{
	uint64_t known[] = {data->hash, data->classes};
	if (data->comm->broadcast(known, sizeof known) < 0)
		return -1;
	data->hash = known[0], data->classes = (size_t)known[1];
	if (!data->labels && !(data->labels = mem_alloc(data->images, sizeof *data->labels)))
		return -1;
	return data->comm->broadcast(data->labels, data->images * sizeof *data->labels);
}

static int read_labels(
    struct npys_in *in, const struct batch *batch, struct data *data, size_t *room)
{
	size_t count = batch->header.items;
	int64_t *labels = mem_alloc(count, sizeof *labels);
	if (!labels || batch_read_labels(in, batch, labels) < 0 ||
	    mem_grow((void **)&data->labels, room, data->images, sizeof *data->labels) < 0) {
		free(labels);
		return -1;
	}
	data->hash = hash_bytes(data->hash, labels, count * sizeof *labels);
	for (size_t i = 0; i < count; i++) {
		if (labels[i] >= CLASSES_MAX) {
			int status =
			    err_set("%s: record %zu: label %lld; at most %d classes are possible",
				npys_file(in), npys_record(in), (long long)labels[i], CLASSES_MAX);
			free(labels);
			return status;
		}
		data->labels[data->images - count + i] = (int32_t)labels[i];
		if ((size_t)labels[i] >= data->classes)
			data->classes = (size_t)labels[i] + 1;
	}
	free(labels);
	return 0;
}

static int map_pixels(struct data *data)
{
	if (mem_multiply(data->held, data->h * data->w, &data->mapped) < 0 ||
	    mem_multiply(data->mapped, data->bytes ? 1 : sizeof(float), &data->mapped) < 0)
		return -1;
	if (data->mapped == 0) /* fewer images than processes */
		return 0;
	if (fflush(data->spool) != 0)
		return err_errno("%s", spool_name());
	void *map = mmap(NULL, data->mapped, PROT_READ, MAP_SHARED, fileno(data->spool), 0);
	if (map == MAP_FAILED)
		return err_errno("%s", spool_name());
	data->pixels = map;
	return 0;
}

/* Rank 0: the stream to its end. */
static int read_stream(struct npys_in *in, struct data *data)
{
	struct batch batch = {0};
	size_t room = 0;
	bool labelled = true;
	int status;
	while ((status = batch_next(in, &batch)) > 0) {
		if (batch.labels) {
			labelled = true;
			if (read_labels(in, &batch, data, &room) < 0)
				return -1;
			continue;
		}
		if (!labelled)
			return wrong(in, "images without labels before it; training needs labels "
					 "after each batch");
		if (check_batch(in, &batch, data) < 0)
			return -1;
		data->h = batch.h, data->w = batch.w, data->bytes = batch.header.type == NPYS_U1;
		const uint64_t shape[] = {batch.h, batch.w, data->bytes};
		data->hash = hash_bytes(data->hash, shape, sizeof shape);
		labelled = false;
		if (spool_batch(in, &batch, data) < 0)
			return -1;
	}
	if (status == 0 && !labelled)
		return wrong(in, "no labels after the last images; training needs them");
	const struct piece end = {0};
	return status < 0 ? -1 : data->comm->broadcast((void *)&end, sizeof end);
}

int data_read(struct npys_in *in, const struct comm *comm, struct data *data)
{
	*data = (struct data){.comm = comm, .hash = HASH_START, .spool = spool_open()};
	if (data->spool && (comm->rank == 0 ? read_stream(in, data) : take_pieces(data)) == 0 &&
	    share_labels(data) == 0 && map_pixels(data) == 0)
		return 0;
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

int data_shuffle_labels(struct data *data, const struct data_part *part, uint64_t seed)
{
	size_t *order = mem_alloc(part->count, sizeof *order);
	int32_t *labels = mem_alloc(part->count, sizeof *labels);
	int status = order && labels ? 0 : -1;
	if (status == 0) {
		struct rng rng = rng_start(seed, RNG_LABELS, 0, 0);
		rng_permutation(&rng, order, part->count);
		for (size_t i = 0; i < part->count; i++)
			labels[i] = data->labels[part->image[order[i]]];
		for (size_t i = 0; i < part->count; i++)
			data->labels[part->image[i]] = labels[i];
	}
	free(order);
	free(labels);
	return status;
}

void data_crop(const struct data *data, size_t i, size_t top, size_t left, size_t h, size_t w,
    bool flip, float *out)
{
	const uint8_t *bytes = data->pixels;
	const float *numbers = data->pixels;
	for (size_t y = 0; y < h; y++) {
		size_t first = (i / data->comm->ranks * data->h + top + y) * data->w + left;
		for (size_t x = 0; x < w; x++) {
			size_t p = first + (flip ? w - 1 - x : x);
			out[y * w + x] = data->bytes ? (float)bytes[p] : numbers[p];
		}
	}
}

/* sums of an image's numbers less the centre, and of their squares */
static void add_pixels(const struct data *data, size_t i, double centre, double sums[2])
{
	size_t pixels = data->h * data->w, first = i / data->comm->ranks * pixels;
	const uint8_t *bytes = data->pixels;
	const float *numbers = data->pixels;
	for (size_t p = first; p < first + pixels; p++) {
		double x = (data->bytes ? bytes[p] : (double)numbers[p]) - centre;
		sums[0] += x;
		sums[1] += x * x;
	}
}

int data_moments(const struct data_part *part, double *mean, double *sd)
{
	const struct data *data = part->data;
	const struct comm *comm = data->comm;
	double pixels = (double)data->h * (double)data->w, count = (double)part->count * pixels;
	/* about the mean of the first image, against cancellation */
	double centre = 0;
	for (size_t pass = 0; pass < 2; pass++) {
		double sums[2] = {0};
		for (size_t i = 0; i < (pass == 0 ? 1 : part->count); i++) {
			if (data_owner(data, part->image[i]) == comm->rank)
				add_pixels(data, part->image[i], centre, sums);
		}
		if (comm->sum(sums, 2) < 0)
			return -1;
		if (pass == 0) {
			centre = sums[0] / pixels;
			continue;
		}
		double m = sums[0] / count;
		*mean = centre + m;
		*sd = sqrt(fmax(sums[1] / count - m * m, 0));
	}
	return 0;
}
