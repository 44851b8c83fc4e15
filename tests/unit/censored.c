/* lib/models/censored.c against integrals of the normal law. */
#include "check.h"
#include <math.h>
#include "models/censored.h"

#define PI 3.14159265358979323846
#define STEP 1e-4

static double normal(double x)
{
	return exp(-x * x / 2) / sqrt(2 * PI);
}

static double hermite(int order, double e)
{
	return order == 3 ? e * (e * e - 3) : order == 4 ? e * e * (e * e - 6) + 3 : 1;
}

enum { STEPS = 40000 };

/* Simpson's rule over [low, high]: point k and its weight */
static double point(double low, double high, size_t k, double *e)
{
	*e = low + (high - low) * (double)k / STEPS;
	return (k == 0 || k == STEPS ? 1 : k % 2 ? 4 : 2) * (high - low) / STEPS / 3;
}

/* The integral of a Hermite polynomial (0: 1) over normal noise below c. */
static double below(double c, int order)
{
	double sum = 0, e;
	for (size_t k = 0; k <= STEPS; k++)
		sum += point(c - 16, c, k, &e) * hermite(order, e) * normal(e);
	return sum;
}

struct law {
	double value, score, weight, moment[CENSORED_MOMENTS];
};

static struct censored_law law;

/* One tap, in the middle of an empty block; nothing comes from the others. */
static struct law one(double mean, double seen, bool cut)
{
	struct censored_block block = {.score = {0}};
	size_t at = CENSORED_BLOCK / 2;
	for (size_t t = 0; t < CENSORED_BLOCK; t++)
		block.mean[t] = (double)t - 5;
	block.mean[at] = mean;
	block.seen[at] = seen;
	block.known[at] = (double)(cut ? CENSORED_CUT : CENSORED_SEEN);
	struct law x = {.value = censored(&law, cut, &block)};
	for (size_t t = 0; t < CENSORED_BLOCK; t++) {
		x.score += block.score[t];
		x.weight += block.weight[t];
		for (size_t k = 0; k < CENSORED_MOMENTS; k++)
			x.moment[k] += block.moment[k][t];
	}
	return x;
}

/* Every part of the law of a weight with this mean. */
static void at(double mean)
{
	struct law c = one(mean, 0, true);
	double p = below(-mean, 0);
	CHECK_CLOSE(c.value, log(p), 1e-9 * fabs(log(p)) + 1e-12);
	CHECK_CLOSE(c.moment[0], below(-mean, 3) / p, 1e-7 * (1 + fabs(c.moment[0])));
	CHECK_CLOSE(c.moment[1], below(-mean, 4) / p, 1e-7 * (1 + fabs(c.moment[1])));
	for (int cut = 0; cut < 2; cut++) {
		double seen = mean + .7;
		struct law up = one(mean + STEP, seen, cut), down = one(mean - STEP, seen, cut),
			   here = one(mean, seen, cut);
		double size = 1e-6 * (1 + fabs(here.score) + fabs(mean));
		CHECK_CLOSE(here.score, (up.value - down.value) / (2 * STEP), size);
		CHECK_CLOSE(here.weight, -(up.score - down.score) / (2 * STEP), size);
	}
	/* over all noise the moments have mean 0: of what is above by the same rule, and of what is below */
	double sum[2] = {p * c.moment[0], p * c.moment[1]}, e;
	for (size_t k = 0; k <= STEPS; k++) {
		double weight = point(-mean, fmax(12, -mean + 12), k, &e) * normal(e);
		struct law x = one(mean, mean + e, false);
		for (size_t m = 0; m < 2; m++)
			sum[m] += weight * x.moment[m];
	}
	CHECK_CLOSE(sum[0], 0, 1e-9);
	CHECK_CLOSE(sum[1], 0, 1e-9);
}

int main(void)
{
	law = censored_law();
	for (double mean = -5; mean < 12; mean += .73)
		at(mean);
	/* far below what is seen: all but the mean's square */
	struct law far = one(300, 0, true);
	CHECK_CLOSE(far.score, -300, .01);
	CHECK_CLOSE(far.weight, 1, 1e-3);
	return check_end();
}
