/* Passes over whole images with running statistics, on all processes together: validation and v1.rms. */
#ifndef NET_EVALUATE_H
#define NET_EVALUATE_H

#include <stddef.h>
#include "image/degrade.h"
#include "net/data.h"
#include "net/network.h"

/* Each image with the same degradation in every pass: a function of the seed and the image's number. */
struct evaluate_degraded {
	struct degrade degrade;
	uint64_t seed;
};

/* Mean loss and share of correct answers over the part's images, degraded unless NULL; NaN where it has none. 0 or -1. */
int evaluate_score(struct network *net, const struct data_part *part,
    const struct evaluate_degraded *degraded, size_t iterations, double *loss, double *accuracy)
    __attribute__((warn_unused_result));

/* Set v1.rms: root of the mean square of h0 over the part's images and their pixels. 0 or -1. */
int evaluate_rms(struct network *net, const struct data_part *part)
    __attribute__((warn_unused_result));

#endif
