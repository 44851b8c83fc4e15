/* Orientations of units and bins of their differences. */
#include "indices/labels.h"
#include <math.h>
#include <stdlib.h>
#include "base/memory.h"
#include "indices/quantities.h"

int labels_make(struct labels *labels, const struct units *set)
{
	size_t n = set->n;
	*labels = (struct labels){.n = n,
	    .x = mem_alloc(n, sizeof(double)),
	    .y = mem_alloc(n, sizeof(double)),
	    .bin = mem_alloc(n * n, sizeof(size_t))};
	if (!labels->x || !labels->y || !labels->bin)
		return -1;
	for (size_t i = 0; i < n; i++) {
		labels->x[i] = cos(2 * set->unit[i].gabor.theta);
		labels->y[i] = sin(2 * set->unit[i].gabor.theta);
	}
	for (size_t p = 0; p < n * n; p++)
		labels->bin[p] = labels_bin(set->pair[p].dtheta, M_PI);
	return 0;
}

void labels_free(struct labels *labels)
{
	free(labels->x);
	free(labels->y);
	free(labels->bin);
}

size_t labels_bin(double angle, double period)
{
	long bin = lround(angle / period * BINS) % BINS;
	return (size_t)(bin < 0 ? bin + BINS : bin);
}

double labels_centre(size_t bin, double period)
{
	return ((double)bin - (bin > BINS / 2 ? BINS : 0)) * period / BINS;
}
