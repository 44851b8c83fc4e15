/* Orientations of filters as permutations and bootstrap samples move them: what a pair of labels gives. */
#ifndef LATERAL_LABELS_H
#define LATERAL_LABELS_H

#include <stddef.h>
#include "indices/indices.h"

#define LABELS_FINE 36 /* bins of 5 deg over (-90, 90], for the axis law */

struct label_pair {
	double c2;     /* cos 2 dtheta */
	double ex, ey; /* e^{i(2 theta_i + dtheta)} */
	double within; /* 1: |dtheta| <= 35 deg */
	size_t bin, fine;
};

struct labels {
	size_t n;
	double *x, *y;           /* (n): e^{2i theta} */
	struct label_pair *pair; /* (n, n) */
};

/* 0, or -1 without memory. */
int labels_make(const struct units *set, struct labels *labels)
    __attribute__((warn_unused_result));
void labels_free(struct labels *labels);

/* centre of a profile's bin, in (-pi/2, pi/2], and of a fine one */
double labels_bin_centre(size_t bin);
double labels_fine_centre(size_t bin);

#endif
