#include "indices/labels.h"
#include <math.h>
#include <stdlib.h>
#include "base/memory.h"

#define PI UNITS_PI
#define SHARE_WITHIN (35 * PI / 180)

enum { BINS = LATERAL_BINS };

void labels_free(struct labels *labels)
{
	free(labels->x);
	free(labels->y);
	free(labels->pair);
}

int labels_make(const struct units *set, struct labels *labels)
{
	size_t n = set->n;
	*labels = (struct labels){.n = n};
	labels->x = mem_alloc(n, sizeof(double));
	labels->y = mem_alloc(n, sizeof(double));
	labels->pair = mem_alloc(n * n, sizeof(*labels->pair));
	if (!labels->x || !labels->y || !labels->pair) {
		labels_free(labels);
		return -1;
	}
	for (size_t i = 0; i < n; i++) {
		double theta = set->unit[i].gabor.theta;
		labels->x[i] = cos(2 * theta);
		labels->y[i] = sin(2 * theta);
		for (size_t j = 0; j < n; j++) {
			double dtheta = set->pair[i * n + j].dtheta;
			double fine = floor((dtheta + PI / 2) / PI * LABELS_FINE);
			labels->pair[i * n + j] = (struct label_pair){.c2 = cos(2 * dtheta),
			    .ex = cos(2 * theta + dtheta),
			    .ey = sin(2 * theta + dtheta),
			    .within = fabs(dtheta) <= SHARE_WITHIN,
			    .bin = (size_t)(lround(dtheta / PI * BINS) + BINS) % BINS,
			    .fine = (size_t)fmin(fmax(fine, 0), LABELS_FINE - 1)};
		}
	}
	return 0;
}

double labels_bin_centre(size_t bin)
{
	return units_wrap_axis((double)bin * PI / BINS);
}

double labels_fine_centre(size_t bin)
{
	return ((double)bin + .5) * PI / LABELS_FINE - PI / 2;
}
