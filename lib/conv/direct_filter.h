/*
 * Correlation with a small or separable kernel, tap by tap, four rows of outputs at once in registers:
 *	out[r][c] = sum over a, b of kernel[a][b] in[row[r + a]][c + b].
 * A kernel that is the sum of at most DIRECT_FILTER_RANK_MAX products of a column and a row (a Gaussian is one, a difference or
 * a Laplacian of Gaussians two) costs that many 1-D passes.
 */
#ifndef CONV_DIRECT_FILTER_H
#define CONV_DIRECT_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include "conv/real.h"

#define DIRECT_FILTER_RANK_MAX 4
#define DIRECT_FILTER_NONE ((size_t)-1) /* a row of zeros */

struct direct_filter;

/* How many products give the kernel (kh, kw) to the rounding of `real`, i.e. but for a quarter of its epsilon of the
 * kernel's norm; 0 if more than DIRECT_FILTER_RANK_MAX. -1 with a reason. columns (DIRECT_FILTER_RANK_MAX, kh) and rows
 * (DIRECT_FILTER_RANK_MAX, kw) receive them. */
int direct_filter_rank(size_t kh, size_t kw, const double *kernel, double *columns, double *rows)
    __attribute__((warn_unused_result));

/* A plan for outputs of up to w columns from up to `inputs` rows; separable asks for the products. NULL with a reason. */
struct direct_filter *direct_filter_plan(size_t w, size_t inputs, size_t kh, size_t kw,
    const double *kernel, bool separable) __attribute__((warn_unused_result));

/* The arrays' rows: of in, (inputs, in_stride), w + kw - 1 numbers matter and the others must be finite; out is
 * (h, out_stride), h rounded up to a multiple of four. Both aligned as mem_alloc does. */
size_t direct_filter_in_stride(const struct direct_filter *filter);
size_t direct_filter_out_stride(const struct direct_filter *filter);
/* Numbers of scratch that direct_filter_exec needs. */
size_t direct_filter_scratch(const struct direct_filter *filter);

/* h outputs from `inputs` rows: row (h + kh - 1) tells which of them stands where. Thread-safe when each thread has
 * its own arrays. */
void direct_filter_exec(const struct direct_filter *filter, const real *in, size_t inputs,
    const size_t *row, size_t h, real *out, real *scratch);

void direct_filter_free(struct direct_filter *filter);

#endif
