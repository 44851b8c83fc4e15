/*
 * Stochastic gradient descent with Nesterov's momentum, as PyTorch's SGD(nesterov=True), and the one-cycle
 * schedule of its rate (Smith and Topin 2017, arXiv:1708.07120; PyTorch's OneCycleLR with cosines).
 *
 *	d = gradient + decay w;  v = momentum v + d (v = d at first);  w -= rate (d + momentum v)
 */
#ifndef NET_OPTIMISER_H
#define NET_OPTIMISER_H

#include <stdbool.h>
#include <stddef.h>
#include "net/network.h"

struct optimiser;

/* Velocities of all parameters of the network, zero. NULL with a reason. */
struct optimiser *optimiser_create(const struct network *net) __attribute__((warn_unused_result));
void optimiser_free(struct optimiser *optimiser);

/* Decay by the layer a tensor's weights belong to; norms and biases have none. */
struct optimiser_decay {
	double lgn, v1, lateral, head;
};

/* One step from the network's gradients. Tensors of layers that are frozen stay as they are, and so
 * does a lateral kernel that no propagation uses. */
void optimiser_step(struct optimiser *optimiser, struct network *net, double rate, double momentum,
    const struct optimiser_decay *decay, const struct network_training *training);

/* The velocities, one after the other in the order of the tensors: `count` numbers. */
real *optimiser_velocity(struct optimiser *optimiser, size_t *count);

/* The rate at a step of `steps`: rises from peak / 25 to peak over the first `rise` of them, then falls to
 * peak / 250000, both along half a cosine. rise in (0, 1). */
double optimiser_one_cycle(size_t step, size_t steps, double peak, double rise);

#endif
