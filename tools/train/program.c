/* Training, alone or on several processes: see program.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/number.h"
#include "base/output.h"
#include "base/paths.h"
#include "base/threads.h"
#include "base/tool.h"
#include "model/model.h"
#include "net/train.h"
#include "program.h"

static const struct comm *comm;
static struct network_options network;
static struct train_options training;
static struct train_files files;
static const char *output, *validate, *init, *freeze;
static size_t threads, holdout, crop;
static int lgn, propagation;
static bool verbose, no_flip, shuffle_labels, crop_given, holdout_given;

#define DECAY "weight decay of "
#define ODD(l, n, v, d, h) OPT_COUNT(l, n, v, d, CLOSED(1, 127), "px", h)

const struct opt program_options[] = {
    OPT_COUNT(0, "epochs", &training.epochs, "30", CLOSED(1, 1000000), "number",
	"passes over the images"),
    OPT_COUNT(0, "filters", &network.filters, "64", CLOSED(1, 1024), "number", "filters of l1"),
    ODD(0, "k0", &network.k0, "7", "side of l0's filter, odd"),
    ODD(0, "k1", &network.k1, "11", "side of l1's filters, odd"),
    ODD(0, "kl", &network.kl, "9", "side of the lateral kernel, odd"),
    OPT_COUNT('T', "iterations", &network.iterations, "1", CLOSED(0, 100), "number",
	"lateral propagations"),
    OPT_CHOICE(0, "lgn", &lgn, "relu", NETWORK_LGN_WORDS, "rectify l0, or leave it linear"),
    OPT_CHOICE(0, "propagation", &propagation, "recurrent", NETWORK_PROPAGATION_WORDS,
	"form of a propagation"),
    OPT_COUNT_GIVEN(0, "crop", &crop, &crop_given, CLOSED(16, 65535), "px",
	"side of random crops (48, or the image's)"),
    OPT_COUNT(0, "batch", &training.batch, "64", CLOSED(2, 65536), "number", "images in a step"),
    OPT_REAL(0, "rate", &training.rate, "0.1", ABOVE(0, 100), "number",
	"largest learning rate of the cycle"),
    OPT_REAL(0, "rise", &training.rise, "0.3", OPEN(0, 1), "share",
	"share of steps in which the rate rises"),
    OPT_REAL(0, "momentum", &training.momentum, "0.9", BELOW(0, 1), "number", "Nesterov momentum"),
    OPT_REAL(
	0, "lgn-decay", &training.decay.lgn, "0.005", AT_LEAST(0), "number", DECAY "l0's filter"),
    OPT_REAL(
	0, "v1-decay", &training.decay.v1, "0.002", AT_LEAST(0), "number", DECAY "l1's filters"),
    OPT_REAL(0, "lateral-decay", &training.decay.lateral, "0.002", AT_LEAST(0), "number",
	DECAY "the lateral kernel"),
    OPT_REAL(0, "head-decay", &training.decay.head, "0.0005", AT_LEAST(0), "number",
	DECAY "the classifier"),
    OPT_REAL(0, "filter-scale", &training.filter_scale, "0.3", ABOVE(0, 100), "number",
	"scale of the initial filters"),
    OPT_REAL(
	0, "dropout", &training.dropout, "0.5", BELOW(0, 1), "share", "share of features set to 0"),
    OPT_FLAG(0, "no-flip", &no_flip, "do not mirror images"),
    OPT_FLAG(0, "rotate", &training.rotate, "cut crops at random angles"),
    OPT_REALS(0, "contrast", training.degrade.contrast, 2, "1,1", ABOVE(0, 100), "low,high",
	"factor of each crop's contrast, drawn between"),
    OPT_REAL(0, "occlude", &training.degrade.occlude, "0", CLOSED(0, DEGRADE_OCCLUDE_MAX), "share",
	"of each crop covered by grey discs and bars"),
    OPT_REAL(0, "noise", &training.degrade.noise, "0", CLOSED(0, 100), "sd",
	"of noise added to pixels, in units of the images' sd"),
    OPT_FLAG(0, "shuffle-labels", &shuffle_labels, "shuffle the training labels, a control"),
    OPT_COUNT(0, "lateral-from", &training.lateral_from, "0", CLOSED(0, 1000000), "epoch",
	"first epoch with lateral propagation"),
    OPT_TEXT(0, "freeze", &freeze, NULL, "layers", "layers that stay fixed: lgn, v1, lateral"),
    OPT_COUNT_GIVEN(0, "holdout", &holdout, &holdout_given, CLOSED(0, 1000000), "number",
	"hold out one image in so many of each class (10; 0 none)"),
    OPT_SEED(&training.seed),
    OPT_TEXT(0, "init", &init, NULL, "model", "start from the tensors of this model"),
    OPT_TEXT(0, "validate", &validate, NULL, "file", "validate on these labelled images"),
    OPT_TEXT(0, "log", &files.log, NULL, "file", "write a table with a row per epoch"),
    OPT_TEXT(0, "snapshots", &files.snapshots, NULL, "prefix", "append tensors after each epoch"),
    OPT_TEXT(0, "checkpoint", &files.checkpoint, NULL, "file", "save the state of the run"),
    OPT_COUNT(0, "every", &files.every, "0", CLOSED(0, 1e9), "steps",
	"steps between checkpoints (0: each epoch)"),
    OPT_FLAG(0, "resume", &files.resume, "go on from the checkpoint if it is there"),
    OPT_OUTPUT(&output),
    OPT_THREADS(&threads, NULL),
    OPT_VERBOSE(&verbose),
    OPT_END,
};
const struct opt_rule program_rules[] = {
    OPT_RULE("lateral-from", NONE_OF("iterations", "0")),
    OPT_RULE("holdout", ABSENT("validate")),
    OPT_RULE("every,resume", GIVEN("checkpoint")),
    OPT_RULES_END,
};

/* What determines no number, or is known by its hash: all others stand in the model file. */
static const char *const elsewhere[] = {"init", "validate", "log", "snapshots", "checkpoint",
    "every", "resume", "output", "threads", "verbose"};

