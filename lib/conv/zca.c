/* Whitening by components: see zca.h. */
#include <cblas.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/threads.h"
#include "conv/zca.h"
#include "npys/npys.h"

/* Outputs are split into blocks of so many columns whatever the threads, since the rounding of a product depends on its
 * shape. */
#define BLOCK 256
#define VECTORS 1024 /* converted to double at a time */
/* a variance below this part of the largest is rounding */
#define SINGULAR 1e-12

/* LAPACK, in OpenBLAS; there is no header for it */
extern void dsyevd_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda,
    double *w, double *work, const int *lwork, int *iwork, const int *liwork, int *info);

struct zca_sums {
	size_t d, n;
	double *shift;    /* (d): near the mean, so that the products do not cancel */
	double *sum;      /* (d): of x - shift */
	double *products; /* (d, d): of (x - shift) (x - shift)^T */
	double *vectors;  /* (VECTORS, d) */
};

/* one thread each: all parallelism is par_for's, and the number of threads would change the rounding */
static void start_blas(void)
{
	openblas_set_num_threads(1);
}

/* c += or = a b, all of rows in order: a (m, k), or (k, m) where it is transposed; b (k, n); its columns by blocks */
struct product {
	enum CBLAS_TRANSPOSE transposed;
	size_t m, n, k;
	const double *a, *b;
	double *c;
	bool add;
};

static int product_block(size_t i, size_t worker, void *argument)
{
	(void)worker;
	const struct product *p = argument;
	size_t first = i * BLOCK, a_row = p->transposed == CblasTrans ? p->m : p->k;
	cblas_dgemm(CblasRowMajor, p->transposed, CblasNoTrans, (int)p->m,
	    (int)size_min(BLOCK, p->n - first), (int)p->k, 1, p->a, (int)a_row, p->b + first,
	    (int)p->n, p->add, p->c + first, (int)p->n);
	return 0;
}

static int multiply(const struct product *product, size_t threads)
{
	return par_for((product->n + BLOCK - 1) / BLOCK, threads, product_block, (void *)product);
}

/* ---- sums ---- */

struct zca_sums *zca_sums_start(size_t d)
{
	if (d < 1 || d > ZCA_SIZE_MAX) {
		err_set(
		    "components: %zu numbers a vector; at most %d can be handled", d, ZCA_SIZE_MAX);
		return NULL;
	}
	start_blas();
	struct zca_sums *sums = calloc(1, sizeof *sums);
	if (!sums) {
		err_set("components: no room for the sums");
		return NULL;
	}
	sums->d = d;
	sums->shift = mem_alloc(d, sizeof *sums->shift);
	sums->sum = mem_alloc(d, sizeof *sums->sum);
	sums->products = mem_alloc(d * d, sizeof *sums->products);
	sums->vectors = mem_alloc(VECTORS * d, sizeof *sums->vectors);
	if (!sums->shift || !sums->sum || !sums->products || !sums->vectors) {
		zca_sums_free(sums);
		return NULL;
	}
	return sums;
}

void zca_sums_free(struct zca_sums *sums)
{
	if (!sums)
		return;
	free(sums->shift);
	free(sums->sum);
	free(sums->products);
	free(sums->vectors);
	free(sums);
}

int zca_sums_add(struct zca_sums *s, const float *x, size_t n, size_t threads)
{
	size_t d = s->d;
	if (s->n == 0 && n > 0) { /* the first vectors' mean will do */
		for (size_t i = 0; i < n * d; i++)
			s->shift[i % d] += (double)x[i] / (double)n;
	}
	for (size_t done = 0, now; done < n; done += now) {
		now = size_min(n - done, VECTORS);
		for (size_t v = 0; v < now; v++)
			for (size_t j = 0; j < d; j++) {
				double value = (double)x[(done + v) * d + j] - s->shift[j];
				s->vectors[v * d + j] = value;
				s->sum[j] += value;
			}
		struct product products = {
		    CblasTrans, d, d, now, s->vectors, s->vectors, s->products, true};
		if (multiply(&products, threads) < 0)
			return -1;
	}
	s->n += n;
	return 0;
}

/* ---- the transform ---- */

