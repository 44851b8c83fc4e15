/* The network's tensors: names, shapes, memory, model files. Private to lib/net; sizes and letters as in network.h. */
#ifndef NET_TENSORS_H
#define NET_TENSORS_H

#include "net/network.h"

/* The four tensors of a batch normalisation, one after the other. */
enum { NORM_WEIGHT, NORM_BIAS, NORM_MEAN, NORM_VARIANCE, NORM_TENSORS };

/* Places in the list of tensors. */
enum {
	TENSOR_MEAN,
	TENSOR_SD,
	TENSOR_LGN,
	TENSOR_LGN_NORM,
	TENSOR_V1 = TENSOR_LGN_NORM + NORM_TENSORS,
	TENSOR_V1_NORM,
	TENSOR_RMS = TENSOR_V1_NORM + NORM_TENSORS,
	TENSOR_LATERAL,
	TENSOR_HEAD_1,
	TENSOR_HEAD_1_NORM,
	TENSOR_HEAD_2 = TENSOR_HEAD_1_NORM + NORM_TENSORS,
	TENSOR_HEAD_2_NORM,
	TENSOR_LINEAR = TENSOR_HEAD_2_NORM + NORM_TENSORS,
	TENSOR_LINEAR_BIAS,
	TENSORS,
};

struct tensors {
	struct network_tensor list[TENSORS];
	real *values, *gradients; /* of all, in the list's order */
	size_t gradient_count;
	float *copy; /* of the values, for model_write */
};

/* Shapes from the options; values as network_create promises. 0 or -1. */
int tensors_create(struct tensors *tensors, const struct network_options *options)
    __attribute__((warn_unused_result));
void tensors_free(struct tensors *tensors);

/* The place of a name; TENSORS where there is none. */
size_t tensors_place(const char *name);

/* Sizes, lgn, propagation and T of a model file. 0 or -1. */
int tensors_options(struct model *model, struct network_options *options)
    __attribute__((warn_unused_result));

/* All tensors from a model file. 0 or -1. */
int tensors_load(struct tensors *tensors, struct model *model) __attribute__((warn_unused_result));

/* All tensors to a model file that is being written; until then they must live. 0 or -1. */
int tensors_save(const struct tensors *tensors, struct model_out *out)
    __attribute__((warn_unused_result));

#endif
