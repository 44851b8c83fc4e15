/* usage: lateral KERNEL TABLE RMS PERMUTATIONS: CPU seconds of the permutations behind tuning and direction, both parts of the
 * kernel, on one thread. For bench/lateral.py. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "indices/direction.h"

int main(int argc, char **argv)
{
	struct units set;
	if (argc != 5)
		return 2;
	struct units_files files = {.table = argv[2], .rms = argv[3]};
	struct resampling_plan plan = {.seed = 1, .threads = 1};
	struct npys_in *in = npys_open_file(argv[1]);
	if (!in || units_read(in, &files, &set))
		return 1;
	npys_close_in(in);
	double seconds[2];
	for (int turn = 0; turn < 2; turn++) { /* without permutations, with them */
		plan.permutations = turn ? strtoul(argv[4], NULL, 10) : 0;
		clock_t began = clock();
		for (enum sign sign = SIGN_POSITIVE; sign < SIGN_BOTH; sign++) {
			struct subject subject = {
			    .set = &set, .plan = &plan, .sign = sign, .w = set.weight};
			struct resampling r;
			if (resampling_run(&r, &direction_family, &subject))
				return 1;
			resampling_free(&r);
		}
		seconds[turn] = (double)(clock() - began) / CLOCKS_PER_SEC;
	}
	printf("%g\n", seconds[1] - seconds[0]);
	units_free(&set);
	return 0;
}
