/* Training: see train.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/output.h"
#include "base/progress.h"
#include "base/random.h"
#include "npys/npys.h"
#include "net/train.h"

#define SNAPSHOTS 4

/* what is recorded after each epoch, and the files' names after PREFIX */
static const char *const snapshot_names[SNAPSHOTS] = {"lgn", "v1", "lateral", "rms"};
static const char *const snapshot_tensors[SNAPSHOTS] = {
    "lgn.weight", "v1.weight", "lateral.weight", "v1.rms"};

struct run {
	const struct comm *comm;
	struct network *net;
	const struct train_options *options;
	const struct data_part *training, *validation;
	const struct train_files *files;
	const struct settings *settings;
	struct optimiser *optimiser;
	struct checkpoint at;
	size_t batch, steps_per_epoch, steps;
	size_t *order;       /* of the epoch: positions in the training part */
	size_t first, share; /* this process's images of a batch */
	real *x;
	int32_t *labels;
	uint64_t *number;
	real *cut, *got;       /* (batch) crops for others, (share) crops from others */
	size_t *given, *taken; /* (ranks) bytes of them */
	struct output *log;
	struct npys_out *snapshot[SNAPSHOTS];
	struct progress progress;
	double started;
	double rate;
	double val_loss, val_accuracy, accuracy;
};

static real *tensor(struct network *net, const char *name, size_t *count)
{
	const struct network_tensor *t = network_find(net, name);
	*count = t->elements;
	return t->x;
}

/* --- initial weights --- */

static void uniform(
    struct network *net, const char *name, size_t index, size_t fan_in, double scale, uint64_t seed)
{
	size_t count;
	real *x = tensor(net, name, &count);
	struct rng rng = rng_start(seed, RNG_WEIGHTS, 0, index);
	double bound = scale / sqrt((double)fan_in);
	for (size_t i = 0; i < count; i++)
		x[i] = (real)((2 * rng_uniform(&rng) - 1) * bound);
}

void train_initialise(struct network *net, const struct train_options *options)
{
	const struct network_options *o = network_options(net);
	uint64_t seed = options->seed;
	uniform(net, "lgn.weight", 0, o->k0 * o->k0, options->filter_scale, seed);
	uniform(net, "v1.weight", 1, o->k1 * o->k1, options->filter_scale, seed);
	if (o->propagation == NETWORK_AVERAGE)
		uniform(net, "lateral.weight", 2, o->filters * o->kl * o->kl, 0.1, seed);
	uniform(net, "head.1.weight", 3, o->filters * 9, 1, seed);
	uniform(net, "head.5.weight", 4, NETWORK_HEAD * 9, 1, seed);
	uniform(net, "head.11.weight", 5, 4 * NETWORK_HEAD, 1, seed);
	uniform(net, "head.11.bias", 6, 4 * NETWORK_HEAD, 1, seed);
}

int train_initialise_from(struct network *net, struct model *model)
{
	for (size_t i = 0; i < network_tensors(net); i++) {
		const struct network_tensor *t = network_tensor(net, i);
		const struct model_tensor *stored = model_find(model, t->name);
		if (!stored)
			return -1;
		/* what has another shape starts anew, but for the filters */
		bool needed =
		    strcmp(t->name, "lgn.weight") == 0 || strcmp(t->name, "v1.weight") == 0;
		if ((needed || network_fits(t, stored)) &&
		    network_read(model, t->name, t, t->x) < 0)
			return -1;
	}
	return 0;
}

/* --- passes over whole images --- */

/* Up to `room` whole images of a part from *position on, of those that this process holds; labels may be NULL. */
static size_t take(
    const struct data_part *part, size_t *position, size_t room, real *x, int32_t *labels)
{
	const struct data *data = part->data;
	size_t n = 0;
	for (; n < room && *position < part->count; ++*position) {
		size_t image = part->image[*position];
		if (data_owner(data, image) != data->comm->rank)
			continue;
		data_crop(data, image, 0, 0, data->h, data->w, false, x + n * data->h * data->w);
		if (labels)
			labels[n] = data->labels[image];
		n++;
	}
	return n;
}

