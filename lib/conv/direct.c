/* Direct correlation: see direct.h. Sums run over the taps in their order, never over lanes, and without fused
 * multiply-adds, so every CPU gives the same bits. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "conv/clones.h"
#include "conv/direct.h"

/* several vectors of outputs are summed at once, in registers */
#define LANE_BYTES 32
#define LANES (LANE_BYTES / sizeof(real))
#define BLOCK (4 * LANES)
typedef real lanes __attribute__((vector_size(LANE_BYTES)));

/* what a sum of products may miss of the kernel's norm */
#define RANK_TOLERANCE fmax(REAL_EPSILON / 4.0, 16 * DBL_EPSILON)

/* one pass: out = sum over taps of weight[t] * in[offset[t] ...] */
struct pass {
	size_t rows, in_stride, out_stride, blocks;
	size_t taps, *offset;
	real *weight;
};

struct direct {
	size_t in_stride, out_stride, scratch;
	size_t
	    across; /* passes along the rows, each into its plane of the scratch; 0: `last` does it all */
	size_t plane;
	struct pass pass[DIRECT_RANK_MAX], last;
};

int direct_rank(size_t kh, size_t kw, const double *kernel, double *columns, double *rows)
{
	/* complete pivoting: take away the product through the largest element, again and again */
	size_t size = kh * kw;
	double *rest = mem_alloc(size, sizeof *rest), whole = 0;
	if (!rest)
		return -1;
	for (size_t i = 0; i < size; i++)
		whole += kernel[i] * kernel[i];
	memcpy(rest, kernel, size * sizeof *rest);
	int rank = 0;
	for (;; rank++) {
		size_t pivot = 0;
		double left = 0;
		for (size_t i = 0; i < size; i++) {
			left += rest[i] * rest[i];
			pivot = fabs(rest[i]) > fabs(rest[pivot]) ? i : pivot;
		}
		if (rank > 0 && sqrt(left) <= RANK_TOLERANCE * sqrt(whole))
			break;
		if (rank == DIRECT_RANK_MAX) {
			rank = 0;
			break;
		}
		size_t a0 = pivot / kw, b0 = pivot % kw;
		double scale = rest[pivot] != 0 ? sqrt(fabs(rest[pivot])) : 1; /* shared by both */
		double sign = rest[pivot] < 0 ? -1 : 1;
		double *column = columns + (size_t)rank * kh, *row = rows + (size_t)rank * kw;
		for (size_t a = 0; a < kh; a++)
			column[a] = rest[a * kw + b0] / scale * sign;
		for (size_t b = 0; b < kw; b++)
			row[b] = rest[a0 * kw + b] / scale;
		for (size_t i = 0; i < size; i++)
			rest[i] -= column[i / kw] * row[i % kw];
	}
	free(rest);
	return rank;
}

FOR_CPUS static void pass_exec(const struct pass *pass, const real *in, real *out)
{
	for (size_t r = 0; r < pass->rows; r++)
		for (size_t block = 0; block < pass->blocks; block++) {
			const real *from = in + r * pass->in_stride + block * BLOCK;
			lanes sum0 = {0}, sum1 = {0}, sum2 = {0}, sum3 = {0};
			for (size_t t = 0; t < pass->taps; t++) {
				const real *x = from + pass->offset[t];
				lanes x0, x1, x2, x3;
				memcpy(&x0, x, sizeof x0);
				memcpy(&x1, x + LANES, sizeof x1);
				memcpy(&x2, x + 2 * LANES, sizeof x2);
				memcpy(&x3, x + 3 * LANES, sizeof x3);
				sum0 += pass->weight[t] * x0;
				sum1 += pass->weight[t] * x1;
				sum2 += pass->weight[t] * x2;
				sum3 += pass->weight[t] * x3;
			}
			real *to = out + r * pass->out_stride + block * BLOCK;
			memcpy(to, &sum0, sizeof sum0);
			memcpy(to + LANES, &sum1, sizeof sum1);
			memcpy(to + 2 * LANES, &sum2, sizeof sum2);
			memcpy(to + 3 * LANES, &sum3, sizeof sum3);
		}
}

