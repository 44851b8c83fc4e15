/* Training: see train.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/progress.h"
#include "base/random.h"
#include "net/crops.h"
#include "net/training_log.h"
#include "net/train.h"
#include "net/evaluate.h"

/*
 * A batch whose mean loss is above both, in nats and in those of an answer by chance (log C), has diverged. Small
 * networks on dead leaves that went on to learn never came above 5; at rates so large that nothing was learned losses
 * rose to 6 and to 1e7.
 */
#define DIVERGED 20.0
#define DIVERGED_CHANCES 5.0

struct run {
	const struct comm *comm;
	struct network *net;
	const struct train_options *options;
	const struct data_part *training, *validation;
	const struct train_files *files;
	const struct settings *settings;
	struct optimiser *optimiser;
	struct crops *crops;
	struct training_log *log; /* rank 0's, else NULL */
	struct checkpoint at;
	size_t batch, steps_per_epoch, steps;
	bool due,
	    saved; /* a checkpoint of the state before the running step is to be written; there is one */
	real *
	    statistics; /* what the network had, before the step, in the tensors that no gradient changes */
	struct progress progress;
	double started;
	bool ended; /* nothing was left to train */
	double rate;
	struct evaluate_degraded degraded; /* validation images, like the crops */
	double val_loss, val_accuracy, degraded_loss, degraded_accuracy, accuracy;
};

/* --- initial weights --- */

static void uniform(const struct network_tensor *t, size_t index, double scale, uint64_t seed)
{
	struct rng rng = rng_start(seed, RNG_WEIGHTS, 0, index);
	double bound = scale / sqrt((double)t->fan_in);
	for (size_t i = 0; i < t->elements; i++)
		t->x[i] = (real)((2 * rng_uniform(&rng) - 1) * bound);
}

void train_initialise(struct network *net, const struct train_options *options)
{
	const double scale[PARTS] = {[PART_LGN] = options->filter_scale,
	    [PART_V1] = options->filter_scale,
	    [PART_LATERAL] = network_options(net)->propagation == NETWORK_AVERAGE ? 0.1 : 0,
	    [PART_HEAD] = 1};
	size_t index = 0;
	for (size_t i = 0; i < network_tensors(net); i++) {
		const struct network_tensor *t = network_tensor(net, i);
		if (!t->fan_in)
			continue;
		if (scale[t->part] > 0)
			uniform(t, index, scale[t->part], options->seed);
		index++;
	}
}

int train_initialise_from(struct network *net, struct model *model)
{
	for (size_t i = 0; i < network_tensors(net); i++) {
		const struct network_tensor *t = network_tensor(net, i);
		const struct model_tensor *stored = model_find(model, t->name);
		if (!stored)
			return -1;
		/* what has another shape starts anew, but for the filters */
		bool needed = t->fan_in && (t->part == PART_LGN || t->part == PART_V1);
		if ((needed || weights_fit(t, stored)) && weights_read(model, t->name, t, t->x) < 0)
			return -1;
	}
	return 0;
}

/* --- checkpoints --- */

uint64_t train_hash(const struct network *net)
{
	uint64_t hash = HASH_START;
	for (size_t i = 0; i < network_tensors(net); i++) {
		const struct network_tensor *t = network_tensor(net, i);
		hash = hash_bytes(hash, t->x, t->elements * sizeof *t->x);
	}
	return hash;
}

/* Exchange the tensors that have no gradient, running statistics among them, for those kept from before the step. */
static void exchange_statistics(struct run *run)
{
	real *kept = run->statistics;
	for (size_t i = 0; i < network_tensors(run->net); i++) {
		const struct network_tensor *t = network_tensor(run->net, i);
		for (size_t j = 0; !t->gradient && j < t->elements; j++) {
			real x = t->x[j];
			t->x[j] = *kept;
			*kept++ = x;
		}
	}
}

static void keep_statistics(struct run *run)
{
	real *kept = run->statistics;
	for (size_t i = 0; i < network_tensors(run->net); i++) {
		const struct network_tensor *t = network_tensor(run->net, i);
		if (!t->gradient) {
			memcpy(kept, t->x, t->elements * sizeof *kept);
			kept += t->elements;
		}
	}
}

static int write_checkpoint(struct run *run)
{
	struct checkpoint at = run->at;
	run->due = false;
	run->saved = true;
	if (run->comm->rank > 0)
		return 0;
	at.seconds += progress_clock() - run->started;
	if (training_log_lengths(run->log, at.length) < 0)
		return -1;
	return checkpoint_save(
	    run->files->checkpoint, run->net, run->optimiser, run->settings, &at);
}

/* The state before the running step, whose loss turned out well: so a checkpoint is never one that diverges at once. */
static int write_due(struct run *run)
{
	if (!run->due)
		return 0;
	exchange_statistics(run);
	int status = write_checkpoint(run);
	exchange_statistics(run);
	return status;
}

/* --- the loop --- */

static int diverged(const struct run *run, size_t epoch, size_t within, const char *what)
{
	char advice[256] = "";
	if (run->saved)
		snprintf(advice, sizeof advice,
		    "; %s has the state before it: --init it with a smaller --rate",
		    run->files->checkpoint);
	return err_set("epoch %zu, step %zu: %s: training diverges at --rate %g%s", epoch, within,
	    what, run->options->rate, advice);
}