/* Mean loss and share of correct answers over the validation images. */
static int validate(struct run *run)
{
	const struct data_part *part = run->validation;
	const struct data *data = part->data;
	run->val_loss = run->val_accuracy = NAN;
	if (part->count == 0)
		return 0;
	size_t n, position = 0;
	const struct network_options *o = network_options(run->net);
	size_t epoch = (run->at.step - 1) / run->steps_per_epoch;
	size_t iterations = epoch >= run->options->lateral_from ? o->iterations : 0;
	size_t chunk = network_chunk(run->net, data->h, data->w, iterations);
	real *x = mem_alloc(chunk * data->h * data->w, sizeof *x);
	int32_t *labels = mem_alloc(chunk, sizeof *labels);
	double sums[] = {0, 0}; /* of losses, of correct answers */
	int status = x && labels ? 0 : -1;
	while (status == 0 && (n = take(part, &position, chunk, x, labels)) > 0) {
		double part_loss;
		size_t part_correct;
		status = network_run(run->net, x, n, data->h, data->w, iterations, true);
		if (status == 0) {
			network_score(run->net, labels, &part_loss, &part_correct);
			sums[0] += part_loss;
			sums[1] += (double)part_correct;
		}
	}
	if (status == 0)
		status = run->comm->sum(sums, 2);
	run->val_loss = sums[0] / (double)part->count;
	run->val_accuracy = sums[1] / (double)part->count;
	free(x);
	free(labels);
	return status;
}

/* v1.rms: of h0 over the training images and their pixels */
static int measure_rms(struct run *run)
{
	const struct data_part *part = run->training;
	const struct data *data = part->data;
	size_t filters, n, position = 0, pixels = data->h * data->w,
			   chunk = network_chunk(run->net, data->h, data->w, 0);
	real *rms = tensor(run->net, "v1.rms", &filters), *x = mem_alloc(chunk * pixels, sizeof *x);
	double *square = mem_alloc(filters, sizeof *square);
	int status = x && square ? 0 : -1;
	while (status == 0 && (n = take(part, &position, chunk, x, NULL)) > 0) {
		status = network_run(run->net, x, n, data->h, data->w, 0, false);
		if (status == 0)
			network_square(run->net, square);
	}
	if (status == 0)
		status = run->comm->sum(square, filters);
	for (size_t f = 0; status == 0 && f < filters; f++)
		rms[f] = (real)sqrt(square[f] / ((double)part->count * (double)pixels));
	free(x);
	free(square);
	return status;
}

/* --- files that grow --- */

static double norm_of(struct network *net, const char *name)
{
	size_t count;
	const real *x = tensor(net, name, &count);
	double square = 0;
	for (size_t i = 0; i < count; i++)
		square += (double)x[i] * (double)x[i];
	return sqrt(square);
}

static int open_files(struct run *run)
{
	const struct train_files *files = run->files;
	if (run->comm->rank > 0)
		return 0;
	if (files->log) {
		run->log = output_grow(files->log, run->at.length[0]);
		if (!run->log)
			return -1;
		if (run->at.length[0] == 0)
			fputs("epoch\tloss\taccuracy\tval_loss\tval_accuracy\tlearning_"
			      "rate\tseconds\tlgn_norm\t"
			      "v1_norm\tlateral_norm\tlateral_gain\n",
			    output_stream(run->log));
		if (output_flush(run->log) < 0)
			return -1;
	}
	for (size_t i = 0; files->snapshots && i < SNAPSHOTS; i++) {
		char *path = mem_text("%s.%s.npys", files->snapshots, snapshot_names[i]);
		run->snapshot[i] = path ? npys_grow(path, run->at.length[1 + i]) : NULL;
		free(path);
		if (!run->snapshot[i])
			return -1;
	}
	return 0;
}

static int write_log(struct run *run, size_t epoch)
{
	double gain = 0;
	if (!run->log)
		return 0;
	if (network_options(run->net)->iterations > 0 && network_lateral_norm(run->net, &gain) < 0)
		return -1;
	const double values[] = {run->at.loss / (double)run->at.seen,
	    (double)run->at.correct / (double)run->at.seen, run->val_loss, run->val_accuracy,
	    run->rate, run->at.seconds + progress_clock() - run->started,
	    norm_of(run->net, "lgn.weight"), norm_of(run->net, "v1.weight"),
	    norm_of(run->net, "lateral.weight"), gain};
	FILE *f = output_stream(run->log);
	fprintf(f, "%zu", epoch);
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		if (isnan(values[i]))
			fputs("\tnan", f);
		else
			fprintf(f, "\t%.9g", values[i]);
	}
	putc('\n', f);
	return output_flush(run->log);
}