static int pass_alloc(
    struct pass *pass, size_t rows, size_t in_stride, size_t out_stride, size_t blocks, size_t taps)
{
	*pass = (struct pass){rows, in_stride, out_stride, blocks, taps, NULL, NULL};
	pass->offset = mem_alloc(taps, sizeof *pass->offset);
	pass->weight = mem_alloc(taps, sizeof *pass->weight);
	return pass->offset && pass->weight ? 0 : -1;
}

static void pass_free(struct pass *pass)
{
	free(pass->offset);
	free(pass->weight);
}

static int plan_dense(
    struct direct *direct, size_t h, size_t blocks, size_t kh, size_t kw, const double *kernel)
{
	struct pass *last = &direct->last;
	if (pass_alloc(last, h, direct->in_stride, direct->out_stride, blocks, kh * kw) < 0)
		return -1;
	for (size_t t = 0; t < kh * kw; t++) {
		last->offset[t] = t / kw * direct->in_stride + t % kw;
		last->weight[t] = (real)kernel[t];
	}
	return 0;
}

/* rank passes along the rows, then one that sums down the columns of all their planes */
static int plan_products(struct direct *direct, size_t h, size_t blocks, size_t kh, size_t kw,
    const double *columns, const double *rows, size_t rank)
{
	struct pass *last = &direct->last;
	direct->plane = (h + kh - 1) * direct->out_stride;
	direct->scratch = rank * direct->plane;
	if (pass_alloc(last, h, direct->out_stride, direct->out_stride, blocks, rank * kh) < 0)
		return -1;
	for (size_t p = 0; p < rank; p++) {
		struct pass *pass = &direct->pass[p];
		direct->across = p + 1;
		if (pass_alloc(
			pass, h + kh - 1, direct->in_stride, direct->out_stride, blocks, kw) < 0)
			return -1;
		for (size_t b = 0; b < kw; b++) {
			pass->offset[b] = b;
			pass->weight[b] = (real)rows[p * kw + b];
		}
		for (size_t a = 0; a < kh; a++) {
			last->offset[p * kh + a] = p * direct->plane + a * direct->out_stride;
			last->weight[p * kh + a] = (real)columns[p * kh + a];
		}
	}
	return 0;
}

struct direct *direct_plan(
    size_t h, size_t w, size_t kh, size_t kw, const double *kernel, bool separable)
{
	struct direct *direct = calloc(1, sizeof *direct);
	double *columns = mem_alloc(DIRECT_RANK_MAX * kh, sizeof *columns);
	double *rows = mem_alloc(DIRECT_RANK_MAX * kw, sizeof *rows);
	int status = direct && columns && rows ? 0 : err_set("correlation: no room for its plan");
	if (status == 0) {
		size_t blocks = (w + BLOCK - 1) / BLOCK;
		direct->out_stride = blocks * BLOCK;
		direct->in_stride = (direct->out_stride + kw - 1 + LANES - 1) / LANES * LANES;
		int rank = separable ? direct_rank(kh, kw, kernel, columns, rows) : 0;
		if (rank < 0)
			status = -1;
		else if (separable && !rank)
			status = err_set(
			    "correlation: the kernel is not a sum of %d products", DIRECT_RANK_MAX);
		else if (separable)
			status =
			    plan_products(direct, h, blocks, kh, kw, columns, rows, (size_t)rank);
		else
			status = plan_dense(direct, h, blocks, kh, kw, kernel);
	}
	free(columns);
	free(rows);
	if (status < 0) {
		direct_free(direct);
		return NULL;
	}
	return direct;
}

size_t direct_in_stride(const struct direct *direct)
{
	return direct->in_stride;
}

size_t direct_out_stride(const struct direct *direct)
{
	return direct->out_stride;
}

size_t direct_scratch(const struct direct *direct)
{
	return direct->scratch;
}

void direct_exec(const struct direct *direct, const real *in, real *out, real *scratch)
{
	for (size_t p = 0; p < direct->across; p++)
		pass_exec(&direct->pass[p], in, scratch + p * direct->plane);
	pass_exec(&direct->last, direct->across ? scratch : in, out);
}

void direct_free(struct direct *direct)
{
	if (!direct)
		return;
	for (size_t p = 0; p < direct->across; p++)
		pass_free(&direct->pass[p]);
	pass_free(&direct->last);
	free(direct);
}
