/* Responses over a stream: see respond.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "net/covariance.h"
#include "net/jacobian.h"
#include "net/respond.h"
#include "net/score.h"
#include "net/tuning.h"
#include "table/table.h"

/* Letters: n images of h x w, F filters, C classes. */
struct respond {
	struct network *net;
	struct respond_options options;
	size_t filters, classes, iterations;
	bool scored, classify; /* logits against labels; run the head */
	struct covariance *covariance;
	struct jacobian *jacobian;
	struct tuning *tuning;
	struct score score;
	struct table_out *middle;
	size_t images;  /* in the table of responses */
	size_t waiting; /* images of the last batch, until their labels come */
	real *logits;   /* (waiting, C), as the next kept for them */
	float *centre;  /* (waiting, F, TUNING_PLACES) */
};

#define LATERAL_MAX ((size_t)1 << 28) /* numbers of a kernel that is read to be looked at */

int respond_read_lateral(struct network *net, const char *file)
{
	const struct network_tensor *t = network_find(net, "lateral.weight");
	struct npys_array kernel;
	if (npys_load(file, &kernel, LATERAL_MAX) < 0)
		return -1;
	const struct npys_header *h = &kernel.header;
	int status = 0;
	if (h->rank != t->rank || memcmp(h->shape, t->shape, t->rank * sizeof *t->shape) != 0)
		status = err_set("%s: not (%zu, %zu, %zu, %zu), as the model's lateral kernel",
		    file, t->shape[0], t->shape[1], t->shape[2], t->shape[3]);
	for (size_t i = 0; status == 0 && i < t->elements; i++)
		t->x[i] = (real)kernel.x[i];
	npys_array_free(&kernel);
	return status;
}

struct respond *respond_create(
    struct network *net, const struct respond_options *options, size_t threads)
{
	const struct network_options *o = network_options(net);
	struct respond *r = mem_alloc(1, sizeof *r);
	if (!r)
		return NULL;
	r->net = net;
	r->options = *options;
	r->filters = o->filters;
	r->classes = o->classes;
	r->scored = options->accuracy || options->confusion;
	r->classify =
	    r->scored || (options->output == RESPOND_LAYER && options->layer == NETWORK_LOGITS);
	r->iterations = options->iterations;
	bool covariance = options->output == RESPOND_COVARIANCE;
	if (covariance && !r->scored && !options->tuning && !options->middle)
		r->iterations = 0; /* h0 is before them */
	if ((options->middle &&
		!(r->middle = table_create(options->middle, "image filter response"))) ||
	    (r->scored && score_create(&r->score, r->classes) < 0) ||
	    (covariance &&
		!(r->covariance = covariance_create(r->filters, options->radius, threads))) ||
	    (options->output == RESPOND_JACOBIAN &&
		!(r->jacobian = jacobian_create(net, options->radius, r->iterations, threads)))) {
		respond_free(r);
		return NULL;
	}
	return r;
}

void respond_free(struct respond *r)
{
	if (!r)
		return;
	covariance_free(r->covariance);
	jacobian_free(r->jacobian);
	tuning_free(r->tuning);
	table_abandon(r->middle);
	score_free(&r->score);
	free(r->logits);
	free(r->centre);
	free(r);
}

static int in_record(const struct npys_in *in)
{
	return err_context("%s: record %zu", npys_file(in), npys_record(in));
}

/* Tables need the labels of every batch. */
static int check_labelled(const struct respond *r, const struct npys_in *in)
{
	if (r->waiting > 0 && (r->scored || r->tuning))
		return err_set("%s: %zu images without labels: the tables need them", npys_file(in),
		    r->waiting);
	return 0;
}

/* Only once a batch has come: stimuli, at the other end of a pipe, has then written its table. */
static int read_design(struct respond *r)
{
	struct table design;
	if (table_read(r->options.stimuli, &design) < 0)
		return -1;
	r->tuning = tuning_create(&design, r->filters, TUNING_PLACES);
	table_free(&design);
	return r->tuning ? 0 : -1;
}

/* What units do without a grating: their response to an image (h, w) of the gratings' mean luminance. */
static int respond_to_blank(struct respond *r, size_t h, size_t w)
{
	size_t numbers, pixels = h * w;
	if (isnan(tuning_mean(r->tuning)))
		return 0;
	if (mem_multiply(r->filters, pixels, &numbers) < 0)
		return -1;
	real *x = mem_alloc(pixels, sizeof *x), *y = mem_alloc(numbers, sizeof *y);
	float *middle = mem_alloc(r->filters * TUNING_PLACES, sizeof *middle);
	for (size_t i = 0; x && i < pixels; i++)
		x[i] = (real)tuning_mean(r->tuning);
	int status = x && y && middle ? network_run(r->net, x, 1, h, w, r->iterations, false) : -1;
	if (status == 0) {
		network_get(r->net, NETWORK_HT, y);
		tuning_centre(y, r->filters, h, w, middle);
		tuning_blank(r->tuning, middle);
	}
	free(x);
	free(y);
	free(middle);
	return status;
}