static int write_snapshots(struct run *run)
{
	if (!run->files->snapshots)
		return 0;
	if (measure_rms(run) < 0)
		return -1;
	if (run->comm->rank > 0)
		return 0;
	for (size_t i = 0; i < SNAPSHOTS; i++) {
		const struct network_tensor *t = network_find(run->net, snapshot_tensors[i]);
		/* as lateral-stats and the fits read them: (k0, k0), (F, k1, k1), (F, F, kl, kl), (F) */
		size_t shape[4], rank = 0;
		for (size_t d = 0; d < t->rank; d++) {
			if ((i == 0 && d < 2) || (i == 1 && d == 1))
				continue;
			shape[rank++] = t->shape[d];
		}
		double *x = mem_alloc(t->elements, sizeof *x);
		struct npys_header header;
		if (!x)
			return -1;
		for (size_t j = 0; j < t->elements; j++)
			x[j] = (double)t->x[j];
		int status = npys_shape(&header, NPYS_F4, rank, shape);
		if (status == 0)
			status = npys_begin(run->snapshot[i], &header);
		if (status == 0)
			status = npys_write_double(run->snapshot[i], x, header.items);
		if (status == 0)
			status = npys_flush(run->snapshot[i]);
		free(x);
		if (status < 0)
			return -1;
	}
	return 0;
}

static int close_files(struct run *run)
{
	int status = 0;
	if (run->log && output_close(run->log) < 0)
		status = -1;
	for (size_t i = 0; i < SNAPSHOTS; i++) {
		if (run->snapshot[i] && npys_close(run->snapshot[i]) < 0)
			status = -1;
		run->snapshot[i] = NULL;
	}
	run->log = NULL;
	return status;
}

static int write_checkpoint(struct run *run)
{
	struct checkpoint at = run->at;
	if (run->comm->rank > 0)
		return 0;
	at.seconds += progress_clock() - run->started;
	if (run->log && output_length(run->log, &at.length[0]) < 0)
		return -1;
	for (size_t i = 0; i < SNAPSHOTS; i++) {
		if (run->snapshot[i] && npys_length(run->snapshot[i], &at.length[1 + i]) < 0)
			return -1;
	}
	return checkpoint_save(
	    run->files->checkpoint, run->net, run->optimiser, run->settings, &at);
}

/* --- the loop --- */

static void shuffle(struct run *run, size_t epoch)
{
	struct rng rng = rng_start(run->options->seed, RNG_SHUFFLE, (uint32_t)epoch, 0);
	rng_permutation(&rng, run->order, run->training->count);
}

/* An image's random crop of the epoch, mirrored or not. */
static void random_crop(const struct run *run, size_t epoch, size_t image, real *x)
{
	const struct data *data = run->training->data;
	size_t crop = run->options->crop;
	struct rng rng = rng_start(run->options->seed, RNG_CROP, (uint32_t)epoch, image);
	size_t top = rng_below(&rng, (uint32_t)(data->h - crop + 1));
	size_t left = rng_below(&rng, (uint32_t)(data->w - crop + 1));
	bool flip = rng_bits(&rng) & 1;
	data_crop(data, image, top, left, crop, crop, flip && run->options->flip, x);
}

/* This process's share of the step's crops, each cut by the process that holds the image. */
static int gather(struct run *run, size_t epoch, size_t first)
{
	const struct comm *comm = run->comm;
	const struct data *data = run->training->data;
	const size_t *order = run->order + first;
	size_t pixels = run->options->crop * run->options->crop, cut = 0;
	memset(run->given, 0, comm->ranks * sizeof *run->given);
	memset(run->taken, 0, comm->ranks * sizeof *run->taken);
	for (size_t r = 0; r < comm->ranks; r++) {
		size_t end = comm_first(comm, run->batch, r + 1);
		for (size_t i = comm_first(comm, run->batch, r); i < end; i++) {
			size_t image = run->training->image[order[i]];
			if (data_owner(data, image) == comm->rank) {
				random_crop(run, epoch, image, run->cut + cut++ * pixels);
				run->given[r] += pixels * sizeof(real);
			}
		}
	}
	for (size_t i = 0; i < run->share; i++) {
		size_t image = run->training->image[order[run->first + i]];
		run->taken[data_owner(data, image)] += pixels * sizeof(real);
		run->labels[i] = data->labels[image];
		run->number[i] = image;
	}
	if (comm->exchange(run->cut, run->given, run->got, run->taken) < 0)
		return -1;
	/* what one process gave lies together, in the batch's order */
	const real *next = run->got;
	for (size_t r = 0; r < comm->ranks; r++) {
		for (size_t i = 0; i < run->share; i++) {
			if (data_owner(data, (size_t)run->number[i]) != r)
				continue;
			memcpy(run->x + i * pixels, next, pixels * sizeof *next);
			next += pixels;
		}
	}
	return 0;
}

