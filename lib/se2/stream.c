/* Orientation kernels as npys records: see stream.h. */
#include <math.h>
#include <stdlib.h>
#include "base/error.h"
#include "base/memory.h"
#include "se2/stream.h"

#define ELEMENTS_MAX ((size_t)1 << 28)

/* Whether angles in equal steps, if that is what they are, go once around the period. */
static bool fills(const double *theta, size_t count, double period)
{
	double step = theta[1] - theta[0];
	for (size_t t = 2; t < count; t++) {
		if (fabs(theta[t] - theta[t - 1] - step) > 1e-3 * step)
			return true;
	}
	return fabs((double)count * step - period) <= 1e-3 * period;
}

int orientation_check_angles(const char *file, const double *theta, size_t count, double period)
{
	for (size_t t = 1; t < count; t++)
		if (!(theta[t] > theta[t - 1] && theta[t] - theta[0] < period))
			return err_set(
			    "%s: angle %zu (%g rad): angles must increase and stay within the "
			    "period of %g rad",
			    file, t, theta[t], period);
	return 0;
}

int orientation_read(struct npys_in *in, double period, struct orientation_kernel *kernel)
{
	*kernel = (struct orientation_kernel){.period = period};
	struct npys_array angles = {0}, k = {0}, more = {0};
	int status = npys_next_array(in, &angles, ELEMENTS_MAX);
	if (status == 1 && angles.header.rank != 1)
		status = err_set("%s: record %zu: an orientation kernel begins with its angles "
				 "(T,), this is of rank %zu",
		    npys_file(in), npys_record(in), angles.header.rank);
	if (status == 1 && (status = npys_next_array(in, &k, ELEMENTS_MAX)) == 0)
		status = err_set("%s: only the angles of an orientation kernel", npys_file(in));
	if (status == 1 && (k.header.rank != 3 || k.header.shape[0] != angles.header.elements ||
			       !k.header.elements))
		status = err_set(
		    "%s: record %zu: an orientation kernel of %zu angles has the shape (%zu, H, W)",
		    npys_file(in), npys_record(in), angles.header.elements, angles.header.elements);
	if (status == 1 &&
	    orientation_check_angles(npys_file(in), angles.x, angles.header.elements, period) < 0)
		status = -1;
	if (status == 1 && angles.header.elements > 2 &&
	    !fills(angles.x, angles.header.elements, period))
		status =
		    err_set("%s: %zu angles in equal steps fill %g rad, not the period of %g rad",
			npys_file(in), angles.header.elements,
			(double)angles.header.elements * (angles.x[1] - angles.x[0]), period);
	if (status == 1) {
		status = npys_next_array(in, &more, ELEMENTS_MAX);
		if (status == 1)
			status = err_set("%s: record %zu: more than one orientation kernel",
			    npys_file(in), npys_record(in));
	}
	npys_array_free(&more);
	if (status < 0) {
		npys_array_free(&angles);
		npys_array_free(&k);
		return -1;
	}
	kernel->angles = k.header.shape[0];
	kernel->height = k.header.shape[1];
	kernel->width = k.header.shape[2];
	kernel->theta = angles.x;
	kernel->k = k.x;
	return 0;
}

void orientation_free(struct orientation_kernel *kernel)
{
	free(kernel->theta);
	free(kernel->k);
	*kernel = (struct orientation_kernel){0};
}

int orientation_write(struct npys_out *out, size_t angles, size_t height, size_t width,
    const double *theta, const float *k)
{
	if (npys_put_double(out, 1, &angles, theta) < 0)
		return -1;
	return npys_put_float(out, 3, (size_t[]){angles, height, width}, k);
}

static double bilinear(const struct orientation_kernel *kernel, size_t t, double row, double column)
{
	double r0 = floor(row), c0 = floor(column), sum = 0;
	for (int i = 0; i < 2; i++)
		for (int j = 0; j < 2; j++) {
			double r = r0 + i, c = c0 + j,
			       w = (1 - fabs(row - r)) * (1 - fabs(column - c));
			if (r >= 0 && c >= 0 && r < (double)kernel->height &&
			    c < (double)kernel->width)
				sum +=
				    w * kernel->k[(t * kernel->height + (size_t)r) * kernel->width +
						  (size_t)c];
		}
	return sum;
}

double orientation_at(const struct orientation_kernel *kernel, double x, double y, double theta)
{
	double column = x + ((double)kernel->width - 1) / 2,
	       row = ((double)kernel->height - 1) / 2 - y;
	double from = kernel->theta[0], at = fmod(theta - from, kernel->period);
	if (at < 0)
		at += kernel->period;
	size_t low = 0, high = kernel->angles; /* theta[low] - from <= at < theta[high] - from */
	while (high - low > 1) {
		size_t middle = (low + high) / 2;
		if (kernel->theta[middle] - from <= at)
			low = middle;
		else
			high = middle;
	}
	double a = kernel->theta[low] - from;
	double b = high < kernel->angles ? kernel->theta[high] - from : kernel->period;
	double w = (at - a) / (b - a);
	return (1 - w) * bilinear(kernel, low, row, column) +
	       w * bilinear(kernel, high % kernel->angles, row, column);
}
