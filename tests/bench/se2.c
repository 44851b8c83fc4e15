/*
 * The direction process in the library: se2 THREADS ALPHA RUNS FILE prints the fastest of RUNS in ms and the side of its
 * periodic grid, and writes the 65 x 65 x 36 kernel (S) to FILE.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/error.h"
#include "base/progress.h"
#include "se2/kernel.h"
#include "se2/stream.h"

enum { WIDTH = 65, ANGLES = 36 };

int main(int argc, char **argv)
{
	static float k[ANGLES * WIDTH * WIDTH];
	double theta[ANGLES], best = INFINITY;
	if (argc < 5)
		return 2;
	size_t threads = strtoul(argv[1], NULL, 10), runs = strtoul(argv[3], NULL, 10);
	struct se2_model model = {.process = SE2_DIRECTION,
	    .travel = SE2_GAMMA,
	    .order = 1,
	    .alpha = strtod(argv[2], NULL),
	    .d = .08,
	    .harmonics = 30};
	struct se2_aperture aperture = {.7, 5 * M_PI / 180, false};
	se2_uniform(ANGLES, M_PI, theta);
	struct se2_grid grid = {.height = WIDTH,
	    .width = WIDTH,
	    .step = 1,
	    .angles = ANGLES,
	    .theta = theta,
	    .undirected = true};
	for (size_t run = 0; run < runs; run++) {
		double start = progress_clock();
		if (se2_kernel(&model, &grid, &aperture, threads, k) < 0) {
			fprintf(stderr, "se2: %s\n", err_reason());
			return 1;
		}
		best = fmin(best, progress_clock() - start);
	}
	struct npys_out *out = npys_create(argv[4]);
	if (!out || orientation_write(out, ANGLES, WIDTH, WIDTH, theta, k) < 0 ||
	    npys_close(out) < 0) {
		fprintf(stderr, "se2: %s\n", err_reason());
		return 1;
	}
	printf("%.3f %zu\n", 1e3 * best, se2_padded(&model, &grid, &aperture));
	return 0;
}
