/* Stimuli against numerical averages, symmetries and the statistics they promise. */
#include <stdlib.h>
#include "check.h"
#include "image/stimuli.h"

#define PI 3.14159265358979323846
#define SIZE 24

static const struct stimulus basic = {
    .size = SIZE,
    .mean = 100,
    .contrast = .5,
    .frequency = .1,
    .diameter = INFINITY,
    .width = 7.3,
    .patch = 6.5,
    .spacing = 9,
    .sigma = 2,
    .elements = 7,
    .present = true,
    .seed = 3,
};

/* The pattern at a point, from its definition in words. */
static double at(const struct stimulus *s, double x, double y)
{
	double u = -x * sin(s->theta) + y * cos(s->theta),
	       v = x * cos(s->theta) + y * sin(s->theta);
	double px[2], py[2], value = 0, half = s->patch / 2;

	stimulus_places(s, px, py);
	switch (s->kind) {
	case STIMULUS_MACH:
		value = fabs(u) < s->width / 2 ? 2 * u / s->width : u < 0 ? -1 : 1;
		break;
	case STIMULUS_CORNSWEET:
		value = fabs(u) > s->width ? 0 : pow(1 - fabs(u) / s->width, 2) * (u < 0 ? -1 : 1);
		break;
	case STIMULUS_WHITE:
		value = sin(2 * PI * s->frequency * u) > 0 ? -1 : 1;
		break;
	default:
		value = u < 0 ? -1 : 1;
	}
	for (int i = 0; i < 2 && (s->kind == STIMULUS_WHITE || s->kind == STIMULUS_CONTRAST); i++) {
		double pu = -px[i] * sin(s->theta) + py[i] * cos(s->theta);
		double pv = px[i] * cos(s->theta) + py[i] * sin(s->theta);
		double reach = s->kind == STIMULUS_WHITE ? .25 / s->frequency : half;
		if (fabs(u - pu) < reach && fabs(v - pv) < half)
			value = 0;
	}
	return value;
}

/* Pixels are averages over their squares: a 64 x 64 midpoint rule comes near. */
static void test_area(void)
{
	static float image[SIZE * SIZE];
	const double angles[] = {0, 90, 45, 17, 90.001, 163};

	for (int kind = STIMULUS_MACH; kind <= STIMULUS_CONTRAST; kind++) {
		double worst = 0, bias = 0;
		for (size_t a = 0; a < 6; a++) {
			struct stimulus s = basic;
			s.kind = (enum stimulus_kind)kind;
			s.theta = angles[a] * PI / 180;
			CHECK(!stimulus_draw(&s, image));
			for (size_t r = 0; r < SIZE; r++)
				for (size_t c = 0; c < SIZE; c++) {
					double sum = 0;
					for (int i = 0; i < 64; i++)
						for (int j = 0; j < 64; j++)
							sum +=
							    at(&s, (double)c - 12 + (j + .5) / 64,
								12 - (double)r - (i + .5) / 64);
					double e =
					    image[r * SIZE + c] - 100 * (1 + .5 * sum / 4096);
					worst = fmax(worst, fabs(e));
					bias += e / (6 * SIZE * SIZE);
				}
		}
		/* an edge along a row of the midpoint rule is off by up to 1/64 of the step */
		CHECK_CLOSE(worst, 0, 1.7);
		CHECK_CLOSE(bias, 0, .02);
	}
}

/* Test patches, plateaus and bars have the luminance promised, to rounding. */
static void test_levels(void)
{
	static float image[64 * 64];
	struct stimulus s = basic;

	s.size = 64;
	s.patch = 8;
	s.frequency = 1. / 16;
	s.theta = PI / 2; /* u = -x */
	s.kind = STIMULUS_WHITE;
	CHECK(!stimulus_draw(&s, image));
	/* the first patch: u = 4, v = -16: x = -4, y = -16; on a dark bar from x = -8 to 0 */
	double x[2], y[2];
	CHECK(stimulus_places(&s, x, y));
	CHECK_CLOSE(x[0], -4, 1e-12);
	CHECK_CLOSE(y[0], -16, 1e-12);
	CHECK_CLOSE(x[1], 4, 1e-12);
	CHECK_CLOSE(y[1], 16, 1e-12);
	double patch = 0, bar = 0, light = 0;
	for (size_t r = 0; r < 64; r++) {
		bool first = r >= 44 && r < 52,
		     second = r >= 12 && r < 20; /* y from -20 to -12, 12 to 20 */
		for (size_t c = 24; c < 32; c++)
			(first ? (patch += image[r * 64 + c] - 100.)
			       : (bar += fabs(image[r * 64 + c] - 50.)));
		for (size_t c = 32; c < 40; c++)
			(second ? (patch += image[r * 64 + c] - 100.)
				: (light += fabs(image[r * 64 + c] - 150.)));
	}
	CHECK_CLOSE(patch, 0, 1e-3);
	CHECK_CLOSE(bar, 0, 1e-3);
	CHECK_CLOSE(light, 0, 1e-3);
	s.kind = STIMULUS_CORNSWEET;
	s.width = 8;
	CHECK(!stimulus_draw(&s, image));
	CHECK(image[0] == 100 && image[63] == 100 && image[23] == 100 && image[40] == 100);
	CHECK(image[31] > 100 && image[32] < 100); /* light where u = -x > 0 */
	s.kind = STIMULUS_MACH;
	CHECK(!stimulus_draw(&s, image));
	CHECK_CLOSE(image[27], 150, 1e-5);
	CHECK_CLOSE(
	    image[28], 150 - 50 * .125, 1e-5); /* the mean over one pixel of a ramp of 8 px */
	CHECK_CLOSE(image[36], 50, 1e-5);
	s.kind = STIMULUS_GRATINGS;
	CHECK(!stimulus_places(&s, x, y));
}

