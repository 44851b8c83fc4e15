#include "check.h"
#include <stdio.h>
#include <time.h>
#include <stdlib.h>
#include "models/shape.h"
#include "kernel/units.h"
#define PI UNITS_PI
int main(int argc, char **argv)
{
	double reach = argc > 1 ? atof(argv[1]) : 10;
	for (size_t m = 0; m < models_count; m++) {
		struct basis b;
		if (!models[m].fill) continue;
		clock_t t = clock();
		if (basis_create(&b, &models[m], reach, 1) < 0) return 1;
		printf("# %s terms %zu time %.2f\n", models[m].name, b.terms, (double)(clock() - t) / CLOCKS_PER_SEC);
		basis_free(&b);
	}
	/* fan against direct smoothing */
	struct density d;
	size_t g3 = models_count - 1;
	double at[] = {log(3), log(4 + .25)};
	models[g3].fill(0, at, 6, 1, &d);
	double A = .49 + 1. / 12, h = .05, ang = 5 * PI / 180;
	for (int k = 0; k < 8; k++) {
		double x0 = 1.5 * (k % 4), y0 = 1.5 * (k / 4) + .5; size_t ai = (size_t)k * 5;
		double th = PI * (double)ai / 36, sum = 0;
		for (double x = x0 - 5; x < x0 + 5; x += h)
			for (double y = y0 - 5; y < y0 + 5; y += h) {
				double g = exp(-((x - x0) * (x - x0) + (y - y0) * (y - y0)) / 2 / A) / (2 * PI * A);
				double phi = atan2(y, x), s2 = 0;
				for (int a = -10; a <= 10; a++) {
					double e = a * ang / 2.5;
					s2 += exp(-e * e / 2 / ang / ang) / sqrt(2 * PI) / 2.5 * exp(4 * (cos(2 * (th + e - 2 * phi)) - 1));
				}
				sum += h * h * g * exp(-hypot(x, y) / 3) * s2;
			}
		size_t mid = d.size / 2;
		printf("# %g %g %zu: %.6f %.6f\n", x0, y0, ai, sum, (double)d.k[(ai * d.size + mid - (size_t)(y0 / .5)) * d.size + mid + (size_t)(x0 / .5)]);
	}
	CHECK(1);
	return check_end();
}
