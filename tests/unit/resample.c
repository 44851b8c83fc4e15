/* Chance, intervals and draws: counts known beforehand. */
#include "check.h"
#include "base/random.h"
#include "stats/resample.h"

/*
 * Means over pairs of filters of x_ij = a (u_i + u_j) + e_ij: how wide the interval is in units of the true one,
 * averaged over simulations. u and e are normal, e_ij = e_ji or all its own.
 */
static double relative_width(double filter, double noise, bool mutual)
{
	enum { FILTERS = 16, SAMPLES = 200, TRIALS = 60 };
	static double x[FILTERS * FILTERS], times[FILTERS], f[FILTERS * FILTERS];
	static double sample[2 * SAMPLES];
	size_t n = FILTERS, count = SAMPLES + resample_dyads(SAMPLES);
	double squares = 0;
	for (size_t trial = 0; trial < TRIALS; trial++) {
		struct rng rng = rng_start(11, RNG_TEST, 0, trial);
		double u[FILTERS], mean = 0, low, high;
		for (size_t i = 0; i < n; i++)
			u[i] = rng_normal(&rng);
		for (size_t i = 0; i < n; i++)
			for (size_t j = 0; j < i; j++) {
				double e = rng_normal(&rng);
				x[i * n + j] = filter * (u[i] + u[j]) + noise * e;
				e = mutual ? e : rng_normal(&rng);
				x[j * n + i] = filter * (u[i] + u[j]) + noise * e;
				mean += (x[i * n + j] + x[j * n + i]) / (double)(n * (n - 1));
			}
		for (size_t b = 0; b < count; b++) {
			double sum = 0, weight = 0;
			resample_pairs(3, SAMPLES, b, n, times, f);
			for (size_t p = 0; p < n * n; p++) {
				sum += f[p] * x[p];
				weight += f[p];
			}
			sample[b] = sum / weight;
		}
		CHECK(!resample_pair_interval(mean, sample, n, SAMPLES, 1, .95, &low, &high));
		squares += (high - low) * (high - low);
	}
	double pairs = (double)(n * (n - 1)) / (mutual ? 2 : 1);
	double variance = 4 * filter * filter / (double)n + noise * noise / pairs;
	/* Student's 97.5 % point for 15 degrees */
	return sqrt(squares / TRIALS / variance) / (2 * 2.13145);
}

/* The variance by derivatives: of means over pairs x_ij = a (u_i + u_j) + e_ij, in units of the true one. */
static double relative_variance(double filter, double noise)
{
	enum { FILTERS = 16, TRIALS = 400 };
	size_t n = FILTERS, pairs = n * (n - 1) / 2;
	double psi[FILTERS * FILTERS], u[FILTERS], sum = 0;
	for (size_t trial = 0; trial < TRIALS; trial++) {
		struct rng rng = rng_start(12, RNG_TEST, 0, trial);
		double mean = 0;
		for (size_t i = 0; i < n; i++)
			u[i] = rng_normal(&rng);
		for (size_t i = 0, p = 0; i < n; i++)
			for (size_t j = 0; j < i; j++, p++) {
				psi[p] = filter * (u[i] + u[j]) + noise * rng_normal(&rng);
				mean += psi[p] / (double)pairs;
			}
		for (size_t p = 0; p < pairs; p++) /* of sum w x / sum w by w */
			psi[p] = (psi[p] - mean) / (double)pairs;
		sum += resample_influence(psi, n) / TRIALS;
	}
	return sum / (4 * filter * filter / (double)n + noise * noise / (double)pairs);
}

static void check_influence(void)
{
	double filters = relative_variance(1, 0), both = relative_variance(.2, 1),
	       pairs = relative_variance(0, 1);
	printf("# variance by derivatives: filters %.3f, both %.3f, pairs %.3f\n", filters, both,
	    pairs);
	CHECK(filters > .9 && filters < 1.1);
	CHECK(both > .85 && both < 1.2);
	/* a variance of filters below 0 becomes 0, which is not without bias */
	CHECK(pairs > .9 && pairs < 1.5);
}

