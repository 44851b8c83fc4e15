/*
 * stimuli: gratings, illusions and contours of Gabor elements, as batches whose labels are the rows
 * of a table (Field, Hayes & Hess 1993 for the contours). See lib/image/stimuli.h.
 */
#include <stdlib.h>
#include "base/output.h"
#include "base/list.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/threads.h"
#include "base/tool.h"
#include "image/stimuli.h"
#include "npys/npys.h"
#include "table/table.h"

#define BATCH 256 /* stimuli in a record: bounds what a reader keeps until the labels come */
#define PIXELS ((size_t)1 << 24) /* in a record of more than one stimulus */
#define DEGREE (M_PI / 180)

static int kind;
static size_t size, count, length, threads;
static bool size_given, count_given, length_given, width_given, patch_given, sigma_given,
    random_phase, keep_middle;
static double mean, width, patch, sigma, jitter;
static const char *text_contrast, *text_theta, *text_frequency, *text_phase, *text_diameter,
    *text_turn;
static const char *text_angle, *text_spacing, *parameters, *element_table, *output;
static uint64_t seed;
static const struct stimulus_info *info; /* of the kind */

/* the kinds that have it */
static char all[STIMULUS_WORDS_SIZE], with_frequency[STIMULUS_WORDS_SIZE],
    with_phase[STIMULUS_WORDS_SIZE], with_diameter[STIMULUS_WORDS_SIZE],
    with_turn[STIMULUS_WORDS_SIZE], with_width[STIMULUS_WORDS_SIZE],
    with_patch[STIMULUS_WORDS_SIZE], contours[STIMULUS_WORDS_SIZE];

static const struct opt options[] = {
    OPT_CHOICE('k', "kind", &kind, "gratings", all, "what to draw"),
    OPT_COUNT_GIVEN(0, "size", &size, &size_given, CLOSED(4, 4096), "px",
	"side of the image (64; contours: 128)"),
    OPT_REAL(0, "mean", &mean, "127.5", ABOVE(0, 1e9), "level", "mean luminance"),
    OPT_TEXT('c', "contrast", &text_contrast, "1", "list", "Michelson contrast"),
    OPT_TEXT('t', "theta", &text_theta, NULL, "list", "orientation along the stripes or path, deg"),
    OPT_TEXT('f', "frequency", &text_frequency, NULL, "list",
	"of gratings, bars and elements, cycles per pixel"),
    OPT_TEXT('p', "phase", &text_phase, NULL, "list", "of gratings and elements, deg"),
    OPT_TEXT('d', "diameter", &text_diameter, NULL, "list",
	"gratings in a disc, px (whole field; surround: 16)"),
    OPT_TEXT(0, "turn", &text_turn, "0,90", "list",
	"of the grating around the disc, from theta on, deg"),
    OPT_REAL_GIVEN(0, "width", &width, &width_given, ABOVE(0, 4096), "px",
	"of mach's ramp (16), of a cusp (8)"),
    OPT_REAL_GIVEN(
	0, "patch", &patch, &patch_given, ABOVE(0, 4096), "px", "side of a test patch (16)"),
    OPT_TEXT(0, "path-angle", &text_angle, NULL, "list", "turns of a contour, deg (0:60:4)"),
    OPT_TEXT(0, "spacing", &text_spacing, NULL, "list", "of a contour's elements, px (9)"),
    OPT_COUNT_GIVEN(0, "length", &length, &length_given, CLOSED(1, 1000), "number",
	"elements of a contour (9)"),
    OPT_REAL_GIVEN(0, "sigma", &sigma, &sigma_given, ABOVE(0, 1000), "px",
	"of an element (half its wavelength)"),
    OPT_REAL(
	0, "jitter", &jitter, "0", CLOSED(0, 90), "deg", "of a contour's elements, either way"),
    OPT_FLAG(0, "random-phase", &random_phase, "each element has a random phase"),
    OPT_FLAG(0, "keep-middle", &keep_middle, "without path, its middle element stays"),
    OPT_COUNT_GIVEN('n', "count", &count, &count_given, CLOSED(1, 1e6), "number",
	"contours, each drawn with and without path (10)"),
    OPT_TEXT(0, "parameters", &parameters, NULL, "file",
	"write the table: a row per stimulus, in order"),
    OPT_TEXT(
	0, "elements", &element_table, NULL, "file", "write a table of the contours' elements"),
    OPT_SEED(&seed),
    OPT_THREADS(&threads, "1"),
    OPT_OUTPUT(&output),
    OPT_END,
};
static const struct opt_rule rules[] = {
    OPT_RULE("frequency", ONE_OF("kind", with_frequency)),
    OPT_RULE("phase", ONE_OF("kind", with_phase)),
    OPT_RULE("diameter", ONE_OF("kind", with_diameter)),
    OPT_RULE("turn", ONE_OF("kind", with_turn)),
    OPT_RULE("width", ONE_OF("kind", with_width)),
    OPT_RULE("patch", ONE_OF("kind", with_patch)),
    OPT_RULE("path-angle,spacing,length,sigma,jitter,random-phase,keep-middle,count,elements,seed",
	ONE_OF("kind", contours)),
    OPT_RULE("random-phase", ABSENT("phase")),
    OPT_RULES_END,
};
static const struct tool tool = {
    "stimuli", "draw gratings, illusions and contours", "", 0, 0, options, rules};

