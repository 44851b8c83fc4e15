/* Batches of random crops: see crops.h. */
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/random.h"
#include "base/threads.h"
#include "net/crops.h"

/* Plain crops are copies, which threads would not make faster. */
static size_t crops_threads(const struct crops_options *options)
{
	return options->rotate || degrade_any(&options->degrade) ? options->threads : 1;
}

struct crops *crops_create(const struct data_part *part, const struct crops_options *options)
{
	const struct comm *comm = part->data->comm;
	struct crops *crops = mem_alloc(1, sizeof *crops);
	if (!crops)
		return NULL;
	size_t pixels = options->side * options->side,
	       first = comm_first(comm, options->batch, comm->rank);
	*crops =
	    (struct crops){.options = *options, .part = part, .epoch = SIZE_MAX, .first = first};
	crops->own = comm_first(comm, options->batch, comm->rank + 1) - first;
	crops->order = mem_alloc(part->count, sizeof *crops->order);
	crops->x = mem_alloc(crops->own * pixels, sizeof *crops->x);
	crops->labels = mem_alloc(crops->own, sizeof *crops->labels);
	crops->image = mem_alloc(crops->own, sizeof *crops->image);
	crops->cut = mem_alloc(options->batch * pixels, sizeof *crops->cut);
	crops->got = mem_alloc(crops->own * pixels, sizeof *crops->got);
	crops->given = mem_alloc(comm->ranks, sizeof *crops->given);
	crops->taken = mem_alloc(comm->ranks, sizeof *crops->taken);
	crops->cuts = mem_alloc(options->batch, sizeof *crops->cuts);
	crops->room = mem_alloc(
	    crops_threads(options) * crops_room(part->data, options), sizeof *crops->room);
	if (crops->order && crops->x && crops->labels && crops->image && crops->cut && crops->got &&
	    crops->given && crops->taken && crops->cuts && crops->room)
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
	free(crops->cuts);
	free(crops->room);
	free(crops);
}

size_t crops_room(const struct data *data, const struct crops_options *options)
{
	return options->side * options->side + (options->rotate ? data->h * data->w : 0);
}

int crops_cut(const struct data *data, const struct crops_options *options, size_t epoch,
    size_t image, float *room, real *out)
{
	struct rng rng = rng_start(options->seed, RNG_CROP, (uint32_t)epoch, image);
	struct rng degrading = rng_start(options->seed, RNG_DEGRADE, (uint32_t)epoch, image);
	size_t side = options->side, top = rng_below(&rng, (uint32_t)(data->h - side + 1));
	size_t left = rng_below(&rng, (uint32_t)(data->w - side + 1));
	bool mirrored = (rng_bits(&rng) & 1) && options->flip;
	if (options->rotate) {
		float *whole = room + side * side;
		data_crop(data, image, 0, 0, data->h, data->w, mirrored, whole);
		degrade_turned_crop(&degrading, whole, data->h, data->w, side, room);
	} else {
		data_crop(data, image, top, left, side, side, mirrored, room);
	}
	if (degrade_image(&options->degrade, &degrading, side, side, room) < 0)
		return -1;
	for (size_t p = 0; p < side * side; p++)
		out[p] = (real)room[p];
	return 0;
}

static int cut_one(size_t i, size_t worker, void *argument)
{
	struct crops *crops = argument;
	const struct crops_options *o = &crops->options;
	float *room = crops->room + worker * crops_room(crops->part->data, o);
	return crops_cut(crops->part->data, o, crops->epoch, crops->cuts[i], room,
	    crops->cut + i * o->side * o->side);
}

/* Cut the crops of this process's images, for whichever process trains on them, in the batch's order. */
static int cut_own(struct crops *crops, const size_t *order)
{
	const struct data *data = crops->part->data;
	const struct comm *comm = data->comm;
	size_t pixels = crops->options.side * crops->options.side, count = 0;
	memset(crops->given, 0, comm->ranks * sizeof *crops->given);
	for (size_t r = 0; r < comm->ranks; r++) {
		size_t end = comm_first(comm, crops->options.batch, r + 1);
		for (size_t i = comm_first(comm, crops->options.batch, r); i < end; i++) {
			size_t image = crops->part->image[order[i]];
			if (data_owner(data, image) != comm->rank)
				continue;
			crops->cuts[count++] = image;
			crops->given[r] += pixels * sizeof(real);
		}
	}
	return par_for(count, crops_threads(&crops->options), cut_one, crops);
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
	if (cut_own(crops, order) < 0)
		return -1;
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
