/* usage: lateral KERNEL TABLE RMS PERMUTATIONS: CPU seconds of the permutations behind tuning and direction, both parts of the
 * kernel, on one thread. For bench/lateral.py. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "indices/indices.h"
#include "kernel/units.h"

int main(int argc, char **argv)
{
	static const double edge[] = {0, 1, 3, 6, 12, 24};
	struct units set;
	struct report report = {0};
	bool empty;
	if (argc != 5)
		return 2;
	struct units_files files = {.table = argv[2], .rms = argv[3]};
	struct lateral_plan plan = {.edge = edge, .edges = 6, .seed = 1, .threads = 1};
	struct npys_in *in = npys_open_file(argv[1]);
	if (!in || units_read(in, &files, &set))
		return 1;
	npys_close_in(in);
	double seconds[2];
	for (int turn = 0; turn < 2; turn++) { /* without permutations, with them */
		plan.permutations = turn ? strtoul(argv[4], NULL, 10) : 0;
		clock_t began = clock();
		for (enum sign part = SIGN_POSITIVE; part < SIGN_BOTH; part++)
			if (lateral_angular(&set, "K", set.weight, part, &plan, &report, false,
				NULL, &empty))
				return 1;
		seconds[turn] = (double)(clock() - began) / CLOCKS_PER_SEC;
	}
	printf("%g\n", seconds[1] - seconds[0]);
	report_free(&report);
	units_free(&set);
	return 0;
}