/* axes of the design, the last running fastest */
enum axis { CONTRAST, DIAMETER, TURN, ANGLE, SPACING, FREQUENCY, THETA, PHASE, AXES };
static struct list axis[AXES];

static void read_axis(enum axis a, const char *name, const char *text, const char *initial,
    bool geometric, struct opt_range range)
{
	if (list_parse(text ? text : initial, geometric, range, &axis[a]))
		tool_check(err_context("--%s", name));
}

static void read_options(void)
{
	info = &stimulus_kinds[kind];
	read_axis(CONTRAST, "contrast", text_contrast, "1", false, (struct opt_range)ABOVE(0, 1));
	read_axis(THETA, "theta", text_theta, info->theta, false, (struct opt_range)BELOW(0, 180));
	read_axis(FREQUENCY, "frequency", text_frequency, info->frequency, true,
	    (struct opt_range)ABOVE(0, .5));
	read_axis(
	    PHASE, "phase", text_phase, info->phase, false, (struct opt_range)OPEN(-360, 360));
	read_axis(DIAMETER, "diameter", text_diameter, info->diameter, false,
	    (struct opt_range)CLOSED(0, 8192));
	read_axis(TURN, "turn", info->has & STIMULUS_TURN ? text_turn : "0", NULL, false,
	    (struct opt_range)CLOSED(-180, 180));
	read_axis(ANGLE, "path-angle", text_angle, info->path_angle, false,
	    (struct opt_range)CLOSED(0, 90));
	read_axis(SPACING, "spacing", text_spacing, "9", false, (struct opt_range)CLOSED(1, 4096));
	size = size_given ? size : info->size;
	count = count_given ? count : info->count;
	length = length_given ? length : 9;
	width = width_given ? width : info->width;
	patch = patch_given ? patch : 16;
	if (info->has & STIMULUS_WIDTH && width > info->width_most * (double)size)
		tool_usage("--width: %g px does not fit an image of %zu px", width, size);
	if (info->has & STIMULUS_PATCH && patch > (double)size / 2)
		tool_usage("--patch: %g px does not fit half an image of %zu px", patch, size);
}

/* Drawings with the same parameters: a contour is drawn with and without its path. */
static size_t variants(void)
{
	return info->has & STIMULUS_CONTOUR ? 2 : 1;
}

/* Stimulus number i of the design. */
static struct stimulus design(size_t i)
{
	size_t pair = i / variants(), rest = pair / count;
	double value[AXES];

