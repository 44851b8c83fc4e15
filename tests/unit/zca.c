/* lib/stats zca: whitened covariance, inverse, shrinkage, files, threads. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/memory.h"
#include "base/random.h"
#include "conv/zca.h"
#include "check.h"

enum { N = 3000, C = 2, H = 3, W = 50, D = C * H * W }; /* D > a block */

/* correlated, off-centre vectors: neighbours share half of their noise */
static float *vectors(void)
{
	float *x = mem_alloc((size_t)N * D, sizeof *x);
	for (size_t v = 0; x && v < N; v++) {
		struct rng rng = rng_start(2, RNG_TEST, 0, v);
		double last = rng_normal(&rng);
		for (size_t j = 0; j < D; j++) {
			double now = rng_normal(&rng);
			x[v * D + j] = (float)(100 + 3 * (now + 0.7 * last));
			last = now;
		}
	}
	return x;
}

/* largest |covariance - 1| of n vectors, over every 7th row */
static double not_white(const float *y, size_t n)
{
	double worst = 0;
	for (size_t i = 0; i < D; i += 7)
		for (size_t j = 0; j < D; j++) {
			double sum_i = 0, sum_j = 0, product = 0;
			for (size_t v = 0; v < n; v++) {
				double a = (double)y[v * D + i], b = (double)y[v * D + j];
				sum_i += a;
				sum_j += b;
				product += a * b;
			}
			double covariance = (product - sum_i * sum_j / (double)n) / (double)(n - 1);
			double e = fabs(covariance - (i == j));
			worst = e <= worst ? worst : e;
		}
	return worst;
}

int main(void)
{
	float *x = vectors(), *y = mem_alloc((size_t)N * D, sizeof *y),
	      *back = mem_alloc((size_t)N * D, sizeof *back);
	struct zca_sums *sums = zca_sums_start(D), *two = zca_sums_start(D);
	struct zca zca, again, loaded;
	if (!CHECK(x && y && back && sums && two))
		return check_end();
	CHECK(zca_learn(sums, C, H, W, 0, 1, &zca) < 0);
	CHECK(zca_sums_add(sums, x, 100, 1) == 0);
	CHECK(zca_learn(sums, C, H, W, 0, 1, &zca) < 0); /* fewer vectors than numbers */
	CHECK(zca_learn(sums, C, H, W, 0.1, 1, &zca) == 0);
	zca_free(&zca);
	CHECK(zca_sums_add(sums, x + 100 * D, N - 100, 1) == 0 &&
	      zca_learn(sums, C, H, W, 0, 1, &zca) == 0);
	CHECK(zca_exec(&zca, x, y, N, 1) == 0);
	CHECK_CLOSE(not_white(y, N), 0, 2e-5);
	CHECK(zca_unwhiten(&zca, y, back, N, 1) == 0);
	double worst = 0;
	for (size_t i = 0; i < (size_t)N * D; i++) {
		double e = fabs((double)(back[i] - x[i]));
		worst = e <= worst ? worst : e;
	}
	CHECK_CLOSE(worst, 0, 2e-5); /* two roundings to float of numbers near 100 */

	/* the same on two threads, to the bit; W symmetric, with positive diagonal */
	CHECK(zca_sums_add(two, x, 100, 2) == 0 && zca_sums_add(two, x + 100 * D, N - 100, 2) == 0);
	CHECK(zca_learn(two, C, H, W, 0, 2, &again) == 0);
	CHECK(!memcmp(zca.whiten, again.whiten, sizeof(double) * D * D));
	CHECK(zca_exec(&again, x, back, N, 2) == 0 && !memcmp(y, back, sizeof *y * N * D));
	worst = 0;
	for (size_t i = 0; i < D * D; i++) {
		double e = fabs(zca.whiten[i] - zca.whiten[i % D * D + i / D]);
		worst = e <= worst ? worst : e;
	}
	CHECK_CLOSE(worst, 0, 1e-12);
	CHECK(
	    zca.whiten[0] > 0 && zca.variance[0] > zca.variance[D - 1] && zca.variance[D - 1] > 0);

	/* full shrinkage: a common scale and nothing else */
	struct zca scale;
	double trace = 0;
	for (size_t i = 0; i < D; i++)
		trace += zca.variance[i];
	CHECK(zca_learn(sums, C, H, W, 1, 1, &scale) == 0);
	CHECK_CLOSE(scale.whiten[0] * sqrt(trace / D), 1, 1e-9);
	CHECK_CLOSE(scale.whiten[1], 0, 1e-12);
	zca_free(&scale);

	char name[] = "/tmp/zcaXXXXXX";
	int descriptor = mkstemp(name);
	CHECK(descriptor >= 0 && zca_save(&zca, name) == 0 && zca_load(&loaded, name) == 0);
	CHECK(loaded.c == C && loaded.h == H && loaded.w == W && loaded.d == D);
	CHECK(!memcmp(zca.mean, loaded.mean, sizeof(double) * D));
	CHECK(!memcmp(zca.whiten, loaded.whiten, sizeof(double) * D * D));
	CHECK(!memcmp(zca.inverse, loaded.inverse, sizeof(double) * D * D));
	CHECK(!memcmp(zca.variance, loaded.variance, sizeof(double) * D));
	close(descriptor);
	unlink(name);
	CHECK(zca_load(&scale, name) < 0);
	CHECK(!zca_sums_start(ZCA_SIZE_MAX + 1));
	zca_free(&zca);
	zca_free(&again);
	zca_free(&loaded);
	zca_sums_free(sums);
	zca_sums_free(two);
	free(x);
	free(y);
	free(back);
	return check_end();
}
