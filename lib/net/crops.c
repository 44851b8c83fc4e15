/* Batches of random crops: see crops.h. */
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/random.h"
#include "net/crops.h"

struct crops *crops_create(const struct data_part *part, const struct crops_options *options)
{
	const struct comm *comm = part->data->comm;
	struct crops *crops = mem_alloc(1, sizeof *crops);
	if (!crops)
		return NULL;
	size_t pixels = options->side * options->side, first = comm_first(comm, options->batch, comm->rank);
	*crops = (struct crops){.options = *options, .part = part, .epoch = SIZE_MAX, .first = first};
	crops->own = comm_first(comm, options->batch, comm->rank + 1) - first;
	crops->order = mem_alloc(part->count, sizeof *crops->order);
	crops->x = mem_alloc(crops->own * pixels, sizeof *crops->x);
	crops->labels = mem_alloc(crops->own, sizeof *crops->labels);
	crops->image = mem_alloc(crops->own, sizeof *crops->image);
	crops->cut = mem_alloc(options->batch * pixels, sizeof *crops->cut);
	crops->got = mem_alloc(crops->own * pixels, sizeof *crops->got);
	crops->given = mem_alloc(comm->ranks, sizeof *crops->given);
	crops->taken = mem_alloc(comm->ranks, sizeof *crops->taken);
	if (crops->order && crops->x && crops->labels && crops->image && crops->cut && crops->got &&
	    crops->given && crops->taken)
		return crops;
	crops_free(crops);
	return NULL;
}

void crops_free(struct crops *crops)
{
	if (!crops)
		return;
	free(crops->order);
	free(crops->x);
	free(crops->labels);
	free(crops->image);
	free(crops->cut);
	free(crops->got);
	free(crops->given);
	free(crops->taken);
	free(crops);
}

void crops_cut(const struct data *data, const struct crops_options *options, size_t epoch, size_t image,
    real *out)
{
	struct rng rng = rng_start(options->seed, RNG_CROP, (uint32_t)epoch, image);
	size_t top = rng_below(&rng, (uint32_t)(data->h - options->side + 1));
	size_t left = rng_below(&rng, (uint32_t)(data->w - options->side + 1));
	bool mirrored = rng_bits(&rng) & 1;
	data_crop(data, image, top, left, options->side, options->side, mirrored && options->flip, out);
}

/* Cut the crops of this process's images, for whichever process trains on them, in the batch's order. */
static void cut_own(struct crops *crops, const size_t *order)
{
	const struct data *data = crops->part->data;
	const struct comm *comm = data->comm;
	size_t pixels = crops->options.side * crops->options.side, done = 0;
	memset(crops->given, 0, comm->ranks * sizeof *crops->given);
	for (size_t r = 0; r < comm->ranks; r++) {
		size_t end = comm_first(comm, crops->options.batch, r + 1);
		for (size_t i = comm_first(comm, crops->options.batch, r); i < end; i++) {
			size_t image = crops->part->image[order[i]];
			if (data_owner(data, image) != comm->rank)
				continue;
			crops_cut(data, &crops->options, crops->epoch, image, crops->cut + done++ * pixels);
			crops->given[r] += pixels * sizeof(real);
		}
	}
}

/* What one process gave lies together, in the batch's order: to where the batch has it. */
static void place(struct crops *crops)
{
	const struct data *data = crops->part->data;
	size_t pixels = crops->options.side * crops->options.side;
	const real *next = crops->got;
	for (size_t r = 0; r < data->comm->ranks; r++) {
		for (size_t i = 0; i < crops->own; i++) {
			if (data_owner(data, (size_t)crops->image[i]) != r)
				continue;
			memcpy(crops->x + i * pixels, next, pixels * sizeof *next);
			next += pixels;
		}
	}
}

int crops_take(struct crops *crops, size_t epoch, size_t first)
{
	const struct data *data = crops->part->data;
	size_t pixels = crops->options.side * crops->options.side;
	if (crops->epoch != epoch) {
		struct rng rng = rng_start(crops->options.seed, RNG_SHUFFLE, (uint32_t)epoch, 0);
		rng_permutation(&rng, crops->order, crops->part->count);
		crops->epoch = epoch;
	}
	const size_t *order = crops->order + first;
	cut_own(crops, order);
	memset(crops->taken, 0, data->comm->ranks * sizeof *crops->taken);
	for (size_t i = 0; i < crops->own; i++) {
		size_t image = crops->part->image[order[crops->first + i]];
		crops->taken[data_owner(data, image)] += pixels * sizeof(real);
		crops->labels[i] = data->labels[image];
		crops->image[i] = image;
	}
	if (data->comm->exchange(crops->cut, crops->given, crops->got, crops->taken) < 0)
		return -1;
	place(crops);
	return 0;
}