static void check_pairs(void)
{
	double width[] = {relative_width(0, 1, false), relative_width(0, 1, true),
	    relative_width(1, 0, false), relative_width(.3, 1, false)};
	for (size_t k = 0; k < 4; k++) {
		printf("# relative width %g\n", width[k]);
		/* where filters add nothing, an estimate of what they add that is never below 0 widens it; the plain bootstrap
		 * would be 1.73 times as wide */
		CHECK(width[k] > .9 && width[k] < (k < 2 ? 1.35 : 1.1));
	}
	/* pairs {i, j} have one weight for both directions, none with themselves */
	double times[5], f[25];
	resample_pairs(1, 10, 12, 5, times, f);
	for (size_t p = 0; p < 25; p++)
		CHECK(f[p] == f[p % 5 * 5 + p / 5] && (p / 5 != p % 5 || f[p] == 0));
}

int main(void)
{
	double x[] = {0, -1, 1, -2, 2, -3, 3, NAN, .5};
	struct resample_chance chance = resample_chance(2.5, x, 7, 1, RESAMPLE_TWO_SIDED);
	CHECK_CLOSE(chance.mean, 0, 1e-15);
	/* centre 2.5/8: only -3 and 3 (2.69 away) and -2 (2.3125) reach 2.1875 */
	CHECK_CLOSE(chance.p, 4. / 8, 1e-12);
	CHECK_CLOSE(resample_chance(2.5, x, 7, 1, RESAMPLE_GREATER).p, 2. / 8, 1e-12);
	CHECK_CLOSE(resample_chance(-2.5, x, 7, 1, RESAMPLE_LESS).p, 2. / 8, 1e-12);
	/* a permutation without a value: extreme, except for "as small" */
	CHECK_CLOSE(resample_chance(9, x, 9, 1, RESAMPLE_GREATER).p, 2. / 10, 1e-12);
	CHECK_CLOSE(resample_chance(-9, x, 9, 1, RESAMPLE_LESS).p, 1. / 10, 1e-12);
	CHECK(isnan(resample_chance(NAN, x, 7, 1, RESAMPLE_GREATER).p));
	CHECK(isnan(resample_chance(1, x, 0, 1, RESAMPLE_GREATER).p));
	/* every second number */
	CHECK_CLOSE(resample_chance(10, x, 4, 2, RESAMPLE_GREATER).mean, 1.5, 1e-15);

	double low, high;
	CHECK(!resample_interval(x, 9, 1, .5, &low, &high));
	/* sorted without nan: -3 -2 -1 0 .5 1 2 3, quartiles by interpolation as NumPy's percentile */
	CHECK_CLOSE(low, -1.25, 1e-12);
	CHECK_CLOSE(high, 1.25, 1e-12);
	CHECK(!resample_interval(x + 7, 1, 1, .95, &low, &high) && isnan(low) && isnan(high));

	double times[10], sum = 0, other[10];
	resample_times(5, 3, 10, times);
	resample_times(5, 4, 10, other);
	bool differ = false;
	for (size_t i = 0; i < 10; i++) {
		sum += times[i];
		differ = differ || times[i] != other[i];
	}
	CHECK(sum == 10 && differ);
	size_t order[10], seen[10] = {0}, again[10];
	resample_order(5, 3, 0, 10, order);
	resample_order(5, 3, 0, 10, again);
	bool same = true, whole = true;
	for (size_t i = 0; i < 10; i++) {
		seen[order[i]]++;
		same = same && order[i] == again[i];
	}
	for (size_t i = 0; i < 10; i++)
		whole = whole && seen[i] == 1;
	CHECK(same && whole);
	check_influence();
	check_pairs();
	return check_end();
}
