/* Chance, intervals and draws: counts known beforehand. */
#include "check.h"
#include "stats/resample.h"

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
	return check_end();
}
