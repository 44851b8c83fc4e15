/*
 * v1-respond: what a trained network (lib/net/network.h) answers to images: the responses of a
 * layer, accuracy, tuning to gratings, and two kernels over a stream, the covariance of responses
 * and the iterated kernel.
 */
#include <stdlib.h>
#include "base/memory.h"
#include "base/progress.h"
#include "base/threads.h"
#include "base/tool.h"
#include "net/covariance.h"
#include "net/jacobian.h"
#include "net/network.h"
#include "net/score.h"
#include "net/tuning.h"
#include "npys/batch.h"
#include "table/table.h"

enum layer { LGN, V1, LOGITS };

static int layer;
static const char *model_file, *accuracy, *confusion, *stimuli, *tuning_file, *output;
static size_t iterations, covariance_radius, jacobian_radius, threads;
static bool layer_given, iterations_given, covariance_given, jacobian_given, verbose;
static const struct opt options[] = {
    OPT_TEXT('m', "model", &model_file, NULL, "file", "the network, from train-v1"),
    OPT_CHOICE_GIVEN('l', "layer", &layer, &layer_given, "lgn,v1,logits",
	"write its responses (v1, if nothing else is asked for)"),
    OPT_COUNT_GIVEN('T', "iterations", &iterations, &iterations_given, CLOSED(0, 100), "number",
	"lateral propagations (the model's)"),
    OPT_TEXT(0, "accuracy", &accuracy, NULL, "file", "write a table of accuracy by class"),
    OPT_TEXT(0, "confusion", &confusion, NULL, "file", "write a table of answers by class"),
    OPT_TEXT(0, "stimuli", &stimuli, NULL, "file", "the table whose rows are the labels"),
    OPT_TEXT(0, "tuning", &tuning_file, NULL, "file", "write a table of tuning to gratings"),
    OPT_COUNT_GIVEN(0, "covariance", &covariance_radius, &covariance_given, CLOSED(0, 64), "px",
	"write the covariance of h0 up to this distance"),
    OPT_COUNT_GIVEN(0, "jacobian", &jacobian_radius, &jacobian_given, CLOSED(0, 64), "px",
	"write the iterated kernel up to this distance"),
    OPT_THREADS(&threads, "1"),
    OPT_VERBOSE(&verbose),
    OPT_OUTPUT(&output),
    OPT_END,
};
static const struct tool tool = {
    "v1-respond", "responses of a trained network to images", "[file ...]", 0, SIZE_MAX, options};

static struct network *net;
static size_t filters, classes;
static bool scored, classify, writes; /* logits against labels; run the head; write responses */
static struct covariance *covariance;
static struct jacobian *jacobian;
static struct tuning *tuning;
static struct score score;
static struct progress progress;
static size_t waiting;         /* images of the last batch, until their labels come */
static float *logits, *centre; /* (waiting, C) and (waiting, F, TUNING_PLACES), kept for them */

static void check_options(void)
{
	bool kernel = covariance_given || jacobian_given;

	scored = accuracy || confusion;
	if (!model_file)
		tool_usage("--model: a file is needed");
	if (covariance_given + jacobian_given + layer_given > 1)
		tool_usage("--layer, --covariance, --jacobian: the output has room for one");
	if (!stimuli != !tuning_file)
		tool_usage("--stimuli, --tuning: each needs the other");
	writes = layer_given || !(kernel || scored || tuning_file);
	if (!layer_given)
		layer = V1;
	if (output && !writes && !kernel)
		tool_usage("--output: only tables are asked for; --layer adds responses");
	classify = scored || (writes && layer == LOGITS);
}

static void start(void)
{
	struct model *model = tool_need(model_open(model_file));
	const struct network_options *o;

	net = tool_need(network_load(model, threads));
	model_close(model);
	o = network_options(net);
	filters = o->filters;
	classes = o->classes;
	iterations = iterations_given ? iterations : o->iterations;
	if (covariance_given && !scored && !tuning_file)
		iterations = 0; /* h0 is before them */
	if (scored)
		tool_check(score_create(&score, classes));
	if (covariance_given)
		covariance = tool_need(covariance_create(filters, covariance_radius, threads));
	if (jacobian_given)
		jacobian = tool_need(jacobian_create(net, jacobian_radius, iterations, threads));
}

/* Only once a batch has come: stimuli, at the other end of a pipe, has then written its table. */
static void read_design(void)
{
	struct table design;

	tool_check(table_read(stimuli, &design));
	tuning = tool_need(tuning_create(&design, filters, TUNING_PLACES));
	table_free(&design);
}

/* The header of a batch's responses. */
static struct npys_header header_of(const struct batch *batch)
{
	struct npys_header header;

	if (layer == LGN)
		tool_check(npys_shape(&header, NPYS_F4, batch->rank, batch->header.shape));
	else if (layer == V1)
		tool_check(npys_shape(
		    &header, NPYS_F4, 4, (size_t[]){batch->n, filters, batch->h, batch->w}));
	else
		tool_check(npys_shape(&header, NPYS_F4, 2, (size_t[]){batch->n, classes}));
	return header;
}

