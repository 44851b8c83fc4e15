/* Passes over whole images: see evaluate.h. */
#include <math.h>
#include <stdlib.h>
#include "base/error.h"
#include "base/memory.h"
#include "net/evaluate.h"

/* What a pass adds up of each run of the network. */
struct pass {
	const struct evaluate_degraded *degraded; /* NULL: images as they are */
	size_t iterations;
	bool classify;
	/* labels (n) of the images of the last run */
	void (*add)(const struct network *net, const int32_t *labels, double *sums);
};

/* The images of a pass, in pieces: x (n, h, w) and labels (n) of those that this process holds. */
struct piece {
	const struct data_part *part;
	const struct evaluate_degraded *degraded;
	size_t position; /* in the part, of the next image */
	float *image;    /* (h, w) */
	real *x;
	int32_t *labels;
};

/* Up to `room` of the next images; how many they are in *n. 0 or -1. */
static int take(struct piece *piece, size_t room, size_t *n)
{
	const struct data_part *part = piece->part;
	const struct data *data = part->data;
	size_t pixels = data->h * data->w;
	for (*n = 0; *n < room && piece->position < part->count; piece->position++) {
		size_t image = part->image[piece->position];
		if (data_owner(data, image) != data->comm->rank)
			continue;
		data_crop(data, image, 0, 0, data->h, data->w, false, piece->image);
		if (piece->degraded) {
			struct rng rng =
			    rng_start(piece->degraded->seed, RNG_DEGRADE_WHOLE, 0, image);
			if (degrade_image(&piece->degraded->degrade, &rng, data->h, data->w,
				piece->image) < 0)
				return -1;
		}
		for (size_t p = 0; p < pixels; p++)
			piece->x[*n * pixels + p] = (real)piece->image[p];
		piece->labels[(*n)++] = data->labels[image];
	}
	return 0;
}

/* sums (count), zero at first, become those over all images of the part. */
static int run_pass(struct network *net, const struct data_part *part, const struct pass *pass,
    double *sums, size_t count)
{
	const struct data *data = part->data;
	size_t pixels = data->h * data->w, n;
	size_t chunk = network_chunk(net, data->h, data->w, pass->iterations);
	struct piece piece = {part, pass->degraded, 0, mem_alloc(pixels, sizeof *piece.image),
	    mem_alloc(chunk * pixels, sizeof *piece.x), mem_alloc(chunk, sizeof *piece.labels)};
	int status = piece.image && piece.x && piece.labels ? 0 : -1;
	while (status == 0) {
		status = take(&piece, chunk, &n);
		if (status < 0 || n == 0)
			break;
		status = network_run(
		    net, piece.x, n, data->h, data->w, pass->iterations, pass->classify);
		if (status == 0)
			pass->add(net, piece.labels, sums);
	}
	free(piece.image);
	free(piece.x);
	free(piece.labels);
	return status < 0 ? -1 : data->comm->sum(sums, count);
}

static void add_score(const struct network *net, const int32_t *labels, double *sums)
{
	double loss;
	size_t correct;
	network_score(net, labels, &loss, &correct);
	sums[0] += loss;
	sums[1] += (double)correct;
}

int evaluate_score(struct network *net, const struct data_part *part,
    const struct evaluate_degraded *degraded, size_t iterations, double *loss, double *accuracy)
{
	const struct pass pass = {degraded, iterations, true, add_score};
	double sums[2] = {0};
	*loss = *accuracy = NAN;
	if (part->count == 0)
		return 0;
	if (run_pass(net, part, &pass, sums, 2) < 0)
		return err_context("validation");
	*loss = sums[0] / (double)part->count;
	*accuracy = sums[1] / (double)part->count;
	return 0;
}

static void add_square(const struct network *net, const int32_t *labels, double *sums)
{
	(void)labels;
	network_square(net, sums);
}

int evaluate_rms(struct network *net, const struct data_part *part)
{
	const struct network_tensor *rms = network_find(net, "v1.rms");
	const struct pass pass = {NULL, 0, false, add_square};
	double pixels = (double)part->data->h * (double)part->data->w;
	double *square = mem_alloc(rms->elements, sizeof *square);
	if (!square)
		return -1;
	int status = run_pass(net, part, &pass, square, rms->elements);
	for (size_t f = 0; status == 0 && f < rms->elements; f++)
		rms->x[f] = (real)sqrt(square[f] / ((double)part->count * pixels));
	free(square);
	return status < 0 ? err_context("v1.rms over the training images") : 0;
}
