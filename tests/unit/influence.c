/* Derivatives of scores by the weight of pairs, against differences. */
#include "check.h"
#include "base/random.h"
#include "field/field.h"
#include "stats/regression.h"

#define STEP 1e-5

static void check_least(void)
{
	struct rng rng = rng_start(3, RNG_TEST, 0, 0);
	enum { TAPS = 12, TERMS = 3, PAIRS = 2 };
	struct regression pair[PAIRS] = {{.terms = TERMS}, {.terms = TERMS}}, sum = {.terms = TERMS};
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
		regression_add(&sum, &pair[k]);
	}
	struct regression_sums all = regression_sums(&sum, coefficient),
			  part = regression_sums(&pair[0], coefficient);
	struct regression_score by = regression_influence(&all, &part), at[2];
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
	CHECK(fabs(by.r) > 1e-3 && fabs(by.cosine) > 1e-3);
	CHECK_CLOSE(by.r, (at[1].r - at[0].r) / (2 * STEP), 1e-8);
	CHECK_CLOSE(by.cosine, (at[1].cosine - at[0].cosine) / (2 * STEP), 1e-8);
	/* all taps together have none */
	by = regression_influence(&all, &all);
	CHECK_CLOSE(by.r, 0, 1e-12);
	CHECK_CLOSE(by.cosine, 0, 1e-12);
}

enum { N = 6, COUPLES = N * (N - 1) };

/* sum x w / sum y w, w = share times the filters' weights */
static double ratio(const struct units *set, const size_t *target, const size_t *source,
    const double *times, const double *x, const double *y, double *psi)
{
	size_t every[COUPLES];
	float share[COUPLES];
	double a = 0, b = 0;
	for (size_t p = 0; p < COUPLES; p++)
		every[p] = p;
	field_shares(set, target, source, every, COUPLES, times, share);
	for (size_t p = 0; p < COUPLES; p++) {
		double w = (double)share[p] * times[target[p]] * times[source[p]];
		a += w * x[p];
		b += w * y[p];
	}
	for (size_t p = 0; psi && p < COUPLES; p++)
		psi[p] = (double)share[p] * (x[p] - a / b * y[p]) / b;
	if (psi)
		field_share_influence(set, target, source, every, COUPLES, share, psi);
	return a / b;
}

static void check_shares(void)
{
	struct rng rng = rng_start(4, RNG_TEST, 0, 0);
	struct units_pair pair[N * N] = {{0}};
	struct units set = {.n = N, .pair = pair};
	size_t target[COUPLES], source[COUPLES], p = 0;
	double theta[N], times[N], x[COUPLES], y[COUPLES], psi[COUPLES];
	for (size_t i = 0; i < N; i++) {
		theta[i] = UNITS_PI * rng_uniform(&rng);
		times[i] = 1;
	}
	for (size_t i = 0; i < N; i++)
		for (size_t j = 0; j < N; j++) {
			pair[i * N + j].dtheta = units_wrap_axis(theta[j] - theta[i]);
			if (i == j)
				continue;
			target[p] = i;
			source[p] = j;
			x[p] = rng_normal(&rng);
			y[p++] = 1 + rng_uniform(&rng);
		}
	ratio(&set, target, source, times, x, y, psi);
	for (size_t i = 0; i < N; i++) {
		double by = 0, at[2], h = .01; /* shares are in single precision */
		for (p = 0; p < COUPLES; p++)
			by += target[p] == i || source[p] == i ? psi[p] : 0;
		for (int side = 0; side < 2; side++) {
			times[i] = side ? 1 + h : 1 - h;
			at[side] = ratio(&set, target, source, times, x, y, NULL);
		}
		times[i] = 1;
		CHECK_CLOSE(by, (at[1] - at[0]) / (2 * h), 1e-4);
	}
}

int main(void)
{
	check_least();
	check_shares();
	return check_end();
}
