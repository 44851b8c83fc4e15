/*
 * The tensors of a network: names, shapes, memory, how they begin, and model files. Each layer adds its own, in the order
 * of the model file; then weights_allocate gives all of them memory. Private to lib/net but for what network.h says.
 */
#ifndef NET_WEIGHTS_H
#define NET_WEIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include "conv/real.h"
#include "model/model.h"

/* What a tensor's numbers must be besides finite: input.sd is divided by, a variance or rms may be that of a channel
 * that never answers, and N0 and N1 have no scale but one. */
enum weights_range { WEIGHTS_ANY, WEIGHTS_POSITIVE, WEIGHTS_NOT_NEGATIVE, WEIGHTS_ONE };

/* The part of the network that a tensor belongs to: parts are frozen, decay and begin differently. */
enum network_part { PART_INPUT, PART_LGN, PART_V1, PART_LATERAL, PART_HEAD, PARTS };

/* A named tensor. Parameters have a gradient; running statistics, input.* and v1.rms have none (NULL), nor have
 * the scales of N0 and N1. */
struct network_tensor {
	char name[32]; /* as in the model file, "v1.weight" */
	enum network_part part;
	enum weights_range range;
	size_t rank, shape[4];
	bool learnt; /* it has a gradient */
	int first;   /* what its numbers are at first */
	size_t
	    fan_in; /* not 0: training begins with random numbers, of the size that so many inputs ask for */
	size_t elements;    /* weights_allocate computes it, and what follows */
	real *x, *gradient; /* both of `shape`, row-major */
};

#define WEIGHTS_MAX 128
struct weights {
	struct network_tensor list[WEIGHTS_MAX];
	size_t count;
	real *values, *gradients; /* of all, in the list's order */
	size_t gradient_count;
	float *copy; /* of the values, for model_write */
};

/* Add a tensor, whose place does not change; a list that is full is weights_allocate's to refuse. */
struct network_tensor *weights_add(struct weights *weights, const struct network_tensor *tensor);

/* Memory for all that were added, every number of a tensor its `first`. 0 or -1; weights_free either way. */
int weights_allocate(struct weights *weights) __attribute__((warn_unused_result));
void weights_free(struct weights *weights);

/* Whether a stored tensor has this one's shape. */
bool weights_fit(const struct network_tensor *tensor, const struct model_tensor *stored);

/* Read what a model file has under `name` into x, with all that is asked of `tensor`: that it is there, its shape,
 * finite numbers in its range. 0, or -1 with a line that names the file, the tensor and what is wrong with it. */
int weights_read(struct model *model, const char *name, const struct network_tensor *tensor,
    real *x) __attribute__((warn_unused_result));

/* All tensors from a model file. 0 or -1. */
int weights_load(struct weights *weights, struct model *model) __attribute__((warn_unused_result));

/* All tensors to a model file that is being written; until then they must live. 0 or -1. */
int weights_save(const struct weights *weights, struct model_out *out)
    __attribute__((warn_unused_result));

#endif
