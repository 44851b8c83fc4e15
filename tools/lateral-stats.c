/*
 * lateral-stats: does a lateral kernel have the geometry of V1's horizontal connections? Indices of the kernel, of what
 * overlapping filters explain by themselves (C1-C3) and of what is beyond that, each with interval, chance and p.
 *
 * Bosking et al., J. Neurosci. 17 (1997) 2112; Bertoni et al., arXiv:2104.08537.
 */
#include <stdlib.h>
#include <string.h>
#include "base/list.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/threads.h"
#include "base/tool.h"
#include "lateral/confound.h"
#include "lateral/indices.h"
#include "lateral/inputs.h"
#include "lateral/invariance.h"

static const char *output, *label;
static struct lateral_files from;
static const char *profile_file, *pairs_file, *ranges;
static bool verbose;
static struct lateral_plan plan;
static size_t threads;

static const struct opt options[] = {
    OPT_TEXT('f', "filters", &from.filters, NULL, "file", "filter bank of the units (required)"),
    OPT_TEXT('t', "table", &from.table, NULL, "file", "fit-gabor's table of the units (required)"),
    OPT_TEXT('l', "lgn", &from.lgn, NULL, "file", "filter before the bank, for C2"),
    OPT_TEXT('r', "rms", &from.rms, NULL, "file", "rms of the units, for the gauge"),
    OPT_TEXT('c', "c3", &from.c3, NULL, "file", "covariance of the units, for C3"),
    OPT_TEXT(0, "label", &label, "K", "name", "what to call the kernel in the table"),
    OPT_TEXT('d', "ranges", &ranges, "0,1,3,6,12,24", "px,...", "edges of the ranges of distance"),
    OPT_TEXT(
	'p', "profile", &profile_file, NULL, "file", "write the profiles over orientation here"),
    OPT_TEXT(0, "pairs", &pairs_file, NULL, "file", "write every tap of every pair here"),
    OPT_COUNT('n', "permutations", &plan.permutations, "9999", CLOSED(0, 1e6), "number",
	"permutations of the filters"),
    OPT_COUNT('q', "invariance", &plan.invariance_permutations, "499", CLOSED(0, 1e6), "number",
	"permutations for Q_inv and Q_unrotated"),
    OPT_COUNT('b', "bootstrap", &plan.bootstrap, "2000", CLOSED(0, 1e6), "number",
	"bootstrap samples of the filters"),
    OPT_SEED(&plan.seed),
    OPT_THREADS(&threads, NULL),
    OPT_OUTPUT(&output),
    OPT_VERBOSE(&verbose),
    OPT_END,
};
static const struct tool tool = {"lateral-stats",
    "indices of a lateral kernel with intervals and chance", "[file]", 0, 1, options};

/* the kernel, C1, C2, C3 and the kernel beyond them; those that are not there have no weights */
enum { KERNEL, C1, C2, C3, BEYOND, KERNELS };
static char *name[KERNELS];
static double *weight[KERNELS];

static void read_plan(void)
{
	struct list list;
	struct opt_range distances = AT_LEAST(0);
	if (!from.filters || !from.table)
		tool_usage("%s: needed: option is missing", from.filters ? "--table" : "--filters");
	if (list_parse(ranges, false, distances, &list))
		tool_usage("--ranges: %s", err_reason());
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

static void read_units(struct lateral *set, char *file)
{
	struct npys_in *in = tool_need(npys_open(&file, file ? 1 : 0));
	tool_check(lateral_read(in, &from, set));
	npys_close_in(in);
	if (!from.rms)
		tool_warn("--rms: not given: the gauge of the kernel is taken as it is");
	if (verbose)
		tool_warn("%zu of %zu units: %zu not accepted, %zu with rms 0", set->n,
		    set->channels, set->rejected, set->silent);
}

static void read_confounds(const struct lateral *set)
{
	size_t count = 0;
	const double *c[LATERAL_CONFOUNDS_MAX];
	tool_check(lateral_read_confounds(&from, set, plan.threads, &weight[C1]));
	for (size_t k = C1; k <= C3; k++)
		if (weight[k])
			c[count++] = weight[k];
	if (set->n < 4) {
		tool_warn("%s: 4 usable units are needed: left out", name[BEYOND]);
		return;
	}
	weight[BEYOND] = tool_need(mem_alloc(set->n * set->n * set->taps, sizeof(double)));
	tool_check(
	    lateral_beyond(set, set->weight, c, count, plan.seed, plan.threads, weight[BEYOND]));
}

int main(int argc, char **argv)
{
	struct lateral set;
	struct report report = {0};
	struct lateral_bin bins[LATERAL_BINS];
	struct table_out *profile = NULL;

	size_t operands = tool_start(&tool, argc, argv);
	read_plan();
	read_units(&set, operands ? argv[1] : NULL);
	name[KERNEL] = tool_need(mem_text("%s", label));
	name[C1] = "C1", name[C2] = "C2", name[C3] = "C3";
	name[BEYOND] = tool_need(mem_text("%s_beyond_C", label));
	weight[KERNEL] = set.weight;
	read_confounds(&set);

	struct table_out *table = tool_need(table_create(output, REPORT_COLUMNS));
	if (profile_file)
		profile = tool_need(table_create(profile_file, LATERAL_BIN_COLUMNS));
	struct progress progress = progress_start(verbose, "lateral-stats", "kernels", KERNELS);
	for (size_t k = 0; k < KERNELS; k++) {
		for (enum lateral_part part = LATERAL_POSITIVE; part < LATERAL_SIGNED && weight[k];
		     part++) {
			bool empty;
			tool_check(lateral_angular(&set, name[k], weight[k], part, &plan, &report,
			    profile ? bins : NULL, &empty));
			if (empty)
				tool_warn("%s: no %s weight: what needs one is nan", name[k],
				    lateral_part_names[part]);
			if (profile)
				lateral_bins_write(bins, name[k], part, profile);
		}
		if (weight[k]) {
			bool own = k == KERNEL || k == BEYOND;
			tool_check(lateral_signed(&set, name[k], weight[k], own, &plan, &report));
			if (own)
				tool_check(
				    lateral_invariance(&set, name[k], weight[k], &plan, &report));
		}
		progress_add(&progress, 1, name[k]);
	}
	progress_end(&progress);
	report_write(&report, table);
	if (pairs_file) {
		struct table_out *pairs = tool_need(table_create(pairs_file, LATERAL_PAIR_COLUMNS));
		lateral_pairs_write(&set, weight[C1], weight[C2], weight[C3], pairs);
		tool_check(table_close(pairs));
	}
	if (profile)
		tool_check(table_close(profile));
	tool_check(table_close(table));
	report_free(&report);
	for (size_t k = C1; k < KERNELS; k++)
		free(weight[k]);
	free(name[KERNEL]);
	free(name[BEYOND]);
	free((double *)plan.edge);
	lateral_free(&set);
	return STATUS_OK;
}
