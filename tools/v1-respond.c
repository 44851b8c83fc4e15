/*
 * v1-respond: what a trained network (lib/net/network.h) answers to images: the responses of a
 * layer, accuracy, tuning to gratings, and two kernels over a stream, the covariance of responses
 * and the iterated kernel. Of responses that others measured: tuning alone.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/output.h"
#include "base/progress.h"
#include "base/tool.h"
#include "net/recorded.h"
#include "net/respond.h"

static const enum network_layer layers[] = {NETWORK_A, NETWORK_HT, NETWORK_LOGITS}; /* of --layer */

static int layer;
static const char *model_file, *responses, *lateral_file, *accuracy, *confusion, *stimuli,
    *tuning_file, *middle, *output;
static size_t iterations, covariance_radius, jacobian_radius, threads;
static bool layer_given, iterations_given, covariance_given, jacobian_given, verbose;
static const struct opt options[] = {
    OPT_TEXT('m', "model", &model_file, NULL, "file", "the network, from train-v1"),
    OPT_TEXT(0, "responses", &responses, NULL, "file",
	"in place of a model: responses that were measured"),
    OPT_CHOICE_GIVEN('l', "layer", &layer, &layer_given, "lgn,v1,logits",
	"write the responses of this layer (v1)"),
    OPT_COUNT_GIVEN('T', "iterations", &iterations, &iterations_given, CLOSED(0, 100), "number",
	"lateral propagations (the model's)"),
    OPT_TEXT(
	0, "lateral", &lateral_file, NULL, "file", "another lateral kernel, of the same shape"),
    OPT_TEXT(0, "accuracy", &accuracy, NULL, "file", "write a table of accuracy by class"),
    OPT_TEXT(0, "confusion", &confusion, NULL, "file", "write a table of answers by class"),
    OPT_TEXT(0, "middle", &middle, NULL, "file", "write a table of responses in the middle"),
    OPT_TEXT(0, "stimuli", &stimuli, NULL, "file", "table of stimuli; labels are its rows"),
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
static const struct opt_rule rules[] = {
    OPT_RULE(NULL, GIVEN("model"), GIVEN("responses")),
    OPT_RULE("responses", ABSENT("model")),
    OPT_RULE("responses", GIVEN("tuning")),
    OPT_RULE("layer,iterations,lateral,accuracy,confusion,middle,covariance,jacobian,output",
	ABSENT("responses")),
    /* the output has room for one */
    OPT_RULE("layer,covariance", ABSENT("jacobian")),
    OPT_RULE("layer", ABSENT("covariance")),
    OPT_RULE("output", GIVEN("layer"), GIVEN("covariance"), GIVEN("jacobian"), ABSENT("accuracy")),
    OPT_RULE("output", GIVEN("layer"), GIVEN("covariance"), GIVEN("jacobian"), ABSENT("confusion")),
    OPT_RULE("output", GIVEN("layer"), GIVEN("covariance"), GIVEN("jacobian"), ABSENT("tuning")),
    OPT_RULE("output", GIVEN("layer"), GIVEN("covariance"), GIVEN("jacobian"), ABSENT("middle")),
    OPT_RULE("stimuli", GIVEN("tuning")),
    OPT_RULE("tuning", GIVEN("stimuli")),
    /* what is before lateral propagation */
    OPT_RULE("iterations", ABSENT("covariance"), GIVEN("accuracy"), GIVEN("confusion"),
	GIVEN("tuning"), GIVEN("middle")),
    OPT_RULE("iterations", NONE_OF("layer", "lgn"), GIVEN("accuracy"), GIVEN("confusion"),
	GIVEN("tuning"), GIVEN("middle")),
    OPT_RULES_END,
};
static const struct tool tool = {"v1-respond", "responses of a trained network to images",
    "[file ...]", 0, SIZE_MAX, options, rules};

/* What the options ask for. */
static struct respond_options check_options(void)
{
	bool kernel = covariance_given || jacobian_given, scored = accuracy || confusion;
	bool writes = layer_given || !(kernel || scored || tuning_file || middle);
	return (struct respond_options){.output = writes             ? RESPOND_LAYER
						  : covariance_given ? RESPOND_COVARIANCE
						  : jacobian_given   ? RESPOND_JACOBIAN
								     : RESPOND_NOTHING,
	    .layer = layer_given ? layers[layer] : NETWORK_HT,
	    .radius = covariance_given ? covariance_radius : jacobian_radius,
	    .iterations = iterations,
	    .accuracy = accuracy,
	    .confusion = confusion,
	    .stimuli = stimuli,
	    .tuning = tuning_file,
	    .middle = middle};
}

/* Tuning from a stream of responses, whatever network they are of. */
static int tune_responses(void)
{
	struct npys_in *in = tool_need(npys_open_file(responses));
	struct tuning *tuning = tool_need(recorded_tuning(in, stimuli));
	tool_check(tuning_write(tuning, NAN, tuning_file));
	tuning_free(tuning);
	npys_close_in(in);
	return STATUS_OK;
}

int main(int argc, char **argv)
{
	size_t files = tool_start(&tool, argc, argv);
	if (responses && files > 0)
		tool_usage("%s: no images beside --responses, which are all the input", argv[1]);
	struct respond_options wanted = check_options();
	/* known before any work */
	const char *const tables[] = {accuracy, confusion, tuning_file, middle};
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		tool_check(tables[i] ? output_check(NULL, tables[i], false) : 0);
	if (responses)
		return tune_responses();
	struct npys_out *out = NULL;
	if (wanted.output != RESPOND_NOTHING)
		out = tool_need(npys_create(output));
	struct model *model = tool_need(model_open(model_file));
	struct network *net = tool_need(network_load(model, threads));
	model_close(model);
	if (lateral_file)
		tool_check(respond_read_lateral(net, lateral_file));
	if (!iterations_given)
		wanted.iterations = network_options(net)->iterations;
	/* covariances are of h0, before any propagation */
	bool propagates =
	    wanted.output != RESPOND_COVARIANCE || accuracy || confusion || tuning_file || middle;
	if (propagates &&
	    tool_check(network_may_grow(net, wanted.iterations, network_options(net)->iterations)))
		tool_warn("%s", err_reason());
	struct respond *respond = tool_need(respond_create(net, &wanted, threads));
	struct npys_in *in = tool_need(npys_open(argv + 1, files));
	struct progress progress = progress_start(verbose, "v1-respond", "images", 0);
	struct batch batch = {0};
	while (tool_check(batch_next(in, &batch))) {
		if (batch.labels)
			tool_check(respond_labels(respond, in, &batch, out));
		else
			tool_check(respond_images(respond, in, &batch, out, &progress));
	}
	progress_end(&progress);
	tool_check(respond_end(respond, in, out));
	if (out)
		tool_check(npys_close(out));
	npys_close_in(in);
	respond_free(respond);
	network_free(net);
	return STATUS_OK;
}