/* The covariance into a (d, d), whole. */
static void covariance(const struct zca_sums *s, double *a)
{
	double n = (double)s->n;
	for (size_t i = 0; i < s->d; i++)
		for (size_t j = i; j < s->d; j++)
			a[i * s->d + j] = a[j * s->d + i] =
			    (s->products[i * s->d + j] - s->sum[i] * s->sum[j] / n) / (n - 1);
}

/* Eigenvectors of the symmetric a (d, d) into its rows, eigenvalues ascending. 0 or -1. */
static int eigen(double *a, size_t d, double *values)
{
	int n = (int)d, size = 1 + 6 * n + 2 * n * n, integers = 3 + 5 * n, info = 0;
	double *work = mem_alloc((size_t)size, sizeof *work);
	int *iwork = mem_alloc((size_t)integers, sizeof *iwork);
	if (work && iwork)
		dsyevd_("V", "U", &n, a, &n, values, work, &size, iwork, &integers, &info);
	int status = !work || !iwork ? -1
		     : info ? err_set("components: the covariance's eigenvectors were not found")
			    : 0;
	free(work);
	free(iwork);
	return status;
}

/* out = sum over eigenvectors e of variance^power e e^T; scaled is scratch (d, d). 0 or -1. */
static int matrix_power(const double *vectors, const double *variance, size_t d, double power,
    double *scaled, double *out, size_t threads)
{
	for (size_t i = 0; i < d * d; i++)
		scaled[i] = vectors[i] * pow(variance[i / d], power / 2);
	struct product product = {CblasTrans, d, d, d, scaled, scaled, out, false};
	return multiply(&product, threads);
}

static int allocate(struct zca *zca, size_t c, size_t h, size_t w)
{
	size_t d = c * h * w;
	*zca = (struct zca){.c = c, .h = h, .w = w, .d = d};
	zca->mean = mem_alloc(d, sizeof *zca->mean);
	zca->whiten = mem_alloc(d * d, sizeof *zca->whiten);
	zca->inverse = mem_alloc(d * d, sizeof *zca->inverse);
	zca->variance = mem_alloc(d, sizeof *zca->variance);
	return zca->mean && zca->whiten && zca->inverse && zca->variance ? 0 : -1;
}

int zca_learn(const struct zca_sums *sums, size_t c, size_t h, size_t w, double shrinkage,
    size_t threads, struct zca *zca)
{
	size_t d = sums->d;
	*zca = (struct zca){0};
	if (sums->n < 2)
		return err_set("components: %zu image%s; a covariance needs more", sums->n,
		    sums->n == 1 ? "" : "s");
	if (c * h * w != d)
		return err_set("components: %zu numbers are not (%zu, %zu, %zu)", d, c, h, w);
	start_blas();
	double *vectors = mem_alloc(d * d, sizeof *vectors),
	       *scaled = mem_alloc(d * d, sizeof *scaled);
	double *variance = mem_alloc(d, sizeof *variance);
	int status = vectors && scaled && variance ? allocate(zca, c, h, w) : -1;
	if (status == 0) {
		covariance(sums, vectors);
		status = eigen(vectors, d, variance);
	}
	if (status == 0) {
		double trace = 0, largest = variance[d - 1];
		for (size_t i = 0; i < d; i++) {
			zca->mean[i] = sums->shift[i] + sums->sum[i] / (double)sums->n;
			zca->variance[i] = variance[d - 1 - i];
			trace += variance[i];
		}
		for (size_t i = 0; i < d; i++)
			variance[i] = (1 - shrinkage) * variance[i] + shrinkage * trace / (double)d;
		if (!(largest > 0) || !(variance[0] > SINGULAR * largest))
			status = err_set("components: the covariance of %zu images of %zu numbers "
					 "is singular: more "
					 "images or more shrinkage",
			    sums->n, d);
	}
	if (status == 0)
		status = matrix_power(vectors, variance, d, -0.5, scaled, zca->whiten, threads);
	if (status == 0)
		status = matrix_power(vectors, variance, d, 0.5, scaled, zca->inverse, threads);
	free(vectors);
	free(scaled);
	free(variance);
	if (status < 0)
		zca_free(zca);
	return status;
}