static void respond(struct npys_in *in, const struct batch *batch, struct npys_out *out)
{
	size_t chunk = network_chunk(net, batch->h, batch->w, iterations), pixels = batch->h * batch->w,
	       numbers;

	if (batch->c > 1)
		tool_check(err_set("%s: record %zu: %zu channels; the network takes grey images",
		    npys_file(in), npys_record(in), batch->c));
	chunk = chunk < batch->n ? chunk : batch->n;
	tool_check(mem_multiply(chunk * filters, pixels, &numbers));
	numbers = numbers < chunk * classes ? chunk * classes : numbers;
	float *x = tool_need(mem_alloc(chunk * pixels, sizeof(*x)));
	float *y = tool_need(mem_alloc(numbers, sizeof(*y)));
	if (scored) {
		free(logits);
		logits = tool_need(mem_alloc(batch->n, classes * sizeof(*logits)));
	}
	if (tuning) {
		free(centre);
		centre = tool_need(mem_alloc(batch->n, filters * TUNING_PLACES * sizeof(*centre)));
	}
	struct npys_header header = header_of(batch);
	if (writes)
		tool_check(npys_begin(out, &header));
	for (size_t done = 0, n; done < batch->n; done += n) {
		n = batch->n - done < chunk ? batch->n - done : chunk;
		tool_check(batch_read(in, batch, x, n));
		if (network_run(net, x, n, batch->h, batch->w, iterations, classify))
			tool_check(err_context("%s: record %zu", npys_file(in), npys_record(in)));
		if (scored)
			network_get(net, NETWORK_LOGITS, logits + done * classes);
		if (covariance) {
			network_get(net, NETWORK_H0, y);
			tool_check(covariance_add(covariance, y, n, batch->h, batch->w));
		}
		if (jacobian)
			tool_check(jacobian_add(jacobian, net, n, batch->h, batch->w));
		if (tuning || (writes && layer == V1))
			network_get(net, NETWORK_HT, y);
		if (tuning)
			tuning_centre(y, n * filters, batch->h, batch->w,
			    centre + done * filters * TUNING_PLACES);
		if (writes) {
			if (layer != V1)
				network_get(net, layer == LGN ? NETWORK_A : NETWORK_LOGITS, y);
			tool_check(npys_write_float(out, y, n * (header.items / batch->n)));
		}
		progress_add(&progress, n, NULL);
	}
	free(x);
	free(y);
}

/* The labels of the last batch: to the tables, and on. */
static void use_labels(struct npys_in *in, const struct batch *batch, struct npys_out *out)
{
	size_t n = batch->header.items;
	int64_t *labels = tool_need(mem_alloc(n, sizeof(*labels)));

	tool_check(batch_read_labels(in, batch, labels));
	for (size_t i = 0; i < n; i++)
		if ((scored && score_add(&score, logits + i * classes, labels[i])) ||
		    (tuning && tuning_add(tuning, (size_t)labels[i],
				   centre + i * filters * TUNING_PLACES)))
			tool_check(err_context("%s: record %zu", npys_file(in), npys_record(in)));
	if (writes) {
		tool_check(npys_begin(out, &batch->header));
		tool_check(npys_write_int(out, labels, n));
		tool_check(npys_flush(out));
	}
	free(labels);
	waiting = 0;
}

/* Tables need the labels of every batch. */
static void check_labelled(const struct npys_in *in)
{
	if (waiting && (scored || tuning))
		tool_check(err_set(
		    "%s: %zu images without labels: the tables need them", npys_file(in), waiting));
}

static void write_kernel(struct npys_out *out)
{
	size_t radius = covariance ? covariance_radius : jacobian_radius, side = 2 * radius + 1;
	struct npys_header header;

	tool_check(npys_shape(&header, NPYS_F4, 4, (size_t[]){filters, filters, side, side}));
	double *kernel = tool_need(mem_alloc(header.elements, sizeof(*kernel)));
	tool_check(
	    covariance ? covariance_result(covariance, kernel) : jacobian_result(jacobian, kernel));
	tool_check(npys_begin(out, &header));
	tool_check(npys_write_double(out, kernel, header.items));
	free(kernel);
}

int main(int argc, char **argv)
{
	size_t files = tool_start(&tool, argc, argv);
	struct npys_out *out = NULL;
	struct batch batch = {0};

	check_options();
	if (writes || covariance_given || jacobian_given)
		out = tool_need(npys_create(output));
	start();
	struct npys_in *in = tool_need(npys_open(argv + 1, files));
	progress = progress_start(verbose, "v1-respond", "images", 0);
	while (tool_check(batch_next(in, &batch))) {
		if (batch.labels) {
			use_labels(in, &batch, out);
			continue;
		}
		check_labelled(in);
		if (tuning_file && !tuning)
			read_design();
		respond(in, &batch, out);
		waiting = batch.n;
	}
	check_labelled(in);
	progress_end(&progress);
	if (accuracy)
		tool_check(score_write_accuracy(&score, accuracy));
	if (confusion)
		tool_check(score_write_confusion(&score, confusion));
	if (tuning)
		tool_check(tuning_write(tuning, iterations, tuning_file));
	if (covariance || jacobian)
		write_kernel(out);
	if (out)
		tool_check(npys_close(out));
	npys_close_in(in);
	covariance_free(covariance);
	jacobian_free(jacobian);
	tuning_free(tuning);
	score_free(&score);
	network_free(net);
	free(logits);
	free(centre);
	return STATUS_OK;
}
