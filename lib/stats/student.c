/* Student's t distribution: see student.h. */
#include <math.h>
#include "stats/student.h"

/* The continued fraction of the incomplete beta function (Abramowitz and Stegun 26.5.8), by Lentz's method. */
static double fraction(double a, double b, double x)
{
	const double tiny = 1e-300;
	double c = 1, d = 1 - (a + b) * x / (a + 1);
	d = 1 / (fabs(d) < tiny ? tiny : d);
	double h = d;
	for (int m = 1; m < 500; m++) {
		double k = m;
		for (int odd = 0; odd < 2; odd++) {
			double term =
			    odd ? -(a + k) * (a + b + k) * x / ((a + 2 * k) * (a + 2 * k + 1))
				: k * (b - k) * x / ((a + 2 * k - 1) * (a + 2 * k));
			d = 1 + term * d;
			d = 1 / (fabs(d) < tiny ? tiny : d);
			c = 1 + term / c;
			c = fabs(c) < tiny ? tiny : c;
			h *= d * c;
			if (odd && fabs(d * c - 1) < 1e-15)
				return h;
		}
	}
	return h;
}

/* regularised incomplete beta function */
static double beta(double a, double b, double x)
{
	if (!(x > 0))
		return 0;
	if (!(x < 1))
		return 1;
	double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
	if (x < (a + 1) / (a + b + 2))
		return front * fraction(a, b, x) / a;
	return 1 - front * fraction(b, a, 1 - x) / b;
}

double student_above(double t, double degrees)
{
	double tail = .5 * beta(degrees / 2, .5, degrees / (degrees + t * t));
	return t > 0 ? tail : 1 - tail;
}

double student_quantile(double p, double degrees)
{
	double low = 0, high = 1;
	/* near 0 the tail is flat to rounding in t squared: the distribution's symmetry gives the median exactly */
	if (p == .5)
		return 0;
	if (p > .5)
		return -student_quantile(1 - p, degrees);
	while (student_above(high, degrees) > p && high < 1e15)
		high *= 2;
	for (int i = 0; i < 200 && high - low > 1e-14 * fmax(fabs(low), fabs(high)); i++) {
		double middle = (low + high) / 2;
		if (student_above(middle, degrees) > p)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

struct split_mean split_mean(size_t splits, const double *x, double variance, double degrees)
{
	double n = 0, sum = 0, squares = 0;
	for (size_t k = 0; k < splits; k++)
		if (!isnan(x[k])) {
			n++;
			sum += x[k];
		}
	if (n < 2)
		return (struct split_mean){NAN, NAN, NAN, NAN};
	double mean = sum / n;
	for (size_t k = 0; k < splits; k++)
		if (!isnan(x[k]))
			squares += (x[k] - mean) * (x[k] - mean);
	double error = sqrt(variance + squares / (n - 1) / n);
	double t = student_quantile(.025, degrees) * error;
	return (struct split_mean){mean, mean - t, mean + t,
	    error > 0  ? student_above(mean / error, degrees)
	    : mean > 0 ? 0
		       : 1};
}
