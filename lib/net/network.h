/*
 * The network of the study: two early layers, a lateral kernel between all pairs of filters of the second, and a classifier on
 * top. The first three are those that the abstract of arXiv:2104.08537 (Bertoni, Montobbio, Sarti, Citti 2021) names; their form,
 * sizes and training are this project's own.
 *
 *	x  = (image - mean) / sd                   scalars of the training set
 *	a  = N0(x * lgn), rectified unless linear  l0: one filter k0 x k0
 *	z  = N1(a * v1)                            l1: F filters k1 x k1
 *	h0 = relu(z)
 *	ht = relu(z + lateral * h(t-1))            t = 1..T, propagation "recurrent"
 *	   or (h(t-1) + relu(lateral * h(t-1)))/2  propagation "average"
 *	head: max-pool 4; conv 3x3 to 128, N, relu, max-pool 2; conv 3x3 to 128, N, relu, average to 2x2;
 *	dropout 1/2; linear
 *
 * `*` is PyTorch's conv2d: cross-correlation, odd kernel, zero padding, same size, no bias. N is batch
 * normalisation (eps 1e-5, momentum 0.1, unbiased running variance); N0 and N1 learn no scale.
 *
 * Letters: n images, h x w pixels, F filters, C classes. Arrays at this interface are row-major planes as
 * PyTorch has them, (n, F, h, w). Tensors carry the model file's names, shapes and order of weights.
 * Nothing depends on the number of threads. A network is used by one thread at a time.
 */
#ifndef NET_NETWORK_H
#define NET_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "conv/real.h"
#include "model/model.h"
#include "net/comm.h"
#include "net/weights.h"

enum network_lgn { NETWORK_RELU, NETWORK_LINEAR };
enum network_propagation { NETWORK_RECURRENT, NETWORK_AVERAGE };
#define NETWORK_LGN_WORDS "relu,linear"
#define NETWORK_PROPAGATION_WORDS "recurrent,average"

struct network_options {
	size_t k0, filters, k1, kl; /* sides of the kernels, odd; F */
	size_t iterations;          /* T: lateral propagations the network is trained with */
	size_t classes;
	enum network_lgn lgn;
	enum network_propagation propagation;
};

struct network;

/* A network with all tensors zero, but norms' weights and running variances, input.sd and v1.rms one. NULL with a
 * reason. */
struct network *network_create(const struct network_options *options, size_t threads)
    __attribute__((warn_unused_result));

/* The network in a model file that train-v1 wrote: sizes from the tensors' shapes, lgn, propagation and T from the
 * metadata. Names what is missing or does not fit. */
struct network *network_load(struct model *model, size_t threads)
    __attribute__((warn_unused_result));

/* Add every tensor to a model that is being written; they must stay unchanged until then. 0 or -1. */
int network_save(const struct network *net, struct model_out *out)
    __attribute__((warn_unused_result));

void network_free(struct network *net); /* NULL is allowed */

/* Train together with other processes, each of which has such a network; alone without this call. */
void network_join(struct network *net, const struct comm *comm);

const struct network_options *network_options(const struct network *net);

/* The least side of images, in px, that the head takes. */
size_t network_side_min(void);

/* All tensors, in a fixed order; by name, NULL with a reason. After writing into x nothing else is to be done. */
size_t network_tensors(const struct network *net);
const struct network_tensor *network_tensor(const struct network *net, size_t i);
const struct network_tensor *network_find(const struct network *net, const char *name);

/*
 * Evaluation: whole images, running statistics, no dropout. Images are raw numbers, as they come in streams: mean
 * and sd are applied here. Sizes may change from call to call; memory grows with n h w F, so give images in chunks:
 * network_chunk says how many.
 */

/* From now on keep what network_adjoint needs of a run, every ht; without this only h0 and the last two are there. */
void network_keep(struct network *net);

/* Images of h x w that a call with so many iterations should have, at least 1. */
size_t network_chunk(const struct network *net, size_t h, size_t w, size_t iterations);

/* Run x (n, h, w) with `iterations` propagations. classify: run the head too (sides of at least network_side_min).
 * 0, or -1, also where responses are not finite. */
int network_run(struct network *net, const real *x, size_t n, size_t h, size_t w, size_t iterations,
    bool classify) __attribute__((warn_unused_result));

enum network_layer {
	NETWORK_A, /* (n, h, w) */
	NETWORK_Z, /* (n, F, h, w), as are the next two */
	NETWORK_H0,
	NETWORK_HT,     /* after the last propagation; h0 where there was none */
	NETWORK_LOGITS, /* (n, C) */
};

/* What the last network_run gave, copied to y. NETWORK_LOGITS only if it was asked for. */
void network_get(const struct network *net, enum network_layer layer, real *y);

/* Adjoint of z -> hT at the last run's activations: dht (n, F, h, w) -> dz = (dhT/dz)' dht (n, F, h, w), at a
 * unit's threshold the derivative 0. After network_keep; may be called several times after one run. dz may be dht.
 * 0 or -1. */
int network_adjoint(struct network *net, const real *dht, real *dz)
    __attribute__((warn_unused_result));

/*
 * Training: statistics of the batch, and gradients.
 */

struct network_training {
	bool lateral; /* false: T counts as 0, the lateral kernel gets no gradient */
	/* these tensors, with their norms, get no gradient; a frozen norm uses its running statistics, which stay */
	bool freeze_lgn, freeze_v1, freeze_lateral;
	bool
	    fresh_norms; /* but there are none yet: frozen norms use the batch's, and collect them */
	double
	    dropout;   /* probability with which a feature before the linear layer is set to zero */
	uint64_t seed; /* dropout's draws depend on (seed, epoch, image[i]) */
	uint32_t epoch;
	const uint64_t *image; /* (n) of each image, its number in the data; NULL: 0..n-1 */
	size_t batch;          /* images of the batch in all processes; 0: n */
};

/* One step's images: x (n, h, w) raw, labels (n) in 0..C-1. Gradients of the mean cross-entropy replace those of
 * before; running statistics are updated. *loss is the mean, *correct counts images whose largest logit is the label's.
 * 0 or -1; a loss that is not finite is an error.
 *
 * With other processes n is this one's part of the batch, at least 1; what comes out is the whole batch's and the
 * same on all. */
int network_train(struct network *net, const struct network_training *training, const real *x,
    const int32_t *labels, size_t n, size_t h, size_t w, double *loss, size_t *correct)
    __attribute__((warn_unused_result));

/* Are all weights and running statistics finite? */
bool network_finite(const struct network *net);

/* Sum of the losses and number of correct answers of the last network_run; labels (n) in 0..C-1. */
void network_score(
    const struct network *net, const int32_t *labels, double *loss_sum, size_t *correct);

/* Add the sums over pixels and images of h0 squared to square (F), in the last run. */
void network_square(const struct network *net, double *square);

/* The gain of one linear propagation on an unbounded plane, gain_largest (gain.h) of the lateral kernel. 0 or -1. */
int network_lateral_norm(const struct network *net, double *norm)
    __attribute__((warn_unused_result));

/* More propagations than the `trained` ones: 1, with a warning as the reason, where that gain is not below 1, so that
 * responses need not keep within bounds; else 0; -1 on failure. */
int network_may_grow(const struct network *net, size_t iterations, size_t trained)
    __attribute__((warn_unused_result));

#endif
