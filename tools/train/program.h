/*
 * The program of train-v1 and train-v1-mpi: its options and the run. Like any tool's own code it ends the process where
 * something is wrong.
 */
#ifndef TRAIN_PROGRAM_H
#define TRAIN_PROGRAM_H

#include <stdint.h>
#include "base/tool.h"
#include "net/comm.h"

extern const struct opt program_options[];
extern const struct opt_rule program_rules[];

#define PROGRAM_TOOL(called)                                                                       \
	{                                                                                          \
		.name = called,                                                                    \
		.purpose = "train filters, lateral kernel and classifier on labelled images",      \
		.operands = "[file ...]", .operands_max = SIZE_MAX, .options = program_options,    \
		.rules = program_rules,                                                            \
	}

/* After tool_start: options that contradict each other, files that are named twice; operands (count). */
void program_check(void);

/* -o, NULL where it is not given */
const char *program_output(void);

/* Read the data, train, write the model; argv[1..operands] are the data. The exit status. */
int program_train(const struct comm *processes, char **argv, size_t operands);

#endif
