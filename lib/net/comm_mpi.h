/*
 * Processes over MPI, for train-v1-mpi only: comm_mpi.c is compiled by mpicc and is not in the archive.
 *
 * While rank 0 waits for the others it also listens for failures: a process that fails hands over its reason and waits
 * for its end, so that one line is printed and all stop, wherever the others are.
 */
#ifndef NET_COMM_MPI_H
#define NET_COMM_MPI_H

#include <stdbool.h>
#include <stdint.h>
#include "net/comm.h"

/* Start MPI and end it at exit. Where that is impossible MPI itself says so and ends the process. */
const struct comm *comm_mpi_start(void);

/* Send what other ranks than 0 print to /dev/null, or back to where it went: the command line is the same for all,
 * so what there is to say about it is said once. */
void comm_mpi_quiet(bool quiet);

/* Whether all processes come here with the same number (a hash of their command lines), none ending before: 0, or -1
 * with a reason of usage. */
int comm_mpi_agree(uint64_t number) __attribute__((warn_unused_result));

/* Other ranks than 0: hand the recorded reason to rank 0 and wait to be ended. Rank 0: nothing. */
void comm_mpi_tell(void);

/* End all processes with this status. */
void comm_mpi_end(int status) __attribute__((noreturn));

#endif
