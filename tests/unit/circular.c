/* Axial means, entropy and tuning against closed forms. */
#include "check.h"
#include "stats/circular.h"

#define PI 3.14159265358979323846

int main(void)
{
	/* 0 and 90 deg cancel; 170 and 10 deg have the mean 0, not 90 */
	double cross[] = {0, PI / 2}, near[] = {170 * PI / 180, 10 * PI / 180};
	CHECK_CLOSE(axial_mean(2, cross, NULL).length, 0, 1e-15);
	CHECK_CLOSE(sin(axial_mean(2, near, NULL).angle), 0, 1e-12);
	CHECK_CLOSE(axial_mean(2, near, NULL).length, cos(20 * PI / 180), 1e-12);
	double weights[] = {3, 1};
	CHECK_CLOSE(axial_mean(2, cross, weights).length, .5, 1e-15);
	CHECK(isnan(axial_mean(0, NULL, NULL).length));

	double even[12];
	for (size_t i = 0; i < 12; i++)
		even[i] = ((double)i + .5) * PI / 12;
	CHECK_CLOSE(axial_entropy(12, even, 12), 1, 1e-12);
	CHECK_CLOSE(axial_entropy(12, even, 4), 1, 1e-12);
	double same[] = {1, 1 + PI, 1 - PI};
	CHECK_CLOSE(axial_entropy(3, same, 6), 0, 1e-12);
	CHECK(axial_mean(12, even, NULL).p > .9 && axial_mean(3, same, NULL).p < .06);

	/* a planted von Mises profile, unequal weights */
	double x[18], y[18], w[18];
	for (size_t i = 0; i < 18; i++) {
		x[i] = (double)i * PI / 18;
		y[i] = .7 + 2 * exp(3 * (cos(2 * x[i]) - 1));
		w[i] = 1 + (double)(i % 3);
	}
	struct axial_tuning tuning = axial_tuning(18, x, y, w);
	CHECK_CLOSE(tuning.kappa, 3, 1e-4);
	CHECK_CLOSE(tuning.a, 2, 1e-4);
	CHECK_CLOSE(tuning.b, .7, 1e-4);
	double peak = 1, trough = exp(-6);
	CHECK_CLOSE(exp(3 * (cos(2 * tuning.half_width) - 1)), (peak + trough) / 2, 1e-4);
	/* a trough at 0 or a profile without a narrow peak has no half-width; a constant has no profile */
	for (size_t i = 0; i < 18; i++)
		y[i] = 1 - .5 * exp(3 * (cos(2 * x[i]) - 1));
	CHECK(isnan(axial_tuning(18, x, y, w).half_width));
	for (size_t i = 0; i < 18; i++)
		y[i] = 1 + .5 * exp(.2 * (cos(2 * x[i]) - 1));
	CHECK(isnan(axial_tuning(18, x, y, w).half_width));
	for (size_t i = 0; i < 18; i++)
		y[i] = 1;
	CHECK(isnan(axial_tuning(18, x, y, w).kappa));
	return check_end();
}