static void parse_freeze(void)
{
	static const char *const names[] = {"lgn", "v1", "lateral"};
	bool *const flags[] = {&training.freeze_lgn, &training.freeze_v1, &training.freeze_lateral};
	for (const char *word = freeze; word;
	     word = strchr(word, ',') ? strchr(word, ',') + 1 : NULL) {
		size_t length = strcspn(word, ","), i = 0;
		while (
		    i < 3 && (strlen(names[i]) != length || strncmp(word, names[i], length) != 0))
			i++;
		if (i == 3)
			tool_usage(
			    "--freeze: \"%.*s\": not one of lgn, v1, lateral", (int)length, word);
		*flags[i] = true;
	}
}

/* What is written is no stream, and no other file of the run. */
static void check_paths(void)
{
	const char *const named[][2] = {
	    {"--output", output}, {"--log", files.log}, {"--checkpoint", files.checkpoint}};
	for (size_t i = 0; files.snapshots && i + 1 < TRAINING_LOG_FILES; i++) {
		char *path = tool_need(training_log_path(files.snapshots, i));
		tool_check(paths_claim("--snapshots", path));
		free(path);
	}
	for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
		if (i && named[i][1] && strcmp(named[i][1], "-") == 0)
			tool_usage(
			    "%s: standard input or output will not do; name a file", named[i][0]);
		if (!i || named[i][1])
			tool_check(paths_claim(named[i][0], named[i][1]));
	}
}

void program_check(void)
{
	if (network.k0 % 2 == 0 || network.k1 % 2 == 0 || network.kl % 2 == 0)
		tool_usage("--k0, --k1, --kl: sides of kernels are odd");
	if (training.lateral_from > 0 && training.lateral_from >= training.epochs)
		tool_usage("--lateral-from: epoch %zu: the last one is %zu, counted from 0",
		    training.lateral_from, training.epochs - 1);
	if (training.degrade.contrast[0] > training.degrade.contrast[1])
		tool_usage("--contrast: %g,%g: the lower factor comes first",
		    training.degrade.contrast[0], training.degrade.contrast[1]);
	check_paths();
	parse_freeze();
	network.lgn = (enum network_lgn)lgn;
	network.propagation = (enum network_propagation)propagation;
	training.flip = !no_flip;
	training.fresh = !init;
	if (!holdout_given)
		holdout = validate ? 0 : 10;
}

static bool is_elsewhere(const char *name)
{
	size_t i = 0, count = sizeof elsewhere / sizeof *elsewhere;
	while (i < count && strcmp(elsewhere[i], name) != 0)
		i++;
	return i < count;
}

/* The options, as far as they determine the numbers, and what the data are. */
static void collect(struct settings *settings, const struct data *data, const struct data *other)
{
	for (const struct opt *o = program_options; o->name; o++) {
		char value[256];
		if (is_elsewhere(o->name))
			continue;
		opt_text(o, value, sizeof value);
		tool_check(settings_add(settings, o->name, "%s", *value ? value : "none"));
	}
	tool_check(settings_add(settings, "version", "%s", V1PIPE_VERSION));
	tool_check(settings_add(settings, "classes", "%zu", data->classes));
	tool_check(settings_add(settings, "images", "%zu", data->images));
	tool_check(settings_add(settings, "data_hash", "%016" PRIx64, data->hash));
	if (other)
		tool_check(settings_add(settings, "validation_hash", "%016" PRIx64, other->hash));
	/* sums over processes are rounded otherwise */
	if (comm->ranks > 1)
		tool_check(settings_add(settings, "processes", "%zu", comm->ranks));
}

