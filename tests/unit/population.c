/* Comparison with macaque V1: its intervals hold the values and cover them, on simulated orientations. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/random.h"
#include "check.h"
#include "fit/population.h"
#include "table/table.h"

enum { UNITS = 24, LENGTH = 4, ENTROPY = 5, ROWS = 9 };
#define PI 3.14159265358979323846

/* value, low, high of every quantity of a bank with these orientations; whether each value is within its interval */
static bool compare(const double *theta, uint64_t seed, double x[3][ROWS])
{
	static const char *const columns[] = {"value", "low", "high"};
	char file[] = "population-XXXXXX";
	struct population *p = population_create(1);
	struct table table;
	struct rng rng = rng_start(seed, RNG_TEST, 1, 0);
	int descriptor = mkstemp(file), status = descriptor < 0 ? -1 : close(descriptor);
	for (size_t i = 0; i < UNITS && !status; i++) {
		double f = .1 + .2 * rng_uniform(&rng);
		struct gabor g = {
		    1, theta[i], PI * (2 * rng_uniform(&rng) - 1), f, .4 / f, .5 / f, 0, 0, 0};
		status = population_add(p, 0, &g);
	}
	if (!status)
		status = population_write(p, seed, file);
	if (!status)
		status = table_read(file, &table);
	CHECK(status == 0 && table.rows == ROWS);
	bool within = true;
	for (size_t c = 0; c < 3; c++)
		within = within && table_reals(&table, columns[c], x[c]) == 0;
	for (size_t q = 0; q < ROWS; q++)
		within = within && x[1][q] <= x[0][q] && x[0][q] <= x[2][q];
	table_free(&table);
	population_free(p);
	unlink(file);
	return within;
}

/* an orientation: uniform, or 2 theta wrapped normal about 60 degrees */
static double draw(struct rng *rng, bool clustered)
{
	double theta = clustered ? PI / 6 + .5 * rng_normal(rng) : PI * rng_uniform(rng);
	return theta - PI * floor(theta / PI);
}

static void values(const double *theta, double *length, double *entropy)
{
	double x = 0, y = 0, bins[8] = {0};
	for (size_t i = 0; i < UNITS; i++) {
		x += cos(2 * theta[i]) / UNITS;
		y += sin(2 * theta[i]) / UNITS;
		bins[(size_t)(theta[i] / PI * 8)] += 1. / UNITS;
	}
	*length = hypot(x, y);
	*entropy = 0;
	for (size_t b = 0; b < 8; b++)
		*entropy -= bins[b] > 0 ? bins[b] * log(bins[b]) / log(8) : 0;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Of banks of UNITS orientations drawn from one law: how many intervals hold the value that such banks have in the median. */
static void coverage(bool clustered)
{
	enum { BANKS = 40, MANY = 2001 };
	static double all[2][MANY];
	double theta[UNITS], x[3][ROWS];
	size_t within = 0, covered[2] = {0};
	for (size_t i = 0; i < MANY; i++) {
		struct rng rng = rng_start(5, RNG_TEST, 2, i);
		for (size_t k = 0; k < UNITS; k++)
			theta[k] = draw(&rng, clustered);
		values(theta, &all[0][i], &all[1][i]);
	}
	for (size_t q = 0; q < 2; q++)
		qsort(all[q], MANY, sizeof(double), ascending);
	for (size_t b = 0; b < BANKS; b++) {
		struct rng rng = rng_start(6, RNG_TEST, 3, b);
		double value[2];
		for (size_t k = 0; k < UNITS; k++)
			theta[k] = draw(&rng, clustered);
		values(theta, &value[0], &value[1]);
		within += compare(theta, b, x);
		for (size_t q = 0; q < 2; q++) {
			double middle = all[q][MANY / 2];
			if (fabs(x[0][LENGTH + q] - value[q]) > 1e-7)
				covered[q] -= BANKS;
			covered[q] += x[1][LENGTH + q] <= middle && middle <= x[2][LENGTH + q];
		}
	}
	printf("# %s: of %d intervals, length %zu, entropy %zu cover\n",
	    clustered ? "clustered" : "uniform", BANKS, covered[0], covered[1]);
	CHECK(within == BANKS);
	/* of 40 at .9 (it is .88 to .99) fewer than 31 are 1 in 200 */
	CHECK(covered[0] >= 31 && covered[0] <= BANKS && covered[1] >= 31 && covered[1] <= BANKS);
}

int main(void)
{
	/* evenly spaced: shorter, and more even, than any bootstrap sample */
	double theta[UNITS], x[3][ROWS];
	for (size_t i = 0; i < UNITS; i++)
		theta[i] = PI * ((double)i + .01) / UNITS;
	CHECK(compare(theta, 1, x));
	CHECK(x[0][LENGTH] < 1e-9 && x[1][LENGTH] == 0 && x[2][LENGTH] > .1);
	CHECK(x[0][ENTROPY] > 1 - 1e-9 && x[2][ENTROPY] == 1 && x[1][ENTROPY] < .95);
	coverage(false);
	coverage(true);
	return check_end();
}
