/*
 * Training on several processes against one process on the whole batch: shares of 2 and 3 processes, uneven ones, T =
 * 0..2, both propagations, frozen layers. The processes are forked here and talk over sockets, so no MPI is needed.
 * double-comm.c is the same in double.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/memory.h"
#include "base/random.h"
#include "net/comm.h"
#include "net/network.h"
#include "net/optimiser.h"
#include "check.h"

#ifdef REAL_DOUBLE
#define TOLERANCE 1e-10
#else
#define TOLERANCE 1e-4
#endif

enum { IMAGES = 7, SIDE = 17, F = 5, CLASSES = 3, STEPS = 4, RANKS = 3 };

static struct comm here;
static int to[RANKS]; /* rank 0: a socket to each other; others: to[0] */

static void move(int socket, void *data, size_t bytes, bool out)
{
	for (char *at = data; bytes > 0;) {
		ssize_t n = out ? write(socket, at, bytes) : read(socket, at, bytes);
		if (n <= 0)
			_exit(2);
		at += n;
		bytes -= (size_t)n;
	}
}

static int broadcast(void *data, size_t bytes)
{
	for (size_t r = 1; r < here.ranks && here.rank == 0; r++)
		move(to[r], data, bytes, true);
	if (here.rank > 0)
		move(to[0], data, bytes, false);
	return 0;
}

static int sum(double *x, size_t n)
{
	double *other = mem_alloc(n, sizeof *x);
	for (size_t r = 1; r < here.ranks && here.rank == 0; r++) {
		move(to[r], other, n * sizeof *x, false);
		for (size_t i = 0; i < n; i++)
			x[i] += other[i];
	}
	if (here.rank > 0)
		move(to[0], x, n * sizeof *x, true);
	free(other);
	return broadcast(x, n * sizeof *x);
}

static int sum_real(real *x, size_t n)
{
	double *y = mem_alloc(n, sizeof *y);
	for (size_t i = 0; i < n; i++)
		y[i] = (double)x[i];
	sum(y, n);
	for (size_t i = 0; i < n; i++)
		x[i] = (real)y[i];
	free(y);
	return 0;
}

static struct network *prepare(const struct network_options *options)
{
	struct network *net = network_create(options, 1);
	for (size_t i = 0; i < network_tensors(net); i++) {
		const struct network_tensor *t = network_tensor(net, i);
		struct rng rng = rng_start(7, RNG_TEST, 0, i);
		for (size_t j = 0; t->rank > 1 && j < t->elements; j++)
			t->x[j] = (real)(0.2 * rng_normal(&rng));
	}
	return net;
}

/* A few steps on this process's share; the losses in loss (STEPS). */
static void train(struct network *net, const struct comm *comm,
    const struct network_training *training, double *loss)
{
	size_t first = comm_first(comm, IMAGES, comm->rank),
	       share = comm_first(comm, IMAGES, comm->rank + 1) - first, correct;
	const struct optimiser_decay decay = {1e-3, 1e-3, 1e-3, 1e-3};
	struct optimiser *optimiser = optimiser_create(net);
	real *x = mem_alloc(IMAGES * SIDE * SIDE, sizeof *x);
	int32_t labels[IMAGES];
	uint64_t number[IMAGES];
	struct rng rng = rng_start(8, RNG_TEST, 0, 0);
	for (size_t i = 0; i < IMAGES * SIDE * SIDE; i++)
		x[i] = (real)rng_normal(&rng);
	for (size_t i = 0; i < IMAGES; i++) {
		labels[i] = (int32_t)(i % CLASSES);
		number[i] = 100 + i;
	}
	struct network_training mine = *training;
	mine.image = number + first;
	mine.batch = IMAGES;
	network_join(net, comm);
	for (size_t step = 0; step < STEPS; step++) {
		if (network_train(net, &mine, x + first * SIDE * SIDE, labels + first, share, SIDE,
			SIDE, &loss[step], &correct) < 0)
			loss[step] = NAN;
		optimiser_step(optimiser, net, 1e-3, 0.9, &decay, training);
	}
	optimiser_free(optimiser);
	free(x);
}

