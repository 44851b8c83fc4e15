/* lib/image kernels and rectify: sums, closed-form moments and zeros. */
#include <stdlib.h>
#include "conv/kernels.h"
#include "image/rectify.h"
#include "check.h"

/* sum, positive sum and mean of rho^2 over the weights */
static void moments(const double *x, size_t k, double *sum, double *positive, double *rho2)
{
	*sum = *positive = *rho2 = 0;
	for (size_t i = 0; i < k * k; i++) {
		double row = (double)(i / k) - (double)(k / 2),
		       column = (double)(i % k) - (double)(k / 2);
		*sum += x[i];
		*positive += x[i] > 0 ? x[i] : 0;
		*rho2 += x[i] * (row * row + column * column);
	}
}

int main(void)
{
	size_t k;
	double sum, positive, rho2;
	for (double sigma = 0.5; sigma < 40; sigma *= 1.7) {
		double *x = kernel_gaussian(sigma, &k);
		if (!CHECK(x && k == 2 * (size_t)ceil(6 * sigma) + 1))
			return check_end();
		moments(x, k, &sum, &positive, &rho2);
		CHECK_CLOSE(sum, 1, 1e-12);
		/* the variance of a sampled Gaussian, by Poisson's summation to first order */
		double q = 2 * exp(-2 * M_PI * M_PI * sigma * sigma);
		double variance =
		    sigma * sigma * (1 + q * (1 - 4 * M_PI * M_PI * sigma * sigma)) / (1 + q);
		CHECK_CLOSE(rho2 / (2 * variance), 1, 1e-5);
		free(x);
		x = kernel_log(sigma, 0, 0, &k);
		if (!CHECK(x))
			return check_end();
		moments(x, k, &sum, &positive, &rho2);
		CHECK_CLOSE(sum, 0, 1e-12);
		CHECK_CLOSE(positive, 1, 1e-12);
		if (sigma > 0.9) {
			/* A (1 - r^2 / 2 s^2) exp(-r^2 / 2 s^2) crosses zero at r = s sqrt 2; the ratio of two of its
			 * values does not know A, and c is below 1e-6 */
			double at1 = x[k / 2 * k + k / 2 + 1] / x[k / 2 * k + k / 2],
			       s2 = 2 * sigma * sigma;
			CHECK_CLOSE(at1, (1 - 1 / s2) * exp(-1 / s2), 2e-5);
		}
		if (sigma > 3) /* the integral of the positive part is A 2 pi s^2 / e */
			CHECK_CLOSE(
			    x[k / 2 * k + k / 2] * 2 * M_PI * sigma * sigma / exp(1), 1, 0.03);
		free(x);
	}
	double *x = kernel_dog(1.2, 3, &k);
	if (!CHECK(x && k == 37))
		return check_end();
	moments(x, k, &sum, &positive, &rho2);
	CHECK_CLOSE(sum, 0, 1e-12);
	CHECK_CLOSE(positive, 1, 1e-12);
	CHECK(rho2 < 0);
	free(x);
	CHECK(!kernel_dog(3, 3, &k));
	CHECK(!kernel_log(0.1, 0, 0, &k));
	CHECK(!kernel_log(1, 0, 101, &k));
	/* a whole pixel aside is the same profile moved, up being towards row 0; a fraction keeps sums and centroid */
	size_t wider;
	double *moved = kernel_log(1.5, 2, -1, &wider);
	x = kernel_log(1.5, 0, 0, &k);
	if (!CHECK(x && moved && wider == k + 4))
		return check_end();
	double worst = 0;
	for (size_t i = 0; i < k * k; i++) {
		double e = fabs(x[i] - moved[(i / k + 2 + 1) * wider + i % k + 2 + 2]);
		worst = e <= worst ? worst : e;
	}
	CHECK_CLOSE(worst, 0, 1e-7);
	free(moved);
	free(x);
	x = kernel_log(1.5, 0.4, 0.25, &k);
	if (!CHECK(x))
		return check_end();
	double x2 = 0, y2 = 0; /* of a LoG the first moments vanish, the third, about the middle, tell its centre */
	moments(x, k, &sum, &positive, &rho2);
	for (size_t i = 0; i < k * k; i++) {
		double column = (double)(i % k) - (double)(k / 2), up = (double)(k / 2) - (double)(i / k);
		x2 += x[i] * column * (column * column + up * up);
		y2 += x[i] * up * (column * column + up * up);
	}
	CHECK_CLOSE(sum, 0, 1e-12);
	CHECK_CLOSE(positive, 1, 1e-12);
	CHECK_CLOSE(x2 / rho2, 2 * 0.4, 1e-4);
	CHECK_CLOSE(y2 / rho2, 2 * 0.25, 1e-4);
	free(x);
	CHECK(!kernel_gaussian(1000, &k));

	const float y[] = {1, -2, 0, 3};
	float on[4], both[8];
	rectify(RECTIFY_OFF, y, on, 2, 2);
	CHECK(on[0] == 0 && on[1] == 2 && on[2] == 0 && on[3] == 0);
	rectify(RECTIFY_BOTH, y, both, 2, 2);
	CHECK(both[0] == 1 && both[1] == 0 && both[2] == 0 && both[3] == 2);
	CHECK(both[4] == 0 && both[5] == 3 && both[6] == 0 && both[7] == 0);
	return check_end();
}
