/*
 * lateral-stats: does a lateral kernel have the geometry of V1's horizontal connections? Indices of the kernel, of what
 * overlapping filters explain by themselves (C1-C3) and of what is beyond that, each with interval, chance and p.
 *
 * Bosking et al., J. Neurosci. 17 (1997) 2112; Bertoni et al., arXiv:2104.08537.
 */
#include <stdlib.h>
#include <string.h>
#include "base/list.h"
#include "base/progress.h"
#include "base/threads.h"
#include "base/tool.h"
#include "kernel/overlap.h"
#include "stats/combine.h"
#include "indices/measures.h"

static const char *output, *label;
static struct units_files from;
static const char *profile_file, *pairs_file, *ranges;
static bool verbose, combine, disc;
static struct lateral_plan plan;
static size_t threads;

static const struct opt options[] = {
    OPT_TEXT('f', "filters", &from.filters, NULL, "file", "filter bank of the units (required)"),
    OPT_TEXT('t', "table", &from.table, NULL, "file", "fit-gabor's table of the units (required)"),
    OPT_TEXT('l', "lgn", &from.lgn, NULL, "file", "filter before the bank, for C2"),
    OPT_TEXT('r', "rms", &from.rms, NULL, "file", "rms of the units, for the gauge"),
    OPT_TEXT('c', "c3", &from.c3, NULL, "file", "covariance of the units, for C3"),
    OPT_TEXT(0, "label", &label, "K", "name", "what to call the kernel in the table"),
    OPT_FLAG(0, "disc", &disc, "leave out taps farther than half the width"),
    OPT_TEXT('d', "ranges", &ranges, "0,1,3,6,12,24", "px,...", "edges of the ranges of distance"),
    OPT_TEXT(
	'p', "profile", &profile_file, NULL, "file", "write the profiles over orientation here"),
    OPT_TEXT(0, "pairs", &pairs_file, NULL, "file", "write every tap of every pair here"),
    OPT_FLAG(0, "combine", &combine, "the operands are tables of several models: their mean"),
    OPT_COUNT('n', "permutations", &plan.permutations, "9999", CLOSED(0, 1e6), "number",
	"permutations of the filters"),
    OPT_COUNT('q', "invariance", &plan.invariance_permutations, "499", CLOSED(0, 1e6), "number",
	"permutations for Q and explained_C, each predicted anew"),
    OPT_COUNT('b', "bootstrap", &plan.bootstrap, "2000", CLOSED(0, 1e6), "number",
	"bootstrap samples of the filters"),
    OPT_SEED(&plan.seed),
    OPT_THREADS(&threads, NULL),
    OPT_OUTPUT(&output),
    OPT_VERBOSE(&verbose),
    OPT_END,
};
static const struct tool tool = {"lateral-stats",
    "indices of a lateral kernel with intervals and chance", "[file ...]", 0, 1000, options, NULL};

static void read_plan(void)
{
	struct list list;
	struct opt_range distances = AT_LEAST(0);
	if (!from.filters || !from.table)
		tool_usage("%s: needed: option is missing", from.filters ? "--table" : "--filters");
	if (from.c3 && !from.rms)
		tool_usage("--rms: needed with --c3: C3 is the covariance over the units' rms");
	if (!strcmp(label, "C1") || !strcmp(label, "C2") || !strcmp(label, "C3"))
		tool_usage(
		    "--label: %s: that is the name of a kernel of overlaps in the same table",
		    label);
	if (list_parse(ranges, false, distances, &list))
		tool_check(err_context("--ranges"));
	if (list.count < 2 || list.count > LATERAL_RANGES)
		tool_usage("--ranges: %zu edges: 2 to %d are possible", list.count, LATERAL_RANGES);
	for (size_t e = 1; e < list.count; e++)
		if (!(list.x[e] > list.x[e - 1]))
			tool_usage(
			    "--ranges: %g after %g: edges must ascend", list.x[e], list.x[e - 1]);
	plan.edge = list.x;
	plan.edges = list.count;
	plan.threads = par_threads(threads);
}

static void read_units(struct units *set, char *file)
{
	struct npys_in *in = tool_need(npys_open(&file, file ? 1 : 0));
	tool_check(units_read(in, &from, set));
	npys_close_in(in);
	if (!from.rms)
		tool_warn("--rms: not given: the gauge of the kernel is taken as it is");
	if (verbose)
		tool_warn("%zu of %zu units: %zu not accepted, %zu with rms 0", set->n,
		    set->channels, set->rejected, set->silent);
}

static int combine_tables(size_t count, char **files)
{
	static const char *const allowed[] = {"combine", "output"};
	const struct opt *other = opt_other(&tool, 2, allowed);
	if (other)
		tool_usage("--%s: means nothing with --combine", other->name);
	if (count < 2)
		tool_usage("--combine: %zu tables: at least 2 are needed", count);
	struct table_out *table = tool_need(table_create(output, SEEDS_COLUMNS));
	tool_check(seeds_combine(count, files, table));
	tool_check(table_close(table));
	return STATUS_OK;
}

static void report_kernels(struct measures *all, struct report *report, struct table_out *profile)
{
	struct progress progress =
	    progress_start(verbose, "lateral-stats", "kernels", MEASURES_KERNELS);
	for (size_t k = 0; k < MEASURES_KERNELS; k++) {
		tool_check(measures_kernel(all, k, report, profile));
		for (size_t part = 0; part < 2; part++)
			if (all->empty[k][part])
				tool_warn("%s: no %s weight: what needs one is nan", all->name[k],
				    sign_names[part]);
		progress_add(&progress, 1, all->name[k]);
	}
	progress_end(&progress);
}

int main(int argc, char **argv)
{
	struct units set;
	struct measures all;
	struct report report = {0};
	struct table_out *profile = NULL;

	size_t operands = tool_start(&tool, argc, argv);
	if (combine)
		return combine_tables(operands, argv + 1);
	if (operands > 1)
		tool_usage("%s: a second kernel: one is expected", argv[2]);
	read_plan();
	read_units(&set, operands ? argv[1] : NULL);
	tool_check(measures_start(&all, label, &set, &plan));
	double **w = all.weight;
	tool_check(overlap_read(&from, &set, plan.threads, &w[MEASURES_C1]));
	tool_check(measures_prepare(&all, &set, disc));
	if (!w[MEASURES_BEYOND])
		tool_warn("%s: 4 usable units are needed: left out", all.name[MEASURES_BEYOND]);

	struct table_out *table = tool_need(table_create(output, REPORT_COLUMNS));
	if (profile_file)
		profile = tool_need(table_create(profile_file, LATERAL_BIN_COLUMNS));
	report_kernels(&all, &report, profile);
	tool_check(measures_head(&all, from.rms, &report));
	report_write(&report, table);
	if (pairs_file) {
		struct table_out *pairs = tool_need(table_create(pairs_file, UNITS_COLUMNS));
		units_write(&set, w[MEASURES_C1], w[MEASURES_C2], w[MEASURES_C3],
		    w[MEASURES_BEYOND], pairs);
		tool_check(table_close(pairs));
	}
	if (profile)
		tool_check(table_close(profile));
	tool_check(table_close(table));
	report_free(&report);
	measures_free(&all);
	free((double *)plan.edge);
	units_free(&set);
	return STATUS_OK;
}
