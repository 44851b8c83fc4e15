/*
 * Filter banks: records (k, k), (F, k, k) or (F, C, k, k). With C > 1 channels each filter is replaced by its
 * dominant spatial component: of the filter as a matrix (C, k*k) the rank-1 part s u v', u over channels; the
 * component is s v, its sign such that the channel weights u sum to a positive number (its polarity is the one a
 * grey stimulus meets). With one channel that is the filter itself.
 */
#ifndef FIT_BANK_H
#define FIT_BANK_H

#include <stddef.h>
#include "npys/npys.h"

#define BANK_ELEMENTS_MAX ((size_t)1 << 28) /* numbers in a record; a bank is held in memory */

struct bank {
	size_t record;   /* its number in the stream, from 0 */
	size_t filters;  /* F */
	size_t channels; /* C of the record; x has one */
	size_t size;     /* k */
	double *x;       /* (F, k, k) */
	double *
	    spatial_share; /* (F): share of the sum of squares in the dominant spatial component; 1 for C = 1, NaN
	                          where the filter is 0 */
};

/* npys_open; of a single file that is a model, the one tensor of (F, C, k, k) with C at most 4 and k at least 5, if one. NULL with a reason. */
struct npys_in *bank_open(char *const *files, size_t count) __attribute__((warn_unused_result));

/* The next record as a bank. Other shapes, among them labels, are errors. 1, 0 at the end, -1. */
int bank_next(struct npys_in *in, struct bank *bank) __attribute__((warn_unused_result));

/* The only record of a file. 0 or -1. */
int bank_load(const char *file, struct bank *bank) __attribute__((warn_unused_result));

/* The same with exactly one filter (a kernel, an lgn). 0 or -1. */
int bank_load_single(const char *file, struct bank *bank) __attribute__((warn_unused_result));

void bank_free(struct bank *bank);

/* Filter i: (k, k). */
static inline double *bank_filter(const struct bank *bank, size_t i)
{
	return bank->x + i * bank->size * bank->size;
}

/* Effective profile e with x * e = (x * a) * b for cross-correlations: e(n) = sum of a(d) b(n - d), the true
 * convolution, a (ka, ka), b (kb, kb), e (ka + kb - 1, ka + kb - 1). The centre stays the centre. */
void bank_convolve(const double *a, size_t ka, const double *b, size_t kb, double *e);

/* Replace every filter by the effective profile lgn (k0, k0) with the filter: size becomes k0 + k1 - 1. 0 or -1. */
int bank_compose(struct bank *bank, const double *lgn, size_t k0)
    __attribute__((warn_unused_result));

/* Coordinates in px of row r, column c of a (k, k) array: x right, y up, the array's centre is (0, 0). */
static inline double bank_x(size_t k, size_t c)
{
	return (double)c - ((double)k - 1) / 2;
}
static inline double bank_y(size_t k, size_t r)
{
	return ((double)k - 1) / 2 - (double)r;
}

#endif
