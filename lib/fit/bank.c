/* Filter banks: see bank.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "fit/bank.h"
#include "tensor/tensors.h"

/* LAPACK: a (m, n) column-major becomes u diag(s) vt */
extern void dgesvd_(const char *jobu, const char *jobvt, const int *m, const int *n, double *a,
    const int *lda, double *s, double *u, const int *ldu, double *vt, const int *ldvt, double *work,
    const int *lwork, int *info);

#define SVD_MAX 1000000 /* rows or columns of a filter as a matrix */

/* What a decomposition of (C, n) matrices needs; n = h*w. */
struct svd {
	int spatial, channels, least, room;
	double *a, *s, *u, *vt, *work; /* (C, n), (least), (least, n), (C, least), (room) */
};

static void svd_free(struct svd *svd)
{
	free(svd->a);
	free(svd->s);
	free(svd->u);
	free(svd->vt);
	free(svd->work);
}

static int svd_call(struct svd *svd, int room)
{
	int info = 0;
	dgesvd_("S", "S", &svd->spatial, &svd->channels, svd->a, &svd->spatial, svd->s, svd->u,
	    &svd->spatial, svd->vt, &svd->least, svd->work, &room, &info);
	return info;
}

static int svd_start(struct svd *svd, size_t channels, size_t spatial)
{
	if (channels > SVD_MAX || spatial > SVD_MAX)
		return err_set(
		    "%zu channels of %zu pixels: too large for a decomposition", channels, spatial);
	size_t least = size_min(channels, spatial);
	double room;
	*svd =
	    (struct svd){.spatial = (int)spatial, .channels = (int)channels, .least = (int)least};
	svd->a = mem_alloc(channels * spatial, sizeof *svd->a);
	svd->s = mem_alloc(least, sizeof *svd->s);
	svd->u = mem_alloc(least * spatial, sizeof *svd->u);
	svd->vt = mem_alloc(channels * least, sizeof *svd->vt);
	if (!svd->a || !svd->s || !svd->u || !svd->vt)
		return -1;
	svd->work = &room;
	int info = svd_call(svd, -1);
	svd->work = NULL;
	if (info)
		return err_set("singular values of %zu channels: LAPACK gives %d", channels, info);
	svd->room = (int)room;
	return (svd->work = mem_alloc((size_t)svd->room, sizeof *svd->work)) ? 0 : -1;
}

/* x (C, n) to y (n), its dominant spatial component. The rows of x, channels, are LAPACK's columns. */
static int dominant(struct svd *svd, const double *x, double *y, double *share)
{
	size_t n = (size_t)svd->spatial, channels = (size_t)svd->channels;
	double scale = 0, all = 0, weights = 0;
	for (size_t i = 0; i < channels * n; i++)
		scale = fmax(scale, fabs(x[i]));
	if (scale == 0) {
		memset(y, 0, n * sizeof *y);
		*share = NAN;
		return 0;
	}
	for (size_t i = 0; i < channels * n; i++)
		svd->a[i] = x[i] / scale;
	int info = svd_call(svd, svd->room);
	if (info)
		return err_set("singular values: LAPACK gives %d", info);
	for (size_t i = 0; i < (size_t)svd->least; i++)
		all += svd->s[i] * svd->s[i];
	for (size_t c = 0; c < channels; c++)
		weights += svd->vt[c * (size_t)svd->least];
	double factor = (weights < 0 ? -1 : 1) * svd->s[0] * scale;
	for (size_t i = 0; i < n; i++)
		y[i] = factor * svd->u[i];
	*share = svd->s[0] * svd->s[0] / all;
	return 0;
}

static int reduce(struct bank *bank, const double *x)
{
	size_t n = extent_pixels(bank->size);
	int status = 0;
	struct svd svd;
	if (svd_start(&svd, bank->channels, n) < 0)
		status = -1;
	for (size_t i = 0; i < bank->filters && !status; i++) {
		status = dominant(
		    &svd, x + i * bank->channels * n, bank->x + i * n, bank->spatial_share + i);
		if (status)
			err_context("filter %zu", i);
	}
	svd_free(&svd);
	return status;
}

/* What an array probably is whose last axis is not the columns, with the way to say so; NULL: nothing speaks for that. */
static const char *channels_last(const struct npys_header *h)
{
	const size_t *n = h->shape;
	if (h->rank == 4 && n[3] != n[2] && (n[1] == n[2] || (n[3] <= 4 && n[1] > 4)))
		return "probably (filters, h, w, channels): in NumPy a.transpose(0, 3, 1, 2); if "
		       "it is "
		       "(filters, channels, h, w), add a channel of zeros";
	if (h->rank == 3 && n[0] == n[1] && n[1] != n[2])
		return "probably (h, w, filters): in NumPy a.transpose(2, 0, 1); if it is "
		       "(filters, h, "
		       "w), a[:, None]";
	return NULL;
}

