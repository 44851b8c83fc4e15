/* Student's t against closed forms and tables. */
#include "check.h"
#include "stats/student.h"

int main(void)
{
	/* one degree is Cauchy's distribution, two has a closed form */
	for (double t = -5; t <= 5; t += .5) {
		CHECK_CLOSE(student_above(t, 1), .5 - atan(t) / M_PI, 1e-12);
		CHECK_CLOSE(student_above(t, 2), .5 - t / (2 * sqrt(2 + t * t)), 1e-12);
		CHECK_CLOSE(student_above(t, 1e6), .5 * erfc(t / sqrt(2)), 1e-5);
	}
	CHECK_CLOSE(student_quantile(.025, 10), 2.2281388520, 1e-9);
	CHECK_CLOSE(student_quantile(.025, 99), 1.9842169515, 1e-9);
	CHECK_CLOSE(student_quantile(.975, 10), -2.2281388520, 1e-9);
	CHECK_CLOSE(student_quantile(.5, 3), 0, 1e-12);
	CHECK_CLOSE(student_above(40, 99), 0, 1e-60);

	/* a known variance, and that of 4 splits */
	const double x[5] = {1, 3, 2, NAN, 2};
	struct split_mean m = split_mean(5, x, .5, 3);
	double error = sqrt(.5 + 1. / 4 * (2. / 3));
	CHECK_CLOSE(m.value, 2, 1e-15);
	CHECK_CLOSE(m.high - 2, 3.1824463053 * error, 1e-8);
	CHECK_CLOSE(2 - m.low, 3.1824463053 * error, 1e-8);
	CHECK_CLOSE(m.p, student_above(2 / error, 3), 1e-15);
	m = split_mean(1, x, .5, 3);
	CHECK(isnan(m.value) && isnan(m.low) && isnan(m.p));
	return check_end();
}