/* Room for what is kept of a batch until its labels come. */
static int reserve_waiting(struct respond *r, size_t n)
{
	if (r->scored) {
		free(r->logits);
		r->logits = mem_alloc(n, r->classes * sizeof *r->logits);
		if (!r->logits)
			return -1;
	}
	if (r->tuning) {
		free(r->centre);
		r->centre = mem_alloc(n, r->filters * TUNING_PLACES * sizeof *r->centre);
		if (!r->centre)
			return -1;
	}
	return 0;
}

/* The header of a batch's responses. */
static int header_of(const struct respond *r, const struct batch *batch, struct npys_header *header)
{
	const size_t v1[] = {batch->n, r->filters, batch->h, batch->w};
	const size_t logits[] = {batch->n, r->classes};
	if (r->options.layer == NETWORK_A)
		return npys_shape(header, NPYS_F4, batch->rank, batch->header.shape);
	if (r->options.layer == NETWORK_HT)
		return npys_shape(header, NPYS_F4, 4, v1);
	return npys_shape(header, NPYS_F4, 2, logits);
}

static void to_float(const real *x, size_t count, float *y)
{
	for (size_t i = 0; i < count; i++)
		y[i] = (float)x[i];
}

/* A chunk of a batch: n images, at most `room`, from number `first` on. */
struct chunk {
	size_t first, n, room, h, w;
	float *images; /* (n, h, w) as they come */
	real *x;       /* (n, h, w) */
	real *y;       /* (n, F, h, w) or (n, C) */
};

/* header: of the whole batch */
static int write_responses(const struct respond *r, const struct chunk *chunk,
    const struct npys_header *header, size_t images, struct npys_out *out)
{
	size_t items = header->items / images, numbers = header->elements / images;
	float *image = mem_alloc(numbers, sizeof *image);
	int status = image ? 0 : -1;
	network_get(r->net, r->options.layer, chunk->y);
	for (size_t i = 0; i < chunk->n && status == 0; i++) {
		to_float(chunk->y + i * numbers, numbers, image);
		status = npys_write_float(out, image, items);
	}
	free(image);
	return status;
}

/* The responses of n images in the middle, averaged over its places: a row each, filters running fastest. */
static int write_middle(struct respond *r, const struct chunk *chunk)
{
	size_t rows = chunk->n * r->filters;
	float *middle = mem_alloc(rows * TUNING_PLACES, sizeof *middle);
	if (!middle)
		return -1;
	network_get(r->net, NETWORK_HT, chunk->y);
	tuning_centre(chunk->y, rows, chunk->h, chunk->w, middle);
	for (size_t i = 0; i < rows; i++) {
		double sum = 0;
		for (size_t k = 0; k < TUNING_PLACES; k++)
			sum += (double)middle[i * TUNING_PLACES + k];
		table_int(r->middle, (long long)(r->images + i / r->filters));
		table_int(r->middle, (long long)(i % r->filters));
		table_real(r->middle, sum / TUNING_PLACES);
	}
	r->images += chunk->n;
	free(middle);
	return 0;
}

/* What a chunk that was run gives to the tables and kernels. */
static int collect(struct respond *r, const struct chunk *chunk)
{
	size_t n = chunk->n, h = chunk->h, w = chunk->w, place = r->filters * TUNING_PLACES;
	if (r->scored)
		network_get(r->net, NETWORK_LOGITS, r->logits + chunk->first * r->classes);
	if (r->tuning) {
		network_get(r->net, NETWORK_HT, chunk->y);
		tuning_centre(chunk->y, n * r->filters, h, w, r->centre + chunk->first * place);
	}
	if (r->middle && write_middle(r, chunk) < 0)
		return -1;
	if (r->jacobian && jacobian_add(r->jacobian, r->net, n, h, w) < 0)
		return -1;
	if (!r->covariance)
		return 0;
	network_get(r->net, NETWORK_H0, chunk->y);
	return covariance_add(r->covariance, chunk->y, n, h, w);
}

