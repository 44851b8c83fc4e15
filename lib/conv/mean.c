/* The mean: see mean.h. */
#include "base/vector.h"
#include "conv/mean.h"

#define PARTS 16

FOR_CPUS real mean_of(const real *x, size_t n)
{
	double part[PARTS] = {0}, sum = 0;
	size_t i = 0;
	for (; i + PARTS <= n; i += PARTS)
		for (size_t j = 0; j < PARTS; j++)
			part[j] += (double)x[i + j];
	for (; i < n; i++)
		sum += (double)x[i];
	for (size_t j = 0; j < PARTS; j++)
		sum += part[j];
	return (real)(sum / (double)n);
}
