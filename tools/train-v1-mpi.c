/*
 * train-v1 on several processes over MPI: the same program and, but for rounding, the same model. Each process works on
 * its share of every batch; what is summed over images is summed over processes (net/comm.h).
 */
#include <string.h>
#include "base/hash.h"
#include "base/output.h"
#include "net/comm_mpi.h"
#include "train/program.h"

static const struct tool tool = PROGRAM_TOOL("train-v1-mpi");

/* Print one line for the process that failed, and end all processes. */
static void fail(void)
{
	comm_mpi_tell();
	tool_warn("%s", err_reason());
	output_cleanup();
	comm_mpi_end(err_status());
}

int main(int argc, char **argv)
{
	const struct comm *comm = comm_mpi_start();
	comm_mpi_quiet(true);
	size_t operands = tool_start(&tool, argc, argv);
	program_check();
	const char *output = program_output();
	if (!output || strcmp(output, "-") == 0)
		tool_usage("-o: needed, with a file: the launcher may change standard output");
	uint64_t line = HASH_START;
	for (int i = 1; i < argc; i++)
		line = hash_bytes(line, argv[i], strlen(argv[i]) + 1);
	comm_mpi_quiet(false);
	tool_on_fail(fail);
	tool_check(comm_mpi_agree(line));
	return program_train(comm, argv, operands);
}
