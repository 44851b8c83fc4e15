/*
 * Correlation with a small or separable kernel, tap by tap, where the kernel fits in whole:
 *	out[r][c] = sum over a, b of kernel[a][b] in[r + a][c + b].
 * A kernel that is the sum of at most DIRECT_RANK_MAX products of a column and a row (a Gaussian is one, a
 * difference or a Laplacian of Gaussians two) costs that many 1-D passes.
 */
#ifndef CONV_DIRECT_H
#define CONV_DIRECT_H

#include <stdbool.h>
#include <stddef.h>
#include "conv/real.h"

#define DIRECT_RANK_MAX 4

struct direct;

/* How many products give the kernel (kh, kw) to the rounding of `real`; 0 if more than DIRECT_RANK_MAX. -1 with a
 * reason. columns (DIRECT_RANK_MAX, kh) and rows (DIRECT_RANK_MAX, kw) receive them. */
int direct_rank(size_t kh, size_t kw, const double *kernel, double *columns, double *rows)
    __attribute__((warn_unused_result));

/* A plan for outputs of up to (h, w); separable asks for the products. NULL with a reason. */
struct direct *direct_plan(size_t h, size_t w, size_t kh, size_t kw, const double *kernel,
    bool separable) __attribute__((warn_unused_result));

/* The arrays' rows: in has h + kh - 1 rows of direct_in_stride numbers (those beyond w + kw - 1 are read but do not
 * matter, and must be finite), out h rows of direct_out_stride; both aligned as mem_alloc does. */
size_t direct_in_stride(const struct direct *direct);
size_t direct_out_stride(const struct direct *direct);
/* Numbers of scratch that direct_exec needs. */
size_t direct_scratch(const struct direct *direct);

/* Thread-safe when each thread has its own arrays. */
void direct_exec(const struct direct *direct, const real *in, real *out, real *scratch);

void direct_free(struct direct *direct);

#endif