/* start from another model's tensors, whose hash is a setting too */
static void start_from(struct network *net, struct settings *settings)
{
	struct model *model = tool_need(model_open(init));
	tool_check(train_initialise_from(net, model));
	const char *trained = model_meta(model, "iterations");
	if (trained &&
	    tool_check(network_may_grow(net, network.iterations, strtoul(trained, NULL, 10))))
		tool_warn("%s: %s", init, err_reason());
	model_close(model);
	tool_check(settings_add(settings, "init_hash", "%016" PRIx64, train_hash(net)));
}

static void save(
    const struct network *net, const struct settings *settings, const struct train_result *result)
{
	struct model_out *out = tool_need(model_create());
	char accuracy[32], val_accuracy[32], degraded[32];
	snprintf(accuracy, sizeof accuracy, "%.6g", result->accuracy);
	snprintf(val_accuracy, sizeof val_accuracy, "%.6g", result->val_accuracy);
	snprintf(degraded, sizeof degraded, "%.6g", result->degraded_accuracy);
	tool_check(network_save(net, out));
	for (size_t i = 0; i < settings->count; i++)
		tool_check(model_add_meta(out, settings->list[i].name, settings->list[i].value));
	tool_check(model_add_meta(out, "accuracy", accuracy));
	if (result->val_accuracy >= 0)
		tool_check(model_add_meta(out, "val_accuracy", val_accuracy));
	if (result->degraded_accuracy >= 0)
		tool_check(model_add_meta(out, "degraded_accuracy", degraded));
	tool_check(model_write(out, output));
}

/* rank 0 reads; file: one instead of the operands */
static void read_data(const char *file, char **argv, size_t operands, struct data *data)
{
	struct npys_in *in = NULL;
	if (comm->rank == 0)
		in = tool_need(file ? npys_open_file(file) : npys_open(argv + 1, operands));
	tool_check(data_read(in, comm, data));
	if (in)
		npys_close_in(in);
}

/* Known before hours of work that its results can be written. */
static void check_files(void)
{
	tool_check(output_check("--output", output, true));
	if (!files.checkpoint)
		return;
	tool_check(output_check("--checkpoint", files.checkpoint, true));
	err_set("stopped: the run is saved in %s; the same command with --resume goes on",
	    files.checkpoint);
	tool_on_signal(files.checkpoint, err_reason());
}

const char *program_output(void)
{
	return output;
}

int program_train(const struct comm *processes, char **argv, size_t operands)
{
	comm = processes;
	struct data data, other = {0};
	struct data_part part, held_out = {0};
	if (comm->rank == 0)
		check_files();
	read_data(NULL, argv, operands, &data);
	if (data.classes < 2)
		tool_check(err_set("training images: only one class; there is nothing to learn"));
	size_t side = size_min(data.h, data.w);
	training.threads = par_threads(threads);
	training.crop = crop = crop_given ? crop : side < 48 ? side : 48;
	if (validate) {
		read_data(validate, NULL, 0, &other);
		tool_check(data_all(&data, &part));
		tool_check(data_all(&other, &held_out));
	} else if (holdout > 0) {
		tool_check(data_split(&data, holdout, &part, &held_out));
	} else {
		tool_check(data_all(&data, &part));
		held_out.data = &data;
	}
	tool_check(data_needs_classes(&part, data.classes, "training"));
	if (held_out.count || holdout)
		tool_check(data_needs_classes(&held_out, data.classes, "validation"));
	if (shuffle_labels)
		tool_check(data_shuffle_labels(&data, &part, training.seed));
	network.classes = data.classes;
	struct network *net = tool_need(network_create(&network, threads));
	struct settings settings = {0};
	struct train_result result;
	collect(&settings, &data, validate ? &other : NULL);
	train_initialise(net, &training);
	if (init && comm->rank == 0)
		start_from(net, &settings);
	tool_check(train_run(net, &training, &part, &held_out, &files, &settings,
	    verbose && comm->rank == 0, &result));
	if (comm->rank == 0 && result.ended)
		tool_warn("%s: this run had ended; its model is written again", files.checkpoint);
	if (comm->rank == 0)
		save(net, &settings, &result);
	settings_free(&settings);
	network_free(net);
	data_part_free(&part);
	data_part_free(&held_out);
	data_free(&data);
	data_free(&other);
	return STATUS_OK;
}
