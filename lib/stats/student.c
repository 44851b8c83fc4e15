/* Student's t distribution: see student.h. */
#include <math.h>
#include <gsl/gsl_cdf.h>
#include "stats/student.h"

double student_above(double t, double degrees)
{
	return gsl_cdf_tdist_Q(t, degrees);
}

double student_quantile(double p, double degrees)
{
	return gsl_cdf_tdist_Qinv(p, degrees);
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
