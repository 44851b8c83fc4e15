/*
 * Zero-phase whitening by components (Bell & Sejnowski 1997): with mean m and covariance S of the vectors x,
 *	y = W (x - m),  W = S'^(-1/2) symmetric,  S' = (1 - shrinkage) S + shrinkage (trace S / d) 1.
 * Without shrinkage the covariance of the y is the identity. The inverse is x = S'^(1/2) y + m. Double precision.
 */
#ifndef CONV_ZCA_H
#define CONV_ZCA_H

#include <stddef.h>

#define ZCA_SIZE_MAX                                                                               \
	10000 /* numbers of a vector: learning takes seven matrices of that side, 8 bytes a number */

/* Sums over vectors, from which mean and covariance come. */
struct zca_sums;

/* For vectors of d numbers. NULL with a reason. */
struct zca_sums *zca_sums_start(size_t d) __attribute__((warn_unused_result));
/* Add n vectors x (n, d). Split over blocks of the covariance. 0 or -1. */
int zca_sums_add(struct zca_sums *sums, const float *x, size_t n, size_t threads)
    __attribute__((warn_unused_result));
void zca_sums_free(struct zca_sums *sums);

struct zca {
	size_t c, h, w; /* what the numbers of a vector are: (c, h, w), d = c h w */
	size_t d;
	double *mean;     /* (d) */
	double *whiten;   /* (d, d): W */
	double *inverse;  /* (d, d): W^-1 */
	double *variance; /* (d): eigenvalues of S, largest first */
};

/* From the sums over vectors (c, h, w); shrinkage in [0, 1]. Fails where there are too few vectors or S' is singular.
 * Into *zca, freed with zca_free. 0 or -1. */
int zca_learn(const struct zca_sums *sums, size_t c, size_t h, size_t w, double shrinkage,
    size_t threads, struct zca *zca) __attribute__((warn_unused_result));

/* n vectors x (n, d) -> y (n, d), which must not overlap: whitened, or the inverse. 0 or -1. */
int zca_exec(const struct zca *zca, const float *x, float *y, size_t n, size_t threads)
    __attribute__((warn_unused_result));
int zca_unwhiten(const struct zca *zca, const float *y, float *x, size_t n, size_t threads)
    __attribute__((warn_unused_result));

/* As an npys file of <f8 records: mean (c, h, w), W (d, c, h, w), W^-1 (d, c, h, w), variance (d); c is left out where it
 * is 1, so W is a filter bank. 0 or -1; load checks all shapes. */
int zca_save(const struct zca *zca, const char *file) __attribute__((warn_unused_result));
int zca_load(struct zca *zca, const char *file) __attribute__((warn_unused_result));

void zca_free(struct zca *zca);

#endif
