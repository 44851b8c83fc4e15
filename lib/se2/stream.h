/* Orientation kernels on npys: a record (T,) of angles in rad, then a record (T, H, W), per px^2 rad. */
#ifndef SE2_STREAM_H
#define SE2_STREAM_H

#include <stddef.h>
#include "npys/npys.h"

struct orientation_kernel {
	size_t angles, height, width;
	double *theta; /* (angles), strictly increasing, all within one period of one another */
	double *k;     /* (angles, height, width) */
	double period; /* pi or 2 pi, rad */
};

/* The only kernel of a stream. Refuses other shapes, angles out of order or that span the period. 0 or -1. */
int orientation_read(struct npys_in *in, double period, struct orientation_kernel *kernel)
    __attribute__((warn_unused_result));
/* Whether angles (rad) increase strictly and lie within one period of the first, as the reader asks; 0 or -1, naming
 * file. */
int orientation_check_angles(const char *file, const double *theta, size_t count, double period)
    __attribute__((warn_unused_result));
void orientation_free(struct orientation_kernel *kernel);

/* Write one. 0 or -1. */
int orientation_write(struct npys_out *out, size_t angles, size_t height, size_t width,
    const double *theta, const float *k) __attribute__((warn_unused_result));

/* The kernel at displacement (x, y) px and angle theta (rad, any): linear between pixels and, around the period,
 * between angles; 0 beyond the grid. */
double orientation_at(const struct orientation_kernel *kernel, double x, double y, double theta);

#endif