/* Processes stay together only if each computes the same numbers from the same sums. */
static int same_weights(struct run *run)
{
	uint64_t hash = HASH_START, first;
	for (size_t i = 0; run->comm->ranks > 1 && i < network_tensors(run->net); i++) {
		const struct network_tensor *t = network_tensor(run->net, i);
		hash = hash_bytes(hash, t->x, t->elements * sizeof *t->x);
	}
	first = hash;
	if (run->comm->broadcast(&first, sizeof first) < 0)
		return -1;
	return first == hash ? 0
			     : err_set("its weights are no longer those of process 0; all "
				       "need the same kind of processor and the same program");
}

static int step(struct run *run)
{
	const struct train_options *o = run->options;
	size_t epoch = run->at.step / run->steps_per_epoch,
	       within = run->at.step % run->steps_per_epoch;
	if (within == 0) {
		shuffle(run, epoch);
		run->at.loss = 0;
		run->at.correct = run->at.seen = 0;
	}
	if (gather(run, epoch, within * run->batch) < 0)
		return -1;
	const struct network_training training = {.lateral = epoch >= o->lateral_from,
	    .freeze_lgn = o->freeze_lgn,
	    .freeze_v1 = o->freeze_v1,
	    .freeze_lateral = o->freeze_lateral,
	    .dropout = o->dropout,
	    .seed = o->seed,
	    .epoch = (uint32_t)epoch,
	    .image = run->number,
	    .batch = run->batch};
	double loss;
	size_t correct;
	if (network_train(run->net, &training, run->x, run->labels, run->share, o->crop, o->crop,
		&loss, &correct) < 0)
		return err_context("epoch %zu, step %zu", epoch, within);
	run->rate = optimiser_one_cycle(run->at.step, run->steps, o->rate, o->rise);
	optimiser_step(run->optimiser, run->net, run->rate, o->momentum, &o->decay, &training);
	if (!network_finite(run->net))
		return err_set(
		    "epoch %zu, step %zu: the weights are no longer finite", epoch, within);
	run->at.loss += loss * (double)run->batch;
	run->at.correct += correct;
	run->at.seen += run->batch;
	run->at.step++;
	char text[80];
	snprintf(text, sizeof text, "epoch %zu of %zu, loss %.3f", epoch + 1, o->epochs,
	    run->at.loss / (double)run->at.seen);
	progress_add(&run->progress, run->batch, text);
	if (within + 1 < run->steps_per_epoch)
		return 0;
	run->accuracy = (double)run->at.correct / (double)run->at.seen;
	if (same_weights(run) < 0 || validate(run) < 0 || write_log(run, epoch) < 0)
		return -1;
	return write_snapshots(run);
}