/* Make an array into a bank and own it: 0, or -1 with a reason that does not name the file. */
static int from_array(struct npys_array *array, struct bank *bank)
{
	const struct npys_header *h = &array->header;
	if (h->rank < 2 || h->rank > 4)
		return err_set("a filter bank is (h, w), (filters, h, w) or (filters, channels, h, "
			       "w), this has rank %zu",
		    h->rank);
	const char *other = channels_last(h);
	if (other)
		return err_set("%s", other);
	if (h->elements == 0)
		return err_set("a filter bank without numbers");
	bank->filters = h->rank > 2 ? h->shape[0] : 1;
	bank->channels = h->rank > 3 ? h->shape[1] : 1;
	bank->size = (struct extent){h->shape[h->rank - 2], h->shape[h->rank - 1]};
	bank->spatial_share = mem_alloc(bank->filters, sizeof *bank->spatial_share);
	if (!bank->spatial_share)
		return -1;
	size_t n = extent_pixels(bank->size);
	if (bank->channels == 1) {
		bank->x = array->x;
		array->x = NULL;
		for (size_t i = 0; i < bank->filters; i++) {
			double largest = 0;
			for (size_t j = 0; j < n; j++)
				largest = fmax(largest, fabs(bank->x[i * n + j]));
			bank->spatial_share[i] = largest > 0 ? 1 : NAN;
		}
		return 0;
	}
	bank->x = mem_alloc(bank->filters * n, sizeof *bank->x);
	return bank->x ? reduce(bank, array->x) : -1;
}

static bool fits(const struct npys_header *h)
{
	return h->rank == 4 && h->shape[1] <= 4 && h->shape[2] >= 5 && h->shape[3] >= 5;
}

struct npys_in *bank_open(char *const *files, size_t count)
{
	return tensors_stream(files, count, fits);
}

int bank_next(struct npys_in *in, struct bank *bank)
{
	struct npys_array array = {0};
	*bank = (struct bank){0};
	int status = npys_next_array(in, &array, BANK_ELEMENTS_MAX);
	if (status <= 0)
		return status;
	bank->record = npys_record(in);
	if (from_array(&array, bank) < 0) {
		err_context("%s: record %zu", npys_file(in), bank->record);
		bank_free(bank);
		status = -1;
	}
	npys_array_free(&array);
	return status;
}

int bank_load(const char *file, struct bank *bank)
{
	struct npys_array array = {0};
	*bank = (struct bank){0};
	if (npys_load(file, &array, BANK_ELEMENTS_MAX) < 0)
		return -1;
	int status = from_array(&array, bank);
	if (status < 0) {
		err_context("%s", file);
		bank_free(bank);
	}
	npys_array_free(&array);
	return status;
}

int bank_load_single(const char *file, struct bank *bank)
{
	if (bank_load(file, bank) < 0)
		return -1;
	if (bank->filters == 1)
		return 0;
	err_set("%s: %zu filters where one is expected", file, bank->filters);
	bank_free(bank);
	return -1;
}

void bank_free(struct bank *bank)
{
	free(bank->x);
	free(bank->spatial_share);
	*bank = (struct bank){0};
}

void bank_convolve(const double *a, struct extent ka, const double *b, struct extent kb, double *e)
{
	struct extent k = bank_full(ka, kb);
	memset(e, 0, extent_pixels(k) * sizeof *e);
	for (size_t r = 0; r < ka.h; r++) {
		for (size_t c = 0; c < ka.w; c++) {
			for (size_t s = 0; s < kb.h; s++) {
				double *row = e + (r + s) * k.w + c;
				for (size_t d = 0; d < kb.w; d++)
					row[d] += a[r * ka.w + c] * b[s * kb.w + d];
			}
		}
	}
}

int bank_compose(struct bank *bank, const double *lgn, struct extent k0)
{
	struct extent k1 = bank->size, k = bank_full(k0, k1);
	size_t n, elements;
	if (mem_multiply(k.h, k.w, &n) < 0 || mem_multiply(n, bank->filters, &elements) < 0)
		return -1;
	double *x = mem_alloc(elements, sizeof *x);
	if (!x)
		return -1;
	for (size_t i = 0; i < bank->filters; i++)
		bank_convolve(lgn, k0, bank_filter(bank, i), k1, x + i * n);
	free(bank->x);
	bank->x = x;
	bank->size = k;
	return 0;
}