void zca_free(struct zca *zca)
{
	free(zca->mean);
	free(zca->whiten);
	free(zca->inverse);
	free(zca->variance);
	*zca = (struct zca){0};
}

/* ---- applying it ---- */

/* y = matrix (x - before) + after; before, after (d) or NULL */
static int apply(const double *matrix, const double *before, const double *after, size_t d,
    const float *x, float *y, size_t n, size_t threads)
{
	start_blas();
	size_t most = size_min(n, VECTORS);
	double *in = mem_alloc(most * d, sizeof *in), *out = mem_alloc(most * d, sizeof *out);
	int status = in && out ? 0 : -1;
	for (size_t done = 0, now; status == 0 && done < n; done += now) {
		now = size_min(n - done, most);
		for (size_t i = 0; i < now * d; i++)
			in[i] = (double)x[done * d + i] - (before ? before[i % d] : 0);
		/* the matrix is symmetric */
		struct product product = {CblasNoTrans, now, d, d, in, matrix, out, false};
		status = multiply(&product, threads);
		for (size_t i = 0; i < now * d; i++)
			y[done * d + i] = (float)(out[i] + (after ? after[i % d] : 0));
	}
	free(in);
	free(out);
	return status;
}

int zca_exec(const struct zca *zca, const float *x, float *y, size_t n, size_t threads)
{
	return apply(zca->whiten, zca->mean, NULL, zca->d, x, y, n, threads);
}

int zca_unwhiten(const struct zca *zca, const float *y, float *x, size_t n, size_t threads)
{
	return apply(zca->inverse, NULL, zca->mean, zca->d, y, x, n, threads);
}

/* ---- files ---- */

int zca_save(const struct zca *zca, const char *file)
{
	size_t shape[] = {zca->d, zca->c, zca->h, zca->w}, grey[] = {zca->d, zca->h, zca->w};
	size_t *bank = zca->c > 1 ? shape : grey, rank = zca->c > 1 ? 4 : 3;
	struct npys_out *out = npys_create(file);
	if (!out)
		return -1;
	if (npys_put_double(out, rank - 1, bank + 1, zca->mean) < 0 ||
	    npys_put_double(out, rank, bank, zca->whiten) < 0 ||
	    npys_put_double(out, rank, bank, zca->inverse) < 0 ||
	    npys_put_double(out, 1, &zca->d, zca->variance) < 0) {
		npys_abandon(out);
		return -1;
	}
	return npys_close(out);
}

/* The next record into x; its shape must be that. 0 or -1. */
static int load(struct npys_in *in, size_t rank, const size_t *shape, double *x)
{
	struct npys_header h;
	int status = npys_next(in, &h);
	if (status < 0)
		return -1;
	if (status == 0 || h.rank != rank || memcmp(h.shape, shape, rank * sizeof *shape) != 0)
		return err_set("%s: not a saved transform", npys_file(in));
	return npys_read_double(in, x, h.items);
}

int zca_load(struct zca *zca, const char *file)
{
	*zca = (struct zca){0};
	struct npys_in *in = npys_open_file(file);
	struct npys_header h;
	int status = in ? npys_next(in, &h) : -1;
	if (status > 0) {
		size_t c = h.rank == 3 ? h.shape[0] : 1;
		if ((h.rank != 2 && h.rank != 3) || h.elements < 1 || h.elements > ZCA_SIZE_MAX)
			status = err_set("%s: not a saved transform", npys_file(in));
		else
			status = allocate(zca, c, h.shape[h.rank - 2], h.shape[h.rank - 1]);
	}
	if (status == 0) {
		size_t d = zca->d, shape[] = {d, zca->c, zca->h, zca->w},
		       grey[] = {d, zca->h, zca->w};
		size_t *bank = h.rank == 3 ? shape : grey, rank = h.rank + 1;
		if (npys_read_double(in, zca->mean, h.items) < 0 ||
		    load(in, rank, bank, zca->whiten) < 0 ||
		    load(in, rank, bank, zca->inverse) < 0 || load(in, 1, &d, zca->variance) < 0)
			status = -1;
		else if ((status = npys_next(in, &h)) > 0)
			status = err_set("%s: not a saved transform", npys_file(in));
	}
	npys_close_in(in);
	if (status < 0)
		zca_free(zca);
	return status;
}
