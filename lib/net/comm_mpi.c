/* Processes over MPI: see comm_mpi.h. */
#include <fcntl.h>
#include <limits.h>
#include <mpi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "net/comm_mpi.h"

#define PIECE ((size_t)1 << 28) /* numbers in a call: MPI counts with int */
#define PATIENCE 600            /* seconds a process that failed waits to be ended */

#ifdef __SANITIZE_ADDRESS__
/* Plugins of MPI leave memory behind, and are unloaded before leaks are looked for, so that no list of names can tell their
 * leaks from ours. train-v1 has the same program. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return 1;
}
#endif

static struct comm comm;
static MPI_Comm failures; /* where reasons travel */
static int *counts;       /* (4, ranks): given, their places, taken, their places */
static int kept[2] = {-1, -1};

/* Until the request is done. */
static int wait_for(MPI_Request *request)
{
	if (comm.rank > 0) {
		MPI_Wait(request, MPI_STATUS_IGNORE);
		return 0;
	}
	for (;;) {
		int done, failed;
		MPI_Status status;
		MPI_Test(request, &done, MPI_STATUS_IGNORE);
		if (done)
			return 0;
		MPI_Iprobe(MPI_ANY_SOURCE, 0, failures, &failed, &status);
		if (failed) {
			char reason[ERR_MAX] = "";
			MPI_Recv(reason, ERR_MAX - 1, MPI_CHAR, status.MPI_SOURCE, 0, failures,
			    MPI_STATUS_IGNORE);
			return err_set("process %d: %s", status.MPI_SOURCE, reason);
		}
	}
}

static int sum_of(void *x, size_t n, size_t size, MPI_Datatype type)
{
	for (size_t i = 0; i < n; i += PIECE) {
		MPI_Request request;
		MPI_Iallreduce(MPI_IN_PLACE, (char *)x + i * size, (int)size_min(n - i, PIECE),
		    type, MPI_SUM, MPI_COMM_WORLD, &request);
		if (wait_for(&request) < 0)
			return -1;
	}
	return 0;
}

static int sum(double *x, size_t n)
{
	return sum_of(x, n, sizeof *x, MPI_DOUBLE);
}

static int sum_real(real *x, size_t n)
{
	return sum_of(x, n, sizeof *x, sizeof *x == sizeof(float) ? MPI_FLOAT : MPI_DOUBLE);
}

static int broadcast(void *data, size_t bytes)
{
	for (size_t i = 0; i < bytes; i += PIECE) {
		MPI_Request request;
		MPI_Ibcast((char *)data + i, (int)size_min(bytes - i, PIECE), MPI_BYTE, 0,
		    MPI_COMM_WORLD, &request);
		if (wait_for(&request) < 0)
			return -1;
	}
	return 0;
}

/* MPI's counts and places from ours. 0 or -1. */
static int place(const size_t *bytes, int *count, int *where)
{
	size_t total = 0;
	for (size_t r = 0; r < comm.ranks; r++) {
		count[r] = (int)bytes[r];
		where[r] = (int)total;
		if (bytes[r] > INT_MAX || total > INT_MAX)
			return err_set("processes: a batch of more than 2 GB; take a smaller one");
		total += bytes[r];
	}
	return 0;
}

static int exchange(const void *from, const size_t *given, void *to, const size_t *taken)
{
	int *out = counts, *out_where = out + comm.ranks, *in = out_where + comm.ranks,
	    *in_where = in + comm.ranks;
	MPI_Request request;
	if (place(given, out, out_where) < 0 || place(taken, in, in_where) < 0)
		return -1;
	MPI_Ialltoallv(
	    from, out, out_where, MPI_BYTE, to, in, in_where, MPI_BYTE, MPI_COMM_WORLD, &request);
	return wait_for(&request);
}

/* Meet the others once: whether none failed before and all have the same number. */
static bool meet(bool well, uint64_t number)
{
	static bool met;
	if (met)
		return true;
	met = true;
	uint64_t seen[3] = {!well, number, ~number};
	MPI_Allreduce(MPI_IN_PLACE, seen, 3, MPI_UINT64_T, MPI_MAX, MPI_COMM_WORLD);
	return seen[0] == 0 && seen[1] == ~seen[2];
}

int comm_mpi_agree(uint64_t number)
{
	return meet(true, number) ? 0 : err_usage("processes: their command lines differ");
}

static void finish(void)
{
	meet(
	    false, 0); /* who ends before comm_mpi_agree is not waited for by the others for ever */
	MPI_Finalize();
	free(counts);
}

const struct comm *comm_mpi_start(void)
{
	int level, rank, ranks;
	/* other threads compute, this one alone speaks */
	MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Comm_size(MPI_COMM_WORLD, &ranks);
	MPI_Comm_dup(MPI_COMM_WORLD, &failures);
	comm = (struct comm){(size_t)rank, (size_t)ranks, sum, sum_real, broadcast, exchange};
	counts = mem_alloc(4 * comm.ranks, sizeof *counts);
	if (!counts)
		comm_mpi_end(STATUS_FAILED);
	atexit(finish);
	return &comm;
}

void comm_mpi_quiet(bool quiet)
{
	for (int i = 0; i < 2 && comm.rank > 0; i++) {
		fflush(i == 0 ? stdout : stderr);
		if (quiet) {
			kept[i] = dup(i + 1);
			int null = open("/dev/null", O_WRONLY);
			if (null >= 0) {
				dup2(null, i + 1);
				close(null);
			}
		} else if (kept[i] >= 0) {
			dup2(kept[i], i + 1);
			close(kept[i]);
		}
	}
}

void comm_mpi_tell(void)
{
	if (comm.rank == 0)
		return;
	const char *reason = err_reason();
	MPI_Send(reason, (int)strlen(reason), MPI_CHAR, 0, 0, failures);
	sleep(PATIENCE);
	fprintf(stderr, "process %zu: %s\n", comm.rank, reason);
	comm_mpi_end(STATUS_FAILED);
}

void comm_mpi_end(int status)
{
	MPI_Abort(MPI_COMM_WORLD, status);
	_exit(status); /* not reached */
}