static int prepare(struct run *run)
{
	const struct train_options *o = run->options;
	const struct data *data = run->training->data;
	double mean, sd;
	size_t one;
	if (data_moments(run->training, &mean, &sd) < 0)
		return -1;
	if (!(sd > 0))
		return err_set("training images: every pixel has the same value");
	tensor(run->net, "input.mean", &one)[0] = (real)mean;
	tensor(run->net, "input.sd", &one)[0] = (real)sd;
	if (o->crop > data->h || o->crop > data->w)
		return err_set("training images: %zu x %zu px, smaller than crops of %zu", data->h,
		    data->w, o->crop);
	const struct data *other = run->validation->count ? run->validation->data : data;
	if (other->h < NETWORK_SIDE_MIN || other->w < NETWORK_SIDE_MIN)
		return err_set("validation images: %zu x %zu px, fewer than %d a side", other->h,
		    other->w, NETWORK_SIDE_MIN);
	const struct network_options *n = network_options(run->net);
	size_t kernel = n->k0 > n->k1 ? n->k0 : n->k1;
	kernel = n->iterations && n->kl > kernel ? n->kl : kernel;
	if (kernel > o->crop)
		return err_set("training images: crops of %zu px, smaller than a kernel of %zu",
		    o->crop, kernel);
	run->batch = o->batch < run->training->count ? o->batch : run->training->count;
	if (run->batch < run->comm->ranks)
		return err_set("training images: %zu in a batch, too few for %zu processes",
		    run->batch, run->comm->ranks);
	run->first = comm_first(run->comm, run->batch, run->comm->rank);
	run->share = comm_first(run->comm, run->batch, run->comm->rank + 1) - run->first;
	run->steps_per_epoch = run->training->count / run->batch;
	run->steps = run->steps_per_epoch * o->epochs;
	run->optimiser = optimiser_create(run->net);
	run->order = mem_alloc(run->training->count, sizeof *run->order);
	run->x = mem_alloc(run->share * o->crop * o->crop, sizeof *run->x);
	run->labels = mem_alloc(run->share, sizeof *run->labels);
	run->number = mem_alloc(run->share, sizeof *run->number);
	run->cut = mem_alloc(run->batch * o->crop * o->crop, sizeof *run->cut);
	run->got = mem_alloc(run->share * o->crop * o->crop, sizeof *run->got);
	run->given = mem_alloc(run->comm->ranks, sizeof *run->given);
	run->taken = mem_alloc(run->comm->ranks, sizeof *run->taken);
	return run->optimiser && run->order && run->x && run->labels && run->number && run->cut &&
		       run->got && run->given && run->taken
		   ? 0
		   : -1;
}

/* All go on from where rank 0 is: initial weights, or those of a checkpoint. */
static int share_state(struct run *run)
{
	size_t count;
	real *velocity = optimiser_velocity(run->optimiser, &count);
	for (size_t i = 0; i < network_tensors(run->net); i++) {
		const struct network_tensor *t = network_tensor(run->net, i);
		if (run->comm->broadcast(t->x, t->elements * sizeof *t->x) < 0)
			return -1;
	}
	return run->comm->broadcast(velocity, count * sizeof *velocity) < 0
		   ? -1
		   : run->comm->broadcast(&run->at, sizeof run->at);
}

static int loop(struct run *run)
{
	const struct train_files *files = run->files;
	if (files->checkpoint && files->resume && run->comm->rank == 0 &&
	    checkpoint_load(files->checkpoint, run->net, run->optimiser, run->settings, &run->at) <
		0)
		return -1;
	if (share_state(run) < 0 || open_files(run) < 0)
		return -1;
	size_t every = files->every ? files->every : run->steps_per_epoch;
	run->progress = progress_start(
	    run->progress.enabled, "train", "images", (run->steps - run->at.step) * run->batch);
	run->started = progress_clock();
	if (run->at.step % run->steps_per_epoch != 0)
		shuffle(run, run->at.step / run->steps_per_epoch);
	while (run->at.step < run->steps) {
		if (step(run) < 0)
			return -1;
		if (files->checkpoint &&
		    (run->at.step % every == 0 || run->at.step == run->steps) &&
		    write_checkpoint(run) < 0)
			return -1;
	}
	progress_end(&run->progress);
	if (run->at.seen > 0)
		run->accuracy = (double)run->at.correct / (double)run->at.seen;
	/* a run that is resumed at its end has not validated yet */
	return isnan(run->val_accuracy) && validate(run) < 0 ? -1 : measure_rms(run);
}

int train_run(struct network *net, const struct train_options *options,
    const struct data_part *training, const struct data_part *validation,
    const struct train_files *files, const struct settings *settings, bool verbose,
    struct train_result *result)
{
	struct run run = {.comm = training->data->comm,
	    .net = net,
	    .options = options,
	    .training = training,
	    .validation = validation,
	    .files = files,
	    .settings = settings,
	    .val_accuracy = NAN,
	    .progress = {.enabled = verbose}};
	network_join(net, run.comm);
	int status = prepare(&run);
	if (status == 0)
		status = loop(&run);
	if (status == 0) {
		status = close_files(&run);
	} else {
		char reason[ERR_MAX];
		snprintf(reason, sizeof reason, "%s", err_reason());
		/* what was not said yet about the files matters less */
		if (close_files(&run) < 0)
			err_set("%s", reason);
		err_set("%s", reason);
	}
	*result = (struct train_result){run.accuracy, run.val_accuracy};
	optimiser_free(run.optimiser);
	free(run.order);
	free(run.x);
	free(run.labels);
	free(run.number);
	free(run.cut);
	free(run.got);
	free(run.given);
	free(run.taken);
	return status;
}
