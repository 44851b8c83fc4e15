/* Whitening of larger images: see zca_images.h. */
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "conv/filter2d.h"
#include "conv/zca_images.h"

#define PATCHES 1024 /* cut out at a time */

int zca_add_patches(struct zca_sums *sums, const float *x, size_t n, size_t c, size_t h, size_t w,
    size_t ph, size_t pw, size_t threads)
{
	if (h < ph || w < pw)
		return err_set(
		    "components: no patch of %zux%zu in an image of %zux%zu", ph, pw, h, w);
	size_t across = w - pw + 1, positions = across * (h - ph + 1), d = c * ph * pw;
	size_t most = n * positions < PATCHES ? n * positions : PATCHES;
	float *patches = mem_alloc(most * d, sizeof *patches);
	int status = patches ? 0 : -1;
	for (size_t done = 0, now; status == 0 && done < n * positions; done += now) {
		now = n * positions - done < most ? n * positions - done : most;
		for (size_t p = 0; p < now; p++) {
			size_t image = (done + p) / positions, at = (done + p) % positions;
			const float *from = x + image * c * h * w + at / across * w + at % across;
			for (size_t line = 0; line < c * ph; line++)
				memcpy(patches + p * d + line * pw,
				    from + (line / ph * h + line % ph) * w, pw * sizeof *patches);
		}
		status = zca_sums_add(sums, patches, now, threads);
	}
	free(patches);
	return status;
}

struct learning {
	struct zca_sums *sums;
	size_t c, h, w, patch, threads; /* of the vectors; 0: whole images */
	float *x;
	size_t room;
};

/* The images of one batch. */
static int learn_batch(
    struct learning *l, struct npys_in *in, const struct batch *batch, struct npys_out *keep)
{
	if (!l->sums) {
		l->c = batch->c;
		l->h = l->patch ? l->patch : batch->h;
		l->w = l->patch ? l->patch : batch->w;
		l->sums = zca_sums_start(l->c * l->h * l->w);
		if (!l->sums)
			return -1;
	}
	if (batch->c != l->c || (!l->patch && (batch->h != l->h || batch->w != l->w)))
		return err_set("%s: record %zu: images of (%zu, %zu, %zu) after (%zu, %zu, %zu)",
		    npys_file(in), npys_record(in), batch->c, batch->h, batch->w, l->c, l->h, l->w);
	size_t chunk = batch_chunk(batch), rows = batch->rank == 2 ? batch->h : 1;
	if (chunk * batch->pixels > l->room) {
		free(l->x);
		l->room = 0;
		l->x = mem_alloc(chunk * batch->pixels, sizeof *l->x);
		if (!l->x)
			return -1;
		l->room = chunk * batch->pixels;
	}
	struct npys_header header;
	if (keep && (npys_shape(&header, NPYS_F4, batch->rank, batch->header.shape) < 0 ||
			npys_begin(keep, &header) < 0))
		return -1;
	for (size_t done = 0, now; done < batch->n; done += now) {
		now = size_min(batch->n - done, chunk);
		if (batch_read(in, batch, l->x, now) < 0 ||
		    (keep && npys_write_float(keep, l->x, now * rows) < 0) ||
		    (l->patch ? zca_add_patches(l->sums, l->x, now, l->c, batch->h, batch->w, l->h,
				    l->w, l->threads)
			      : zca_sums_add(l->sums, l->x, now, l->threads)) < 0)
			return -1;
	}
	return 0;
}

int zca_learn_stream(struct npys_in *in, struct npys_out *keep, size_t patch, double shrinkage,
    size_t threads, struct zca *zca)
{
	struct learning l = {.patch = patch, .threads = threads};
	struct batch batch = {0};
	int status;
	while ((status = batch_next(in, &batch)) > 0) {
		if (!batch.labels)
			status = learn_batch(&l, in, &batch, keep);
		else if (keep)
			status = batch_pass(in, &batch, keep);
		if (status < 0)
			break;
	}
	if (status == 0)
		status = zca_learn(l.sums, l.c, l.h, l.w, shrinkage, threads, zca);
	zca_sums_free(l.sums);
	free(l.x);
	return status;
}

struct zca_filter {
	size_t c, h, w;
	struct filter2d **filter; /* (c, c): to, from */
	float *mean;              /* (c) */
	float *in, *out;          /* (room, h, w): one channel of all images */
	size_t room;
};

struct zca_filter *zca_filter_plan(const struct zca *zca, size_t h, size_t w, size_t threads)
{
	size_t c = zca->c, plane = zca->h * zca->w;
	size_t centre = (zca->h - 1) / 2 * zca->w + (zca->w - 1) / 2;
	struct zca_filter *f = calloc(1, sizeof *f);
	if (!f) {
		err_set("components: no room for their filter");
		return NULL;
	}
	f->c = c;
	f->h = h;
	f->w = w;
	f->filter = mem_alloc(c * c, sizeof(struct filter2d *));
	f->mean = mem_alloc(c, sizeof *f->mean);
	if (!f->filter || !f->mean)
		goto fail;
	for (size_t i = 0; i < zca->d; i++)
		f->mean[i / plane] += (float)(zca->mean[i] / (double)plane);
	for (size_t i = 0; i < c * c; i++) {
		const double *row = zca->whiten + (i / c * plane + centre) * zca->d;
		f->filter[i] = filter2d_plan(
		    h, w, zca->h, zca->w, row + i % c * plane, BORDER_MIRROR, threads);
		if (!f->filter[i])
			goto fail;
	}
	return f;
fail:
	zca_filter_free(f);
	return NULL;
}

void zca_filter_free(struct zca_filter *f)
{
	if (!f)
		return;
	for (size_t i = 0; f->filter && i < f->c * f->c; i++)
		filter2d_free(f->filter[i]);
	free(f->filter);
	free(f->mean);
	free(f->in);
	free(f->out);
	free(f);
}

int zca_filter_exec(struct zca_filter *f, const float *x, float *y, size_t n)
{
	size_t pixels = f->h * f->w, c = f->c;
	if (n > f->room) {
		free(f->in);
		free(f->out);
		f->room = 0;
		f->in = mem_alloc(n * pixels, sizeof *f->in);
		f->out = mem_alloc(n * pixels, sizeof *f->out);
		if (!f->in || !f->out)
			return -1;
		f->room = n;
	}
	memset(y, 0, n * c * pixels * sizeof *y);
	for (size_t from = 0; from < c; from++) {
		for (size_t i = 0; i < n * pixels; i++)
			f->in[i] = x[(i / pixels * c + from) * pixels + i % pixels] - f->mean[from];
		for (size_t to = 0; to < c; to++) {
			if (filter2d_exec(f->filter[to * c + from], f->in, f->out, n) < 0)
				return -1;
			for (size_t i = 0; i < n * pixels; i++)
				y[(i / pixels * c + to) * pixels + i % pixels] += f->out[i];
		}
	}
	return 0;
}
