/*
 * Training: epochs over shuffled random crops, validation on whole images, log, snapshots, checkpoints. Every random
 * draw depends on the seed, the epoch and the image's number only, so a run does not depend on threads or on where it
 * was interrupted.
 *
 * With several processes (those of the training images' data) each trains on its share of every batch; files are
 * rank 0's.
 */
#ifndef NET_TRAIN_H
#define NET_TRAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "image/degrade.h"
#include "net/checkpoint.h"
#include "net/data.h"
#include "net/network.h"
#include "net/optimiser.h"

struct train_options {
	size_t epochs, batch, crop;
	double rate, rise, momentum, dropout;
	double filter_scale; /* of the initial filters of l0 and l1, in units of PyTorch's */
	struct optimiser_decay decay;
	bool flip, rotate;      /* mirror half of the images; cut crops at random angles */
	struct degrade degrade; /* of the crops; its mean and sd are the training images' */
	size_t threads;
	uint64_t seed;
	size_t lateral_from; /* the first epoch, from 0, that has lateral propagation */
	bool freeze_lgn, freeze_v1, freeze_lateral;
	bool fresh; /* no model was started from: frozen norms have no running statistics yet */
};

struct train_files {
	const char *log, *snapshots, *checkpoint; /* NULL: none */
	size_t every;                             /* steps between checkpoints, 0: one per epoch */
	bool resume;
};

struct train_result {
	double accuracy, val_accuracy; /* of the last epoch; val_accuracy NaN without validation */
	double
	    degraded_accuracy; /* of validation images degraded like the crops; NaN where nothing is */
	bool ended;            /* a run that was resumed at its end: nothing was left to train */
};

/* Random initial weights: uniform in +-1/sqrt(fan-in), as PyTorch's, filters times filter_scale; the lateral
 * kernel 0, or a tenth of PyTorch's where propagation averages. */
void train_initialise(struct network *net, const struct train_options *options);

/* Take over the tensors of a trained model whose shapes are the network's; those of l0 and l1 must be. 0 or -1. */
int train_initialise_from(struct network *net, struct model *model)
    __attribute__((warn_unused_result));

/* Of all tensors, to tell models apart. */
uint64_t train_hash(const struct network *net);

/* Train; then input.*, v1.rms and all others are as the model file should have them. validation: count 0 for
 * none. settings: what the checkpoint holds a resumed run to. 0 or -1. */
int train_run(struct network *net, const struct train_options *options,
    const struct data_part *training, const struct data_part *validation,
    const struct train_files *files, const struct settings *settings, bool verbose,
    struct train_result *result) __attribute__((warn_unused_result));

#endif