/* What other ranks do: train, then see whether rank 0 has the same bits. */
static void other(const struct network_options *options, const struct network_training *training)
{
	double loss[STEPS];
	struct network *net = prepare(options);
	bool same = true;
	train(net, &here, training, loss);
	for (size_t i = 0; i < network_tensors(net); i++) {
		const struct network_tensor *t = network_tensor(net, i);
		real *first = mem_alloc(t->elements, sizeof *first);
		broadcast(first, t->elements * sizeof *first);
		same = same && memcmp(first, t->x, t->elements * sizeof *first) == 0;
		free(first);
	}
	network_free(net);
	_exit(!same);
}

static void compare(
    const struct network_options *options, const struct network_training *training, size_t ranks)
{
	printf("# %zu processes, T %zu, propagation %d, frozen %d %d %d\n", ranks,
	    options->iterations, options->propagation, training->freeze_lgn, training->freeze_v1,
	    training->freeze_lateral);
	fflush(stdout);
	pid_t child[RANKS];
	for (size_t r = 1; r < ranks; r++) {
		int pair[2];
		CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
		child[r] = fork();
		if (child[r] == 0) {
			here = (struct comm){r, ranks, sum, sum_real, broadcast, NULL};
			to[0] = pair[1];
			close(pair[0]);
			other(options, training);
		}
		close(pair[1]);
		to[r] = pair[0];
	}
	here = (struct comm){0, ranks, sum, sum_real, broadcast, NULL};
	double loss[STEPS], alone[STEPS];
	struct network *shared = prepare(options), *single = prepare(options);
	train(shared, &here, training, loss);
	train(single, &comm_alone, training, alone);
	for (size_t i = 0; i < STEPS; i++)
		CHECK_CLOSE(loss[i], alone[i], TOLERANCE);
	for (size_t i = 0; i < network_tensors(single); i++) {
		const struct network_tensor *a = network_tensor(single, i),
					    *b = network_tensor(shared, i);
		double square = 0, norm = 0, steep = 0, slope = 0;
		for (size_t j = 0; j < a->elements; j++) {
			double x = (double)a->x[j], d = (double)b->x[j] - x;
			square += d * d;
			norm += x * x;
			if (a->gradient) {
				x = (double)a->gradient[j];
				d = (double)b->gradient[j] - x;
				steep += d * d;
				slope += x * x;
			}
		}
		bool ok = sqrt(square) <= TOLERANCE * fmax(sqrt(norm), 1e-3) &&
			  sqrt(steep) <= TOLERANCE * fmax(sqrt(slope), 1e-3);
		if (!ok)
			printf("# %s: %.3g of %.3g, gradient %.3g of %.3g\n", a->name, sqrt(square),
			    sqrt(norm), sqrt(steep), sqrt(slope));
		CHECK(ok);
		broadcast(b->x, b->elements * sizeof *b->x);
	}
	for (size_t r = 1; r < ranks; r++) {
		int status = -1;
		close(to[r]);
		CHECK(waitpid(child[r], &status, 0) == child[r] && status == 0);
	}
	network_free(shared);
	network_free(single);
}

int main(void)
{
	struct comm three = {.ranks = 3};
	CHECK(comm_first(&three, 8, 0) == 0 && comm_first(&three, 8, 1) == 3 &&
	      comm_first(&three, 8, 2) == 6 && comm_first(&three, 8, 3) == 8);
	const struct network_training all = {.lateral = true, .dropout = 0.5, .seed = 5},
				      late = {.lateral = true,
					  .freeze_lgn = true,
					  .freeze_v1 = true},
				      early = {.lateral = true, .freeze_lateral = true};
	for (size_t t = 0; t < 3; t++) {
		for (int propagation = 0; propagation < 2; propagation++) {
			const struct network_options options = {.k0 = 3,
			    .filters = F,
			    .k1 = 5,
			    .kl = 5,
			    .iterations = t,
			    .classes = CLASSES,
			    .propagation = (enum network_propagation)propagation};
			compare(&options, &all, 2 + (size_t)propagation);
			if (t == 1)
				compare(&options, propagation ? &late : &early, 3);
		}
	}
	return check_end();
}
