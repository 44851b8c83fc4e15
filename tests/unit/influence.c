/* Derivatives of scores by the weight of taps, against differences. */
#include "check.h"
#include <math.h>
#include "base/random.h"
#include "stats/regression.h"

#define STEP 1e-5

static void check_scores(void)
{
	CLAIM("the derivative of r by the weight of some observations is its difference");
	struct rng rng = rng_start(3, RNG_TEST, 0, 0);
	enum { TAPS = 12, TERMS = 3, PAIRS = 2 };
	struct regression pair[PAIRS] = {{.terms = TERMS}, {.terms = TERMS}},
			  sum = {.terms = TERMS};
	double coefficient[REGRESSION_TERMS] = {.3, 1.2, -.4};
	for (size_t k = 0; k < PAIRS; k++) {
		for (size_t t = 0; t < TAPS; t++) {
			double x[TERMS] = {1, rng_normal(&rng), rng_normal(&rng)};
			double y = x[1] + rng_normal(&rng);
			pair[k].yy += y * y;
			for (size_t i = 0; i < TERMS; i++) {
				pair[k].b[i] += x[i] * y;
				for (size_t j = 0; j < TERMS; j++)
					pair[k].g[i][j] += x[i] * x[j];
			}
		}
		for (size_t i = 0; i < TERMS; i++) {
			sum.b[i] += pair[k].b[i];
			for (size_t j = 0; j < TERMS; j++)
				sum.g[i][j] += pair[k].g[i][j];
		}
		sum.yy += pair[k].yy;
	}
	struct regression_sums all = regression_sums(&sum, coefficient),
			       part = regression_sums(&pair[0], coefficient);
	double by = regression_influence(&all, &part), at[2];
	for (int side = 0; side < 2; side++) {
		struct regression_sums s = all;
		double h = side ? STEP : -STEP;
		s.n += h * part.n;
		s.p += h * part.p;
		s.pp += h * part.pp;
		s.py += h * part.py;
		s.y += h * part.y;
		s.yy += h * part.yy;
		at[side] = regression_sums_score(&s);
	}
	CHECK(fabs(by) > 1e-3);
	CHECK_CLOSE(by, (at[1] - at[0]) / (2 * STEP), 1e-8);
	/* all taps together have none */
	by = regression_influence(&all, &all);
	CHECK_CLOSE(by, 0, 1e-12);
}

int main(void)
{
	check_scores();
	return check_end();
}
