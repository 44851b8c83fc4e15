/*
 * Train the two early layers, the lateral kernel between the filters of the second, and a classifier together on
 * labelled images: an experiment of the kind that Bertoni, Montobbio, Sarti, Citti 2021, arXiv:2104.08537, report.
 *
 * train-v1-mpi.c is this program on several processes.
 */
#include "train/program.h"

static const struct tool tool = PROGRAM_TOOL("train-v1");

int main(int argc, char **argv)
{
	size_t operands = tool_start(&tool, argc, argv);
	program_check();
	return program_train(&comm_alone, argv, operands);
}
