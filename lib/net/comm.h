/*
 * What processes that train one network together do together: synchronous data parallelism. Each takes its share of
 * every batch; sums over images (statistics of the batch and their adjoints, losses, gradients) become sums over all
 * processes, so the network is the one that a single process trains on the whole batch, up to rounding.
 *
 * Every process calls the same functions in the same order. A call that fails leaves the processes out of step: the
 * only thing to do then is to end them all.
 */
#ifndef NET_COMM_H
#define NET_COMM_H

#include <stddef.h>
#include "conv/real.h"

struct comm {
	size_t rank, ranks; /* this process, 0..ranks-1; rank 0 reads and writes files */

	/* x (n) becomes its sum over the processes. 0 or -1. */
	int (*sum)(double *x, size_t n);
	int (*sum_real)(real *x, size_t n);

	/* Rank 0's bytes to all. 0 or -1. */
	int (*broadcast)(void *data, size_t bytes);

	/* given[r] bytes to each rank r, taken[r] bytes from it, one rank's after the other's. 0 or -1. */
	int (*exchange)(const void *from, const size_t *given, void *to, const size_t *taken);
};

/* One process. */
extern const struct comm comm_alone;

/* The first of n items in a row that rank r works on; its share ends where that of r + 1 begins. */
size_t comm_first(const struct comm *comm, size_t n, size_t r);

#endif
