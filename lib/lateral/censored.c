#include "lateral/censored.h"
#include <math.h>
#include "lateral/pairs.h"

#define PI LATERAL_PI

/* The normal density at z over the probability of what is above it. */
static double hazard(double z)
{
	if (z < 6)
		return sqrt(2 / PI) * exp(-z * z / 2) / erfc(z / sqrt(2));
	double x = z; /* its continued fraction */
	for (int k = 12; k > 0; k--)
		x = z + k / x;
	return x;
}

struct censored censored(double mean, double seen, bool cut)
{
	struct censored c;
	if (cut) { /* noise is below -mean */
		double rate = hazard(mean);
		c.value = mean < 6 ? log(erfc(mean / sqrt(2)) / 2)
				   : -mean * mean / 2 - log(rate * sqrt(2 * PI));
		c.score = -rate;
		c.weight = rate * (rate - mean);
		c.moment[0] = rate * (1 - mean * mean);
		c.moment[1] = rate * mean * (mean * mean - 3);
		return c;
	}
	double e = seen - mean;
	c.value = -e * e / 2;
	c.score = e;
	c.weight = 1;
	c.moment[0] = e * (e * e - 3);
	c.moment[1] = e * e * (e * e - 6) + 3;
	return c;
}