/* Processes stay together only if each computes the same numbers from the same sums. */
static int same_weights(struct run *run)
{
	if (run->comm->ranks == 1)
		return 0;
	uint64_t hash = train_hash(run->net), first = hash;
	if (run->comm->broadcast(&first, sizeof first) < 0)
		return -1;
	return first == hash ? 0
			     : err_set("its weights are no longer those of process 0; all "
				       "need the same kind of processor and the same program");
}

static int validate(struct run *run, size_t epoch)
{
	size_t iterations =
	    epoch >= run->options->lateral_from ? network_options(run->net)->iterations : 0;
	if (evaluate_score(run->net, run->validation, NULL, iterations, &run->val_loss,
		&run->val_accuracy) < 0)
		return err_context("epoch %zu", epoch);
	if (degrade_any(&run->degraded.degrade) &&
	    evaluate_score(run->net, run->validation, &run->degraded, iterations,
		&run->degraded_loss, &run->degraded_accuracy) < 0)
		return err_context("epoch %zu", epoch);
	return 0;
}

static int end_epoch(struct run *run, size_t epoch)
{
	run->accuracy = (double)run->at.correct / (double)run->at.seen;
	if (same_weights(run) < 0 || validate(run, epoch) < 0)
		return -1;
	if (run->files->snapshots && evaluate_rms(run->net, run->training) < 0)
		return err_context("epoch %zu", epoch);
	const struct training_log_row row = {.epoch = epoch,
	    .loss = run->at.loss / (double)run->at.seen,
	    .accuracy = run->accuracy,
	    .val_loss = run->val_loss,
	    .val_accuracy = run->val_accuracy,
	    .degraded_loss = run->degraded_loss,
	    .degraded_accuracy = run->degraded_accuracy,
	    .rate = run->rate,
	    .seconds = run->at.seconds + progress_clock() - run->started};
	return run->log ? training_log_epoch(run->log, run->net, &row) : 0;
}

static int step(struct run *run)
{
	const struct train_options *o = run->options;
	const struct crops *crops = run->crops;
	size_t epoch = run->at.step / run->steps_per_epoch,
	       within = run->at.step % run->steps_per_epoch;
	if (within == 0) {
		run->at.loss = 0;
		run->at.correct = run->at.seen = 0;
	}
	if (crops_take(run->crops, epoch, within * run->batch) < 0)
		return -1;
	const struct network_training training = {.lateral = epoch >= o->lateral_from,
	    .freeze_lgn = o->freeze_lgn,
	    .freeze_v1 = o->freeze_v1,
	    .freeze_lateral = o->freeze_lateral,
	    .fresh_norms = o->fresh,
	    .dropout = o->dropout,
	    .seed = o->seed,
	    .epoch = (uint32_t)epoch,
	    .image = crops->image,
	    .batch = run->batch};
	double loss = 0, chance = log((double)network_options(run->net)->classes);
	size_t correct;
	if (run->due)
		keep_statistics(run);
	int status = network_train(run->net, &training, crops->x, crops->labels, crops->own,
	    o->crop, o->crop, &loss, &correct);
	if (!isfinite(loss))
		return diverged(run, epoch, within, "the loss is not finite");
	if (status < 0)
		return err_context("epoch %zu, step %zu", epoch, within);
	if (loss > fmax(DIVERGED, DIVERGED_CHANCES * chance)) {
		char what[80];
		snprintf(what, sizeof what, "the loss is %.4g, by chance %.2g", loss, chance);
		return diverged(run, epoch, within, what);
	}
	if (write_due(run) < 0)
		return -1;
	run->rate = optimiser_one_cycle(run->at.step, run->steps, o->rate, o->rise);
	optimiser_step(run->optimiser, run->net, run->rate, o->momentum, &o->decay, &training);
	if (!network_finite(run->net))
		return diverged(run, epoch, within, "the weights are no longer finite");
	run->at.loss += loss * (double)run->batch;
	run->at.correct += correct;
	run->at.seen += run->batch;
	run->at.step++;
	char text[80];
	snprintf(text, sizeof text, "epoch %zu (the last is %zu), loss %.3f", epoch, o->epochs - 1,
	    run->at.loss / (double)run->at.seen);
	progress_add(&run->progress, run->batch, text);
	return within + 1 < run->steps_per_epoch ? 0 : end_epoch(run, epoch);
}

/* --rotate: crops that fit into the image at every angle. */
static int check_turns(size_t crop, const struct data *data)
{
	size_t side = crop;
	while (!degrade_turns(side, data->h, data->w))
		side--;
	if (side == crop)
		return 0;
	if (side < network_side_min())
		return err_set("training images: %zu x %zu px: too small for crops at every angle",
		    data->h, data->w);
	return err_set("training images: %zu x %zu px: crops of %zu do not fit in at every angle; "
		       "--crop %zu does",
	    data->h, data->w, crop, side);
}

