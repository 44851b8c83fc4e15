/* Passes over whole images: see whole.h. */
#include <math.h>
#include <stdlib.h>
#include "base/error.h"
#include "base/memory.h"
#include "net/whole.h"

/* What a pass adds up of each run of the network. */
struct pass {
	size_t iterations;
	bool classify;
	/* labels (n) of the images of the last run */
	void (*add)(const struct network *net, const int32_t *labels, double *sums);
};

/* Up to `room` images of the part from *position on, of those that this process holds: x (n, h, w), labels (n). */
static size_t take(
    const struct data_part *part, size_t *position, size_t room, real *x, int32_t *labels)
{
	const struct data *data = part->data;
	size_t n = 0;
	for (; n < room && *position < part->count; ++*position) {
		size_t image = part->image[*position];
		if (data_owner(data, image) != data->comm->rank)
			continue;
		data_crop(data, image, 0, 0, data->h, data->w, false, x + n * data->h * data->w);
		labels[n++] = data->labels[image];
	}
	return n;
}

/* sums (count), zero at first, become those over all images of the part. */
static int run_pass(struct network *net, const struct data_part *part, const struct pass *pass,
    double *sums, size_t count)
{
	const struct data *data = part->data;
	size_t chunk = network_chunk(net, data->h, data->w, pass->iterations), n, position = 0;
	real *x = mem_alloc(chunk * data->h * data->w, sizeof *x);
	int32_t *labels = mem_alloc(chunk, sizeof *labels);
	int status = x && labels ? 0 : -1;
	while (status == 0 && (n = take(part, &position, chunk, x, labels)) > 0) {
		status = network_run(net, x, n, data->h, data->w, pass->iterations, pass->classify);
		if (status == 0)
			pass->add(net, labels, sums);
	}
	free(x);
	free(labels);
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

int whole_score(struct network *net, const struct data_part *part, size_t iterations, double *loss,
    double *accuracy)
{
	const struct pass pass = {iterations, true, add_score};
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

int whole_rms(struct network *net, const struct data_part *part)
{
	const struct network_tensor *rms = network_find(net, "v1.rms");
	const struct pass pass = {0, false, add_square};
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