	for (int a = AXES - 1; a >= 0; a--) {
		value[a] = axis[a].x[rest % axis[a].count];
		rest /= axis[a].count;
	}
	return (struct stimulus){
	    .kind = (enum stimulus_kind)kind,
	    .size = size,
	    .mean = mean,
	    .contrast = value[CONTRAST],
	    .theta = value[THETA] * DEGREE,
	    .frequency = value[FREQUENCY],
	    .phase = value[PHASE] * DEGREE,
	    .diameter = value[DIAMETER] > 0 ? value[DIAMETER] : INFINITY,
	    .turn = value[TURN] * DEGREE,
	    .width = width,
	    .patch = patch,
	    .path_angle = value[ANGLE] * DEGREE,
	    .spacing = value[SPACING],
	    .sigma = sigma_given ? sigma : .5 / value[FREQUENCY],
	    .jitter = jitter * DEGREE,
	    .elements = length,
	    .random_phase = random_phase,
	    .keep_middle = keep_middle,
	    .present = i % variants() == 0,
	    .seed = seed,
	    .pair = pair,
	};
}

struct batch_of {
	size_t first;
	float *images; /* (most, size, size) */
};

static int draw(size_t i, size_t worker, void *argument)
{
	const struct batch_of *batch = argument;
	struct stimulus s = design(batch->first + i);

	(void)worker;
	return stimulus_draw(&s, batch->images + i * size * size);
}

/* The tables are whole before the first image goes out, so that a reader of the stream may open them
 * once it has a record. */
static void write_tables(size_t total)
{
	struct table_out *table;

	if (parameters) {
		table = tool_need(table_create(parameters, "label " STIMULUS_COLUMNS));
		for (size_t i = 0; i < total; i++) {
			struct stimulus s = design(i);
			table_int(table, (long long)i);
			stimulus_row(&s, table);
		}
		tool_check(table_close(table));
	}
	if (element_table) {
		table = tool_need(table_create(element_table, "label " STIMULUS_ELEMENT_COLUMNS));
		for (size_t i = 0; i < total; i++) {
			struct stimulus s = design(i);
			tool_check(stimulus_element_rows(&s, (long long)i, table));
		}
		tool_check(table_close(table));
	}
	tool_check(output_commit());
}

int main(int argc, char **argv)
{
	size_t total, drawn, most;
	struct npys_header header;
	int64_t labels[BATCH];

	stimulus_words(0, all);
	stimulus_words(STIMULUS_FREQUENCY, with_frequency);
	stimulus_words(STIMULUS_PHASE, with_phase);
	stimulus_words(STIMULUS_DIAMETER, with_diameter);
	stimulus_words(STIMULUS_TURN, with_turn);
	stimulus_words(STIMULUS_WIDTH, with_width);
	stimulus_words(STIMULUS_PATCH, with_patch);
	stimulus_words(STIMULUS_CONTOUR, contours);
	tool_start(&tool, argc, argv);
	read_options();
	most = PIXELS / (size * size) < 1 ? 1 : PIXELS / (size * size);
	most = size_min(most, BATCH);
	total = count * variants();
	for (size_t a = 0; a < AXES; a++)
		tool_check(mem_multiply(total, axis[a].count, &total));
	struct batch_of batch = {
	    .images = tool_need(mem_alloc(most * size * size, sizeof *batch.images))};
	struct npys_out *out = tool_need(npys_create(output));
	write_tables(total);
	for (; batch.first < total; batch.first += drawn) {
		drawn = total - batch.first < most ? total - batch.first : most;
		tool_check(par_for(drawn, threads, draw, &batch));
		tool_check(npys_put_float(out, 3, (size_t[]){drawn, size, size}, batch.images));
		for (size_t i = 0; i < drawn; i++)
			labels[i] = (int64_t)(batch.first + i);
		tool_check(npys_shape(&header, NPYS_I8, 1, &drawn));
		tool_check(npys_begin(out, &header));
		tool_check(npys_write_int(out, labels, drawn));
	}
	tool_check(npys_close(out));
	free(batch.images);
	for (size_t a = 0; a < AXES; a++)
		free(axis[a].x);
	return STATUS_OK;
}
