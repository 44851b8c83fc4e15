/* Dead leaves: sines, radius law, shapes' areas, the texture's spectrum and isotropy. */
#include <complex.h>
#include <stdlib.h>
#include <fftw3.h>
#include "base/random.h"
#include "image/leaves.h"
#include "check.h"

#define PI 3.14159265358979323846

static const struct leaves_options standard = {.size = 64,
    .classes = 6,
    .purity = .92,
    .stretch = 1,
    .radius = {4.5, 22},
    .front = {10, 20},
    .grey = {40, 215},
    .shading = 24,
    .texture = 12};

static void test_sines(void)
{
	static int32_t sine[LEAVES_TURN];
	double worst = 0;
	leaves_sines(sine);
	for (size_t i = 0; i < LEAVES_TURN; i++)
		worst = fmax(worst, fabs(sine[i] - 32768 * sin(2 * PI * (double)i / LEAVES_TURN)));
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
			worst = fmax(
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

/* A front leaf before one huge leaf: its area and its polar second moment about its centre by its antialiased pixels;
 * false where they cannot be read off. */
static bool front_moments(const uint8_t *image, size_t size, double *area, double *moment)
{
	int back = image[0], front = back;
	size_t mixed = 0;
	double sum = 0, x = 0, y = 0, square = 0;
	for (size_t i = 0; i < size; i++)
		if (image[i] != back || image[size * (size - 1) + i] != back ||
		    image[size * i] != back || image[size * i + size - 1] != back)
			return false;
	for (size_t i = 0; i < size * size; i++)
		if (abs(image[i] - back) > abs(front - back))
			front = image[i];
	for (size_t i = 0; i < size * size; i++) {
		double share = (double)(image[i] - back) / (front - back), c = (double)(i % size),
		       r = (double)(i / size);
		mixed += image[i] != back && image[i] != front;
		sum += share;
		x += share * c;
		y += share * r;
		square += share * (c * c + r * r + 1. / 6); /* of a pixel about its own centre */
	}
	*area = sum;
	*moment = square - (x * x + y * y) / sum;
	return abs(front - back) >= 40 && mixed <= 600;
}

/* Of the pentagram by its outline, divided by its squared area. */
static double star_moment(void)
{
	double area = 0, moment = 0;
	for (size_t i = 0; i < 10; i++) {
		double r0 = i % 2 ? (3 - sqrt(5)) / 2 : 1, r1 = i % 2 ? 1 : (3 - sqrt(5)) / 2;
		double c = cos(PI / 5), cross = r0 * r1 * sin(PI / 5);
		area += cross / 2;
		moment += cross * (r0 * r0 + r0 * r1 * c + r1 * r1) / 12;
	}
	return moment / (area * area);
}

/* Every shape of radius r has area pi r^2, and the second moment that is its own. */
static void test_shapes(void)
{
	const double expected[6] = {
	    1 / (2 * PI), 1. / 6, star_moment(), 232. / 3 / 400, 1.36 / (2 * PI * .64), 17. / 48};
	struct leaves_options options = standard;
	double areas[6] = {0}, moments[6] = {0}, count[6] = {0};
	options.size = 128;
	options.purity = 0; /* a huge ring would show its hole */
	options.radius[0] = options.radius[1] = 256;
	options.front[0] = options.front[1] = 18;
	options.grey[0] = 0;
	options.grey[1] = 255;
	options.shading = options.texture = 0;
	struct leaves *leaves = leaves_start(&options, 1);
	struct leaves_canvas *canvas = leaves_canvas(leaves);
	static uint8_t image[128 * 128];
	for (uint64_t i = 0; i < 1200; i++) {
		unsigned class = leaves_class(leaves, i);
		double area, moment;
		leaves_draw(leaves, i, canvas, image);
		if (front_moments(image, options.size, &area, &moment)) {
			areas[class] += area;
			moments[class] += moment / (area * area);
			count[class]++;
		}
	}
	for (size_t k = 0; k < 6; k++) {
		CHECK(count[k] >= 10);
		CHECK_CLOSE(areas[k] / count[k] / (PI * 18 * 18), 1, .01);
		CHECK_CLOSE(moments[k] / count[k] / expected[k], 1, .01);
	}
	leaves_canvas_free(canvas);
	leaves_free(leaves);
}

enum { N = 64, BINS = 40 };

/* Mean power (N, N) of Hann-windowed textures, and their mean square; frequencies in FFT order. */
static void texture_power(double stretch, double *power, double *square)
{
	struct leaves_options options = standard;
	options.stretch = stretch;
	struct leaves *leaves = leaves_start(&options, 5);
	fftwf_complex *x = fftwf_alloc_complex(N * N);
	fftwf_plan plan = fftwf_plan_dft_2d(N, N, x, x, FFTW_FORWARD, FFTW_ESTIMATE);
	*square = 0;
	for (size_t i = 0; i < N * N; i++)
		power[i] = 0;
	enum { TEXTURES = 300 };
	for (uint64_t t = 0; t < TEXTURES; t++) {
		for (size_t i = 0; i < N * N; i++) {
			double value = leaves_texture(leaves, t, i % N, i / N) / 16.;
			double window = sin(PI * ((double)(i % N) + .5) / N) *
					sin(PI * ((double)(i / N) + .5) / N);
			x[i] = (float)(value * window * window);
			*square += value * value / (TEXTURES * N * N);
		}
		fftwf_execute(plan);
		for (size_t i = 0; i < N * N; i++)
			power[i] += crealf(x[i]) * crealf(x[i]) + cimagf(x[i]) * cimagf(x[i]);
	}
	fftwf_destroy_plan(plan);
	fftwf_free(x);
	leaves_free(leaves);
}

/* Signed frequency of FFT bin i, cycles per pixel. */
static double frequency(size_t i)
{
	return ((double)i - (i >= N / 2 ? N : 0)) / N;
}

/* Sum P f^2 e^(i m angle) / sum P f^2 over low <= f < high: 0 for an isotropic spectrum. The factor weighs all octaves
 * of a 1/f^2 power alike. */
static double complex harmonic(const double *power, int m, double low, double high)
{
	double complex sum = 0;
	double all = 0;
	for (size_t i = 0; i < N * N; i++) {
		double fx = frequency(i % N), fy = -frequency(i / N), f = hypot(fx, fy);
		if (f < low || f >= high)
			continue;
		sum += power[i] * f * f * cexp(I * m * atan2(fy, fx));
		all += power[i] * f * f;
	}
	return sum / all;
}

static void test_texture(void)
{
	static double power[N * N];
	double square, sx = 0, sy = 0, sxx = 0, sxy = 0, n = 0;
	texture_power(1, power, &square);
	CHECK_CLOSE(sqrt(square), 12, .6);
	/* amplitude falls as f^-1: power per unit of plane frequency as f^-2 */
	for (size_t ring = 3; ring < 16; ring++) {
		double sum = 0, count = 0;
		for (size_t i = 0; i < N * N; i++) {
			double f = N * hypot(frequency(i % N), frequency(i / N));
			if (f >= (double)ring - .5 && f < (double)ring + .5) {
				sum += power[i];
				count++;
			}
		}
		double x = log((double)ring), y = log(sum / count);
		sx += x, sy += y, sxx += x * x, sxy += x * y, n++;
	}
	double slope = (n * sxy - sx * sy) / (n * sxx - sx * sx);
	printf("# slope of log power %.3f, rms %.3f\n", slope, sqrt(square));
	CHECK_CLOSE(slope, -2, .2);
	for (int m = 2; m <= 8; m += 2) {
		double level = cabs(harmonic(power, m, 3. / N, .25));
		printf("# harmonic %d: %.4f\n", m, level);
		CHECK(level < .02);
	}
	/* stretched along x, its power lies along y */
	texture_power(3, power, &square);
	double complex second = harmonic(power, 2, 3. / N, .25);
	CHECK(creal(second) < -.3);
	CHECK(fabs(cimag(second)) < .05);
}

int main(void)
{
	TEST(test_sines, "sines are rounded to nearest");
	TEST(test_radius, "radii follow their law to rounding");
	TEST(test_shapes, "every shape of radius r has the area pi r^2 and its own second moment");
	TEST(test_texture,
	    "textures have amplitudes 1/f, no orientation, and one when they are stretched");
	return check_end();
}