/* Images for training or validation that are too small for what looks at them. */
static int check_sides(struct run *run)
{
	const struct train_options *o = run->options;
	const struct network_options *n = network_options(run->net);
	const struct data *data = run->training->data,
			  *other = run->validation->count ? run->validation->data : data;
	size_t kernel = size_max(n->k0, n->k1), side = size_min(other->h, other->w);
	kernel = n->iterations ? size_max(n->kl, kernel) : kernel;
	if (o->crop > data->h || o->crop > data->w)
		return err_set("training images: %zu x %zu px, smaller than crops of %zu", data->h,
		    data->w, o->crop);
	if (o->rotate && check_turns(o->crop, data) < 0)
		return -1;
	if (kernel > o->crop)
		return err_set("training images: crops of %zu px, smaller than a kernel of %zu",
		    o->crop, kernel);
	if (side < network_side_min())
		return err_set("validation images: %zu x %zu px, fewer than %zu a side", other->h,
		    other->w, network_side_min());
	if (side < kernel)
		return err_set("validation images: %zu x %zu px, smaller than a kernel of %zu",
		    other->h, other->w, kernel);
	return 0;
}

static int prepare(struct run *run)
{
	const struct train_options *o = run->options;
	double mean, sd;
	if (data_moments(run->training, &mean, &sd) < 0)
		return -1;
	if (!(sd > 0))
		return err_set("training images: every pixel has the same value");
	network_find(run->net, "input.mean")->x[0] = (real)mean;
	network_find(run->net, "input.sd")->x[0] = (real)sd;
	if (check_sides(run) < 0)
		return -1;
	run->batch = size_min(o->batch, run->training->count);
	if (run->batch < run->comm->ranks)
		return err_set("training images: %zu in a batch, too few for %zu processes",
		    run->batch, run->comm->ranks);
	run->steps_per_epoch = run->training->count / run->batch;
	run->steps = run->steps_per_epoch * o->epochs;
	size_t kept = 0;
	for (size_t i = 0; i < network_tensors(run->net); i++) {
		const struct network_tensor *t = network_tensor(run->net, i);
		kept += t->gradient ? 0 : t->elements;
	}
	run->statistics = mem_alloc(kept, sizeof *run->statistics);
	run->optimiser = optimiser_create(run->net);
	run->degraded = (struct evaluate_degraded){o->degrade, o->seed};
	run->degraded.degrade.mean = mean;
	run->degraded.degrade.sd = sd;
	run->crops = crops_create(run->training, &(struct crops_options){.seed = o->seed,
						     .side = o->crop,
						     .batch = run->batch,
						     .flip = o->flip,
						     .rotate = o->rotate,
						     .degrade = run->degraded.degrade,
						     .threads = o->threads});
	return run->statistics && run->optimiser && run->crops ? 0 : -1;
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

/* The checkpoint, where there is one; the files that grow, cut back to where it was. */
static int begin(struct run *run)
{
	const struct train_files *files = run->files;
	bool first = run->comm->rank == 0;
	if (files->checkpoint && files->resume && first &&
	    checkpoint_load(files->checkpoint, run->net, run->optimiser, run->settings, &run->at) <
		0)
		return -1;
	if (share_state(run) < 0)
		return -1;
	run->saved = run->at.step > 0;
	run->due = files->checkpoint && !run->saved;
	if (first && !(run->log = training_log_open(files->log, files->snapshots, run->at.length)))
		return -1;
	return 0;
}

static int loop(struct run *run)
{
	const struct train_files *files = run->files;
	size_t every = files->every ? files->every : run->steps_per_epoch;
	run->progress = progress_start(
	    run->progress.enabled, "train", "images", (run->steps - run->at.step) * run->batch);
	run->started = progress_clock();
	bool more = run->at.step < run->steps;
	run->ended = !more;
	while (run->at.step < run->steps) {
		if (step(run) < 0)
			return -1;
		run->due = run->due || (files->checkpoint && run->at.step % every == 0);
	}
	if (files->checkpoint && more && write_checkpoint(run) < 0)
		return -1;
	progress_end(&run->progress);
	if (run->at.seen > 0)
		run->accuracy = (double)run->at.correct / (double)run->at.seen;
	/* a run that is resumed at its end has not validated yet */
	if (isnan(run->val_accuracy) && validate(run, run->options->epochs - 1) < 0)
		return -1;
	return evaluate_rms(run->net, run->training);
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
	    .degraded_loss = NAN,
	    .degraded_accuracy = NAN,
	    .progress = {.enabled = verbose}};
	network_join(net, run.comm);
	int status = prepare(&run) < 0 || begin(&run) < 0 ? -1 : loop(&run);
	char reason[ERR_MAX];
	snprintf(reason, sizeof reason, "%s", status < 0 ? err_reason() : "");
	if (training_log_close(run.log) < 0 && status == 0)
		status = -1;
	else if (*reason) /* what is not said yet about the files matters less */
		err_set("%s", reason);
	*result =
	    (struct train_result){run.accuracy, run.val_accuracy, run.degraded_accuracy, run.ended};
	optimiser_free(run.optimiser);
	crops_free(run.crops);
	free(run.statistics);
	return status;
}
