/* Receptive profiles: see kernels.h. */
#include <math.h>
#include <stdlib.h>
#include "base/error.h"
#include "base/memory.h"
#include "conv/kernels.h"

/* squared distance of element i from (x0, y0) */
static double distance2(size_t i, size_t k, double x0, double y0)
{
	double y = (double)(k / 2) - (double)(i / k), x = (double)(i % k) - (double)(k / 2);
	return (x - x0) * (x - x0) + (y - y0) * (y - y0);
}

/* exp(-rho^2 / 2 sigma^2) about (x0, y0) on a grid that reaches `widest` beyond it */
static double *envelope(double sigma, double widest, double x0, double y0, size_t *k)
{
	if (!(sigma >= KERNEL_SIGMA_MIN && widest <= KERNEL_SIGMA_MAX)) {
		err_set("kernel: sigma %g px is not in [%g, %g]",
		    sigma >= KERNEL_SIGMA_MIN ? widest : sigma, KERNEL_SIGMA_MIN,
		    (double)KERNEL_SIGMA_MAX);
		return NULL;
	}
	double aside = fmax(fabs(x0), fabs(y0));
	if (!(aside <= KERNEL_CENTRE_MAX)) {
		err_set("kernel: a centre at %g, %g px is more than %g px aside", x0, y0,
		    (double)KERNEL_CENTRE_MAX);
		return NULL;
	}
	size_t reach = (size_t)ceil(KERNEL_REACH * widest + aside);
	*k = 2 * reach + 1;
	double *x = mem_alloc(*k * *k, sizeof *x);
	for (size_t i = 0; x && i < *k * *k; i++)
		x[i] = exp(-distance2(i, *k, x0, y0) / (2 * sigma * sigma));
	return x;
}

/* sum of the numbers times their weights; all 1 where weight is NULL */
static double sum(const double *x, const double *weight, size_t n)
{
	double total = 0;
	for (size_t i = 0; i < n; i++)
		total += x[i] * (weight ? weight[i] : 1);
	return total;
}

static void scale(double *x, size_t n, double factor)
{
	for (size_t i = 0; i < n; i++)
		x[i] *= factor;
}

static void positive_sum_one(double *x, size_t n)
{
	double positive = 0;
	for (size_t i = 0; i < n; i++)
		positive += x[i] > 0 ? x[i] : 0;
	scale(x, n, 1 / positive);
}

double *kernel_gaussian(double sigma, size_t *k)
{
	double *x = envelope(sigma, sigma, 0, 0, k);
	if (x)
		scale(x, *k * *k, 1 / sum(x, NULL, *k * *k));
	return x;
}

double *kernel_log(double sigma, double x0, double y0, size_t *k)
{
	double *x = envelope(sigma, sigma, x0, y0, k);
	double *factor = x ? mem_alloc(*k * *k, sizeof *factor) : NULL;
	if (!factor) {
		free(x);
		return NULL;
	}
	size_t size = *k * *k;
	for (size_t i = 0; i < size; i++)
		factor[i] = 1 - distance2(i, *k, x0, y0) / (2 * sigma * sigma);
	double c = sum(x, factor, size) / sum(x, NULL, size);
	for (size_t i = 0; i < size; i++)
		x[i] *= factor[i] - c;
	free(factor);
	positive_sum_one(x, size);
	return x;
}

double *kernel_dog(double centre, double surround, size_t *k)
{
	if (!(centre < surround)) {
		err_set("kernel: a surround of %g px is not wider than a centre of %g px", surround,
		    centre);
		return NULL;
	}
	double *x = envelope(centre, surround, 0, 0, k),
	       *wide = x ? envelope(surround, surround, 0, 0, k) : NULL;
	if (!wide) {
		free(x);
		return NULL;
	}
	size_t size = *k * *k;
	scale(x, size, 1 / sum(x, NULL, size));
	scale(wide, size, 1 / sum(wide, NULL, size));
	for (size_t i = 0; i < size; i++)
		x[i] -= wide[i];
	free(wide);
	positive_sum_one(x, size);
	return x;
}
