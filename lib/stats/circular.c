/* Circular statistics: see circular.h. */
#include <math.h>
#include <stdbool.h>
#include "stats/circular.h"

struct axial_mean axial_mean(size_t n, const double *theta, const double *w)
{
	double x = 0, y = 0, sum = 0;
	for (size_t i = 0; i < n; i++) {
		double weight = w ? w[i] : 1;
		x += weight * cos(2 * theta[i]);
		y += weight * sin(2 * theta[i]);
		sum += weight;
	}
	struct axial_mean mean = {NAN, NAN, NAN};
	if (!(sum > 0))
		return mean;
	mean.length = hypot(x, y) / sum;
	if (mean.length > 0) {
		double angle = atan2(y, x) / 2;
		mean.angle = angle < 0 ? angle + M_PI : angle;
	}
	double count = (double)n, r = mean.length * count;
	mean.p = fmin(1, exp(sqrt(1 + 4 * count + 4 * (count * count - r * r)) - (1 + 2 * count)));
	return mean;
}

/* the sums of a weighted line y = b + a g */
struct line {
	double a, b, error;
};

static struct line fit(size_t n, const double *x, const double *y, const double *w, double kappa)
{
	double s = 0, sg = 0, sgg = 0, sy = 0, sgy = 0, syy = 0;
	for (size_t i = 0; i < n; i++) {
		if (!(w[i] > 0))
			continue;
		double g = exp(kappa * (cos(2 * x[i]) - 1));
		s += w[i];
		sg += w[i] * g;
		sgg += w[i] * g * g;
		sy += w[i] * y[i];
		sgy += w[i] * g * y[i];
		syy += w[i] * y[i] * y[i];
	}
	double det = s * sgg - sg * sg;
	struct line line;
	line.a = det > 0 ? (s * sgy - sg * sy) / det : 0;
	line.b = (sy - line.a * sg) / s;
	line.error = syy - line.b * sy - line.a * sgy;
	return line;
}

struct axial_tuning axial_tuning(size_t n, const double *x, const double *y, const double *w)
{
	const double low = log(.01), high = log(30);
	enum { STEPS = 24 };
	struct axial_tuning tuning = {NAN, NAN, NAN, NAN};
	size_t used = 0;
	double smallest = INFINITY, largest = -INFINITY;
	for (size_t i = 0; i < n; i++)
		if (w[i] > 0) {
			used++;
			smallest = fmin(smallest, y[i]);
			largest = fmax(largest, y[i]);
		}
	if (used < 3 || !(largest > smallest))
		return tuning;

	double best = INFINITY, at = 0;
	for (size_t k = 0; k <= STEPS; k++) {
		double t = low + (high - low) * (double)k / STEPS;
		struct line line = fit(n, x, y, w, exp(t));
		if (line.error < best) {
			best = line.error;
			at = t;
		}
	}
	/* golden section about the best grid point */
	const double ratio = (sqrt(5) - 1) / 2, step = (high - low) / STEPS;
	double left = fmax(low, at - step), right = fmin(high, at + step);
	double c = right - ratio * (right - left), d = left + ratio * (right - left);
	double fc = fit(n, x, y, w, exp(c)).error, fd = fit(n, x, y, w, exp(d)).error;
	while (right - left > 1e-6) {
		if (fc < fd) {
			right = d, d = c, fd = fc;
			c = right - ratio * (right - left);
			fc = fit(n, x, y, w, exp(c)).error;
		} else {
			left = c, c = d, fc = fd;
			d = left + ratio * (right - left);
			fd = fit(n, x, y, w, exp(d)).error;
		}
	}
	tuning.kappa = exp((left + right) / 2);
	struct line line = fit(n, x, y, w, tuning.kappa);
	tuning.a = line.a;
	tuning.b = line.b;
	if (line.a > 0 && tuning.kappa >= .35) {
		double level = log((1 + exp(-2 * tuning.kappa)) / 2) / tuning.kappa;
		tuning.half_width = acos(1 + level) / 2;
	}
	return tuning;
}
