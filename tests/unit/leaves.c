/* Dead leaves: sines and the law of radii, in whole numbers. tests/dead-leaves.bats has shapes and textures. */
#include "image/leaves.h"
#include "check.h"

#define PI 3.14159265358979323846

static void test_sines(void)
{
	static int32_t sine[LEAVES_TURN];
	double worst = 0;
	leaves_sines(sine);
	for (size_t i = 0; i < LEAVES_TURN; i++)
		worst = check_largest(
		    worst, fabs(sine[i] - 32768 * sin(2 * PI * (double)i / LEAVES_TURN)));
	CHECK(worst <= .501); /* rounded to nearest, but for errors of 2^-25 before rounding */
	CHECK(sine[0] == 0 && sine[1024] == 32768 && sine[2048] == 0 && sine[3072] == -32768);
}

/* The share of radii above r is (1/r^2 - 1/max^2) / (1/min^2 - 1/max^2). */
static void test_radius(void)
{
	const uint32_t ranges[][2] = {{1152, 5632}, {256, 65536}, {1000, 1000}, {256, 300}};
	for (size_t k = 0; k < 4; k++) {
		double low = ranges[k][0], high = ranges[k][1], worst = 0;
		uint32_t last = ranges[k][1];
		bool falls = true;
		for (uint32_t i = 0; i <= 4096; i++) {
			uint32_t u = i < 4096 ? i << 19 : 0x7fffffff;
			uint32_t r = leaves_radius(ranges[k][0], ranges[k][1], u);
			double p = u / 0x1p31;
			worst = check_largest(
			    worst, fabs(r - 1 / sqrt((1 - p) / (high * high) + p / (low * low))));
			falls = falls && r <= last;
			last = r;
		}
		CHECK(worst <= .51);
		CHECK(falls);
		CHECK(leaves_radius(ranges[k][0], ranges[k][1], 0) == ranges[k][1]);
		CHECK(last == ranges[k][0]);
	}
}

int main(void)
{
	TEST(test_sines, "sines are rounded to nearest");
	TEST(test_radius, "radii follow their law to rounding");
	return check_end();
}