static int run_chunks(struct respond *r, struct npys_in *in, const struct batch *batch,
    struct npys_out *out, struct progress *progress, struct chunk *chunk)
{
	struct npys_header header;
	bool writes = r->options.output == RESPOND_LAYER;
	if (writes && (header_of(r, batch, &header) < 0 || npys_begin(out, &header) < 0))
		return -1;
	size_t pixels = batch->h * batch->w;
	for (; chunk->first < batch->n; chunk->first += chunk->n) {
		size_t left = batch->n - chunk->first;
		chunk->n = size_min(left, chunk->room);
		if (batch_read(in, batch, chunk->images, chunk->n) < 0)
			return -1;
		for (size_t i = 0; i < chunk->n * pixels; i++)
			chunk->x[i] = (real)chunk->images[i];
		if (network_run(r->net, chunk->x, chunk->n, chunk->h, chunk->w, r->iterations,
			r->classify) < 0)
			return in_record(in);
		if (collect(r, chunk) < 0 ||
		    (writes && write_responses(r, chunk, &header, batch->n, out) < 0))
			return -1;
		progress_add(progress, chunk->n, NULL);
	}
	return 0;
}

int respond_images(struct respond *r, struct npys_in *in, const struct batch *batch,
    struct npys_out *out, struct progress *progress)
{
	if (check_labelled(r, in) < 0)
		return -1;
	if (batch->c > 1)
		return err_set("%s: record %zu: %zu channels; the network takes grey images",
		    npys_file(in), npys_record(in), batch->c);
	if (r->options.tuning && !r->tuning &&
	    (read_design(r) < 0 || respond_to_blank(r, batch->h, batch->w) < 0))
		return -1;
	size_t room = network_chunk(r->net, batch->h, batch->w, r->iterations);
	room = size_min(room, batch->n);
	size_t pixels = batch->h * batch->w, numbers;
	if (mem_multiply(room * r->filters, pixels, &numbers) < 0 ||
	    reserve_waiting(r, batch->n) < 0)
		return -1;
	numbers = numbers < room * r->classes ? room * r->classes : numbers;
	struct chunk chunk = {.room = room,
	    .h = batch->h,
	    .w = batch->w,
	    .images = mem_alloc(room * pixels, sizeof *chunk.images),
	    .x = mem_alloc(room * pixels, sizeof *chunk.x),
	    .y = mem_alloc(numbers, sizeof *chunk.y)};
	int status = chunk.images && chunk.x && chunk.y ? 0 : -1;
	if (status == 0)
		status = run_chunks(r, in, batch, out, progress, &chunk);
	r->waiting = batch->n;
	free(chunk.images);
	free(chunk.x);
	free(chunk.y);
	return status;
}

static int use_labels(struct respond *r, const int64_t *labels, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (r->scored && score_add(&r->score, r->logits + i * r->classes, labels[i]) < 0)
			return -1;
		if (r->tuning && tuning_add(r->tuning, (size_t)labels[i],
				     r->centre + i * r->filters * TUNING_PLACES) < 0)
			return -1;
	}
	return 0;
}

int respond_labels(
    struct respond *r, struct npys_in *in, const struct batch *batch, struct npys_out *out)
{
	size_t n = batch->header.items;
	int64_t *labels = mem_alloc(n, sizeof *labels);
	int status = labels ? batch_read_labels(in, batch, labels) : -1;
	if (status == 0 && use_labels(r, labels, n) < 0)
		status = in_record(in);
	if (status == 0 && r->options.output == RESPOND_LAYER &&
	    (npys_begin(out, &batch->header) < 0 || npys_write_int(out, labels, n) < 0 ||
		npys_flush(out) < 0))
		status = -1;
	free(labels);
	r->waiting = 0;
	return status;
}

static int write_kernel(const struct respond *r, struct npys_out *out)
{
	size_t side = 2 * r->options.radius + 1;
	const size_t shape[] = {r->filters, r->filters, side, side};
	struct npys_header header;
	if (npys_shape(&header, NPYS_F4, 4, shape) < 0)
		return -1;
	double *kernel = mem_alloc(header.elements, sizeof *kernel);
	int status = !kernel         ? -1
		     : r->covariance ? covariance_result(r->covariance, kernel)
				     : jacobian_result(r->jacobian, kernel);
	if (status == 0)
		status = npys_begin(out, &header);
	if (status == 0)
		status = npys_write_double(out, kernel, header.items);
	free(kernel);
	return status;
}

int respond_end(struct respond *r, const struct npys_in *in, struct npys_out *out)
{
	const struct respond_options *o = &r->options;
	if (check_labelled(r, in) < 0 ||
	    (o->accuracy && score_write_accuracy(&r->score, o->accuracy) < 0) ||
	    (o->confusion && score_write_confusion(&r->score, o->confusion) < 0) ||
	    (r->tuning && tuning_write(r->tuning, (double)r->iterations, o->tuning) < 0))
		return -1;
	struct table_out *middle = r->middle;
	r->middle = NULL;
	if (middle && table_close(middle) < 0)
		return -1;
	return r->covariance || r->jacobian ? write_kernel(r, out) : 0;
}
