/*
 * Filter banks: records (h, w), (F, h, w) or (F, C, h, w). With C > 1 channels each filter is replaced by its
 * dominant spatial component: of the filter as a matrix (C, h*w) the rank-1 part s u v', u over channels; the
 * component is s v, its sign such that the channel weights u sum to a positive number (its polarity is the one a
 * grey stimulus meets). With one channel that is the filter itself.
 */
#ifndef FIT_BANK_H
#define FIT_BANK_H

#include <stddef.h>
#include "fit/extent.h"
#include "npys/npys.h"

#define BANK_ELEMENTS_MAX ((size_t)1 << 28) /* numbers in a record; a bank is held in memory */

struct bank {
	size_t record;   /* its number in the stream, from 0 */
	size_t filters;  /* F */
	size_t channels; /* C of the record; x has one */
	struct extent size;
	double *x; /* (F, h, w) */
	double *
	    spatial_share; /* (F): share of the sum of squares in the dominant spatial component; 1 for C = 1, NaN
	                          where the filter is 0 */
};

/* npys_open; of a single file that is a model, the one tensor of (F, C, h, w) with C at most 4 and h and w at least 5, if one. NULL with a reason. */
struct npys_in *bank_open(char *const *files, size_t count) __attribute__((warn_unused_result));

/* The next record as a bank. Other shapes, among them labels, are errors, and so is what is
 * probably (F, k, k, C) or (k, k, F). 1, 0 at the end, -1. */
int bank_next(struct npys_in *in, struct bank *bank) __attribute__((warn_unused_result));

/* The only record of a file. 0 or -1. */
int bank_load(const char *file, struct bank *bank) __attribute__((warn_unused_result));

/* The same with exactly one filter (a kernel, an lgn). 0 or -1. */
int bank_load_single(const char *file, struct bank *bank) __attribute__((warn_unused_result));

void bank_free(struct bank *bank);

/* Filter i: (h, w). */
static inline double *bank_filter(const struct bank *bank, size_t i)
{
	return bank->x + i * extent_pixels(bank->size);
}

/* Effective profile e with x * e = (x * a) * b for cross-correlations: e(n) = sum of a(d) b(n - d), the true
 * convolution, a, b and e of the sizes ka, kb and bank_full(ka, kb). The centre stays the centre. */
void bank_convolve(const double *a, struct extent ka, const double *b, struct extent kb, double *e);
static inline struct extent bank_full(struct extent a, struct extent b)
{
	return (struct extent){a.h + b.h - 1, a.w + b.w - 1};
}

/* Replace every filter by the effective profile of lgn, of size k0, with the filter: size becomes bank_full(k0, k1). 0 or -1. */
int bank_compose(struct bank *bank, const double *lgn, struct extent k0)
    __attribute__((warn_unused_result));

/* Coordinates in px of column c of w and of row r of h: x right, y up, the array's centre is (0, 0). */
static inline double bank_x(size_t w, size_t c)
{
	return (double)c - ((double)w - 1) / 2;
}
static inline double bank_y(size_t h, size_t r)
{
	return ((double)h - 1) / 2 - (double)r;
}

#endif
