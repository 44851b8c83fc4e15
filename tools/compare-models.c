/* compare-models: which model of horizontal connectivity predicts a lateral kernel for filters it was not fitted to. */
#include <math.h>
#include <stdlib.h>
#include "base/error.h"
#include "base/threads.h"
#include "base/tool.h"
#include "field/field.h"
#include "kernel/overlap.h"
#include "models/compare.h"

static const char *output, *m4_file, *fields_file;
static struct units_files from;
static size_t threads;
static struct compare_plan plan;

static const struct opt options[] = {
    OPT_UNIT_TABLE(from),
    OPT_UNIT_RMS(from),
    OPT_UNIT_OVERLAP(from),
    OPT_TEXT('M', "m4", &m4_file, NULL, "file", "edge co-occurrence by edge-field, for M4"),
    OPT_TEXT(0, "label", &plan.label, "K", "name", "what to call the kernel in the tables"),
    OPT_TEXT(
	'F', "fields", &fields_file, NULL, "file", "write the fields of the fitted models here"),
    OPT_COUNT('n', "splits", &plan.splits, "100", CLOSED(2, 1e4), "number",
	"random halves of the filters"),
    OPT_COUNT('p', "plantings", &plan.plantings, "100", CLOSED(0, 1e5), "number",
	"plantings of group models, for power"),
    OPT_SEED(&plan.seed),
    OPT_THREADS(&threads, NULL),
    OPT_OUTPUT(&output),
    OPT_END,
};
static const struct opt_rule rules[] = {
    OPT_RULE(NULL, GIVEN("table")),
    OPT_RULE(NULL, GIVEN("filters")),
    OPT_RULE("c3", GIVEN("rms")),
    OPT_RULES_END,
};
static const struct tool tool = {"compare-models",
    "which model predicts a lateral kernel for other filters", "[file]", 0, 1, options, rules};

/* Edge co-occurrence, which has to be known as far as taps are apart. */
static void read_edges(const struct units *set, struct orientation_kernel *m4)
{
	struct npys_in *in = tool_need(npys_open_file(m4_file));
	tool_check(orientation_read(in, M_PI, m4));
	npys_close_in(in);
	double wide = (double)((m4->height < m4->width ? m4->height : m4->width) / 2),
	       reach = design_reach(set);
	if (wide < reach) {
		err_set("%s: reaches %g px, the kernel's taps are up to %.3g px apart: edge-field "
			"--radius %g",
		    m4_file, wide, reach, ceil(reach));
		tool_fail();
	}
}

int main(int argc, char **argv)
{
	size_t operands = tool_start(&tool, argc, argv);
	struct units set = {0};
	struct orientation_kernel m4 = {0};
	double *c[3] = {NULL, NULL, NULL};
	plan.threads = par_threads(threads);
	struct npys_in *in = tool_need(npys_open(argv + 1, operands));
	tool_check(units_read(in, &from, &set));
	npys_close_in(in);
	if (!from.rms)
		tool_warn("--rms: not given: every rms is taken as 1, so weights have the scale of "
			  "the responses");
	tool_check(overlap_read(&from, &set, plan.threads, c));
	for (size_t k = 0; k < 3; k++)
		plan.c[k] = c[k];
	if (m4_file) {
		read_edges(&set, &m4);
		plan.edges = &m4;
	}
	struct table_out *table = tool_need(table_create(output, COMPARE_COLUMNS));
	if (fields_file)
		plan.fields = tool_need(table_create(fields_file, FIELD_COLUMNS));
	tool_check(compare_models(&set, &plan, table));
	if (fields_file)
		tool_check(table_close(plan.fields));
	tool_check(table_close(table));
	for (size_t k = 0; k < 3; k++)
		free(c[k]);
	orientation_free(&m4);
	units_free(&set);
	return STATUS_OK;
}