static void test_disc(void)
{
	static float image[SIZE * SIZE];
	struct stimulus s = basic;

	s.theta = 30 * PI / 180;
	s.phase = 1;
	s.diameter = 10;
	CHECK(!stimulus_draw(&s, image));
	CHECK(image[0] == 100 && image[12] == 100 && image[12 * SIZE] == 100);
	double x = .5, y = -.5, u = -.5 * x + sqrt(.75) * y;
	CHECK_CLOSE(image[12 * SIZE + 12], 100 + 50 * cos(2 * PI * .1 * u + 1), 1e-5);
}

static double axial(double a, double b)
{
	double d = fabs(a - b);
	return fmin(d, PI - d);
}

/* Contours: spacing, turns, orientations; the path is not denser than its surroundings. */
static void test_contours(void)
{
	struct stimulus s = basic;
	struct stimulus_element *e, *absent;
	size_t n, m, dense = 0;
	double near[2] = {0, 0}, counted[2] = {0, 0};
	static float image[128 * 128];
	bool ordered = true, same = true;

	s.kind = STIMULUS_SNAKE;
	s.size = 128;
	s.path_angle = 30 * PI / 180;
	for (s.pair = 0; s.pair < 40; s.pair++) {
		s.theta = (double)s.pair * PI / 40;
		s.present = true;
		if (!CHECK(!stimulus_scatter(&s, &e, &n)))
			continue;
		double spacing = 0, turn = 0, along = 0, across = 0, places = 0, closest = INFINITY;
		for (size_t i = 0; i + 1 < 7; i++) {
			double dx = e[i + 1].x - e[i].x, dy = e[i + 1].y - e[i].y;
			spacing = fmax(spacing, fabs(hypot(dx, dy) - 9));
			turn = fmax(turn, fabs(axial(e[i].theta, e[i + 1].theta) - s.path_angle));
			/* the step lies half-way between the two orientations */
			double step = atan2(dy, dx);
			step -= PI * floor(step / PI);
			along = fmax(along, fabs(axial(step, e[i].theta) - s.path_angle / 2));
		}
		CHECK_CLOSE(spacing, 0, 1e-9);
		CHECK_CLOSE(turn, 0, 1e-9);
		CHECK_CLOSE(along, 0, 1e-9);
		CHECK(axial(e[3].theta, s.theta) < 1e-9 && e[3].x == 0 && e[3].y == 0);
		for (size_t i = 0; i < n; i++) {
			double nearest = INFINITY;
			ordered = ordered && e[i].on_path == (i < 7);
			for (size_t j = 0; j < n; j++)
				if (j != i)
					nearest =
					    fmin(nearest, hypot(e[i].x - e[j].x, e[i].y - e[j].y));
			closest = fmin(closest, nearest);
			if (fmax(fabs(e[i].x), fabs(e[i].y)) < 50) {
				near[i < 7] += nearest;
				counted[i < 7]++;
			}
		}
		CHECK(closest >= STIMULUS_DISTANCE * 9 - 1e-9);
		dense += n;
		s.present = false;
		CHECK(!stimulus_scatter(&s, &absent, &m));
		CHECK(m == n);
		s.kind = STIMULUS_LADDER;
		s.present = true;
		struct stimulus_element *ladder;
		CHECK(!stimulus_scatter(&s, &ladder, &m) && m == n);
		for (size_t i = 0; i < n && m == n; i++) {
			places =
			    fmax(places, fabs(e[i].x - absent[i].x) + fabs(e[i].y - ladder[i].y));
			double expected = i < 7 ? PI / 2 : 0;
			across = fmax(across, fabs(axial(e[i].theta, ladder[i].theta) - expected));
			same = same && (i < 7 || e[i].theta == absent[i].theta);
		}
		CHECK(places == 0);
		CHECK_CLOSE(across, 0, 1e-9);
		s.kind = STIMULUS_SNAKE;
		free(e);
		free(absent);
		free(ladder);
	}
	CHECK(ordered && same);
	printf("# mean distance to the nearest element: %.2f px on the path, %.2f px elsewhere; "
	       "%.1f elements\n",
	    near[1] / counted[1], near[0] / counted[0], (double)dense / 40);
	CHECK_CLOSE(near[1] / counted[1], near[0] / counted[0], .4);
	/* elements of any phase leave the mean as it is */
	s.random_phase = true;
	s.present = true;
	s.pair = 5;
	CHECK(!stimulus_draw(&s, image));
	double sum = 0;
	for (size_t i = 0; i < 128 * 128; i++)
		sum += image[i] / (128. * 128);
	CHECK_CLOSE(sum, 100, .1);
	/* no room */
	s.size = 32;
	s.path_angle = 0;
	CHECK(stimulus_scatter(&s, &e, &n) == -1);
}

int main(void)
{
	TEST(test_area, "pixels are averages over their squares, at any angle");
	TEST(test_levels, "patches, plateaus and bars have the luminance promised");
	TEST(test_disc, "gratings end at their disc");
	TEST(test_contours,
	    "contours: spacing, turns, orientations; the path is not denser than its surroundings");
	return check_end();
}
