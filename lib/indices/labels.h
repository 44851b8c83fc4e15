/* What units carry and permutations move: orientations, and what a pair of them gives. */
#ifndef INDICES_LABELS_H
#define INDICES_LABELS_H

#include <stddef.h>
#include "kernel/units.h"

struct labels {
	size_t n;
	double *x, *y; /* (n): e^{2i theta} */
	size_t *bin;   /* (n, n): of dtheta, 10 deg each, bin 0 about 0 */
};

/* 0, or -1 without memory; free also then. */
int labels_make(struct labels *labels, const struct units *set) __attribute__((warn_unused_result));
void labels_free(struct labels *labels);

/* The bin of an angle, and the centre of a bin in (-period/2, period/2], both in rad. */
size_t labels_bin(double angle, double period);
double labels_centre(size_t bin, double period);

#endif
