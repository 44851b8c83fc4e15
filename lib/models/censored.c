#include "models/censored.h"
#include <math.h>
#include "base/vector.h"
#include "kernel/units.h"

#define PI UNITS_PI
#define BLOCK CENSORED_BLOCK
#define TERMS CENSORED_TERMS
#define MIDDLE 5 /* z that is 0 on the polynomials' axis */

static double mills(double z)
{
	if (z < 6)
		return sqrt(PI / 2) * exp(z * z / 2) * erfc(z / sqrt(2));
	double x = z; /* its continued fraction */
	for (int k = 24; k > 0; k--)
		x = z + k / x;
	return 1 / x;
}

struct censored_law censored_law(void)
{
	struct censored_law law = {{0}};
	for (size_t i = 0; i < TERMS; i++) {
		double angle = PI * ((double)i + .5) / TERMS, x = cos(angle),
		       z = MIDDLE * (1 + x) / (1 - x), value = (1 + z) * mills(z);
		for (size_t k = 0; k < TERMS; k++)
			law.term[k] += (k ? 2. : 1.) / TERMS * value * cos((double)k * angle);
	}
	return law;
}

/* The normal density at 0. */
#define DENSITY .39894228040143268

/* What is seen. */
VECTOR_CLONES static double above(struct censored_block *b)
{
	double sum = 0;
#pragma omp simd reduction(+ : sum)
	for (size_t t = 0; t < BLOCK; t++) {
		double e = b->seen[t] - b->mean[t], e2 = e * e, seen = b->known[t] > 0 ? 1 : 0;
		sum -= seen * e2 / 2;
		b->score[t] = seen * e;
		b->weight[t] = seen;
		b->moment[0][t] = seen * e * (e2 - 3);
		b->moment[1][t] = seen * (e2 * (e2 - 6) + 3);
	}
	return sum;
}

/* What is cut off: noise is below -mean. The sum of logarithms is that of a product. */
VECTOR_CLONES static double below(const struct censored_law *law, struct censored_block *b)
{
	double sum = 0, product = 1, chance[BLOCK] __attribute__((aligned(64)));
#pragma omp simd reduction(+ : sum)
	for (size_t t = 0; t < BLOCK; t++) {
		double z = b->mean[t], size = fabs(z), x = (size - MIDDLE) / (size + MIDDLE),
		       last = 0, one = 0;
#pragma GCC unroll 20
		for (size_t k = TERMS - 1; k > 0; k--) {
			double next = law->term[k] + 2 * x * one - last;
			last = one;
			one = next;
		}
		double tail = (law->term[0] + x * one - last) / (1 + size);
		double density = vector_exp(-z * z / 2) * DENSITY, rest = 1 - density * tail;
		bool cut = b->known[t] < 0, up = z >= 0;
		/* the normal density at the mean over the probability of what is above it */
		double rate = up ? 1 / tail : density / rest;
		double share = up ? tail * DENSITY : rest, log_rest = up ? -z * z / 2 : 0;
		chance[t] = cut ? share : 1;
		sum += cut ? log_rest : 0;
		b->score[t] = cut ? -rate : b->score[t];
		b->weight[t] = cut ? rate * (rate - z) : b->weight[t];
		b->moment[0][t] = cut ? rate * (1 - z * z) : b->moment[0][t];
		b->moment[1][t] = cut ? rate * z * (z * z - 3) : b->moment[1][t];
	}
#pragma omp simd reduction(* : product)
	for (size_t t = 0; t < BLOCK; t++)
		product *= chance[t];
	return sum + log(product);
}

double censored(const struct censored_law *law, bool cut, struct censored_block *b)
{
	double seen = above(b);
	return cut ? seen + below(law, b) : seen;
}
