/*
 * assoc-field: the association field that a lateral kernel or an orientation kernel induces around a unit.
 *
 * Field, Hayes and Hess, Vision Res. 33 (1993) 173; Citti and Sarti, J. Math. Imaging Vis. 24 (2006) 307.
 */
#include <math.h>
#include <stdlib.h>
#include "base/memory.h"
#include "base/threads.h"
#include "base/tool.h"
#include "field/field.h"
#include "kernel/units.h"
#include "se2/stream.h"

static const char *output, *label, *curves_file;
static struct units_files from;
static int period;
static size_t radius, threads;
static double step;
static bool sized, spaced;

static const struct opt options[] = {
    OPT_UNIT_TABLE(from),
    OPT_UNIT_RMS(from),
    OPT_CHOICE('p', "period", &period, "pi", "pi,2pi", "of an orientation kernel's angles"),
    {0, "step", OPT_KIND_REAL, &step, &spaced, "1", OPEN(0, INFINITY), 0, "px",
	"distance between an orientation kernel's points"},
    OPT_TEXT(0, "label", &label, "K", "name", "what to call the kernel in the tables"),
    OPT_COUNT_GIVEN('R', "radius", &radius, &sized, CLOSED(1, 200), "px",
	"of the field (default: half the kernel's width, up to 200)"),
    OPT_TEXT(
	'C', "curves", &curves_file, NULL, "file", "write streamlines of the pooled field here"),
    OPT_THREADS(&threads, NULL),
    OPT_OUTPUT(&output),
    OPT_END,
};
static const struct opt_rule rules[] = {
    OPT_RULE("rms", GIVEN("table")),
    OPT_RULE("step,period", ABSENT("table")),
    OPT_RULES_END,
};
static const struct tool tool = {"assoc-field",
    "association fields of lateral and orientation kernels", "[file]", 0, 1, options, rules};

/* The pooled field and those of single targets of one sign's weights, in the last and the other ones of `field` (n + 1). */
static void write_sign(const struct units *set, const struct orientation_kernel *kernel,
    enum sign sign, struct field *field, struct table_out *table, struct table_out *curves)
{
	for (size_t f = 0; f <= set->n; f++)
		tool_check(field_create(&field[f], radius));
	tool_check(from.table ? field_of_pairs(set, set->weight, sign, threads, field)
			      : field_of_kernel(kernel, step, sign, field));
	field_write(&field[set->n], label, sign, -1, table);
	for (size_t f = 0; f < set->n; f++)
		field_write(&field[f], label, sign, (long long)set->unit[f].channel, table);
	if (curves)
		tool_check(field_curves(&field[set->n], label, sign, curves));
	for (size_t f = 0; f <= set->n; f++)
		field_free(&field[f]);
}

int main(int argc, char **argv)
{
	size_t operands = tool_start(&tool, argc, argv);
	struct units set = {0};
	struct orientation_kernel kernel = {0};
	threads = par_threads(threads);
	struct npys_in *in = tool_need(npys_open(argv + 1, operands));
	if (from.table)
		tool_check(units_read(in, &from, &set));
	else
		tool_check(orientation_read(in, period ? 2 * M_PI : M_PI, &kernel));
	npys_close_in(in);
	if (from.table && !from.rms)
		tool_warn("--rms: not given: every rms is taken as 1, so weights have the scale of "
			  "the responses");

	size_t narrow = kernel.height < kernel.width ? kernel.height : kernel.width;
	double half = from.table ? (double)(set.k / 2) : fmin(200, step * (double)(narrow / 2));
	radius = sized ? radius : half >= 1 ? (size_t)half : 1;
	struct field *field = tool_need(mem_alloc(set.n + 1, sizeof *field));
	struct table_out *table = tool_need(table_create(output, FIELD_COLUMNS)), *curves = NULL;
	if (curves_file)
		curves = tool_need(table_create(curves_file, FIELD_CURVE_COLUMNS));
	write_sign(&set, &kernel, SIGN_POSITIVE, field, table, curves);
	write_sign(&set, &kernel, SIGN_NEGATIVE, field, table, curves);
	if (curves)
		tool_check(table_close(curves));
	tool_check(table_close(table));
	free(field);
	orientation_free(&kernel);
	units_free(&set);
	return STATUS_OK;
}
