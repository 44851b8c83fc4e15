/*
 * lateral-stats: does a lateral kernel have the geometry of V1's horizontal connections? Indices of the kernel, and of what is
 * beyond the overlap of its filters (C1 to C3), each with interval, chance and p.
 *
 * Bosking et al., J. Neurosci. 17 (1997) 2112; Bertoni et al., arXiv:2104.08537.
 */
#include <stdlib.h>
#include "base/progress.h"
#include "base/threads.h"
#include "base/tool.h"
#include "indices/indices.h"
#include "kernel/overlap.h"

static const char *output, *label, *profile_file, *near_file, *pairs_file;
static struct units_files from;
static bool verbose, disc;
static struct resampling_plan plan;
static size_t threads;

static const struct opt options[] = {
    OPT_TEXT('f', "filters", &from.filters, NULL, "file", "filter bank of the units (required)"),
    OPT_TEXT('t', "table", &from.table, NULL, "file", "fit-gabor's table of the units (required)"),
    OPT_TEXT('l', "lgn", &from.lgn, NULL, "file", "filter before the bank, for C2"),
    OPT_TEXT('r', "rms", &from.rms, NULL, "file", "rms of the units, for the gauge"),
    OPT_TEXT('c', "c3", &from.c3, NULL, "file", "covariance of the units, for C3"),
    OPT_TEXT(0, "label", &label, "K", "name", "what to call the kernel in the table"),
    OPT_FLAG(0, "disc", &disc, "leave out taps farther than half the width"),
    OPT_TEXT(
	'p', "profile", &profile_file, NULL, "file", "write the profiles over orientation here"),
    OPT_TEXT(0, "short-range", &near_file, NULL, "file", "write the weights near Delta = 0 here"),
    OPT_TEXT(0, "pairs", &pairs_file, NULL, "file", "write every tap of every pair here"),
    OPT_COUNT('n', "permutations", &plan.permutations, "9999", CLOSED(0, 1e6), "number",
	"permutations of the units"),
    OPT_COUNT('q', "invariance", &plan.refits, "499", CLOSED(0, 1e6), "number",
	"permutations for Q and explained_C, each predicted anew"),
    OPT_COUNT('b', "bootstrap", &plan.bootstrap, "2000", CLOSED(0, 1e6), "number",
	"bootstrap samples of the units"),
    OPT_SEED(&plan.seed),
    OPT_THREADS(&threads, NULL),
    OPT_OUTPUT(&output),
    OPT_VERBOSE(&verbose),
    OPT_END,
};
static const struct opt_rule rules[] = {OPT_RULE(NULL, GIVEN("filters")),
    OPT_RULE(NULL, GIVEN("table")), OPT_RULE("c3", GIVEN("rms")), OPT_RULES_END};
static const struct tool tool = {"lateral-stats",
    "indices of a lateral kernel with intervals and chance", "[file]", 0, 1, options, rules};

static void read_units(struct units *set, char *file)
{
	struct npys_in *in = tool_need(npys_open(&file, file ? 1 : 0));
	tool_check(units_read(in, &from, set));
	npys_close_in(in);
	if (!from.rms)
		tool_warn("--rms: not given: every rms is taken as 1, so weights have the scale of "
			  "the responses");
	if (verbose)
		tool_warn("%zu of %zu units: %zu not accepted, %zu with rms 0", set->n,
		    set->channels, set->rejected, set->silent);
}

static struct table_out *table(const char *file, const char *columns)
{
	return file ? tool_need(table_create(file, columns)) : NULL;
}

static void close_table(struct table_out *table)
{
	if (table)
		tool_check(table_close(table));
}

int main(int argc, char **argv)
{
	struct units set;
	struct indices all;
	double *c[3] = {NULL};

	size_t operands = tool_start(&tool, argc, argv);
	plan.threads = par_threads(threads);

	read_units(&set, operands ? argv[1] : NULL);
	tool_check(overlap_read(&from, &set, plan.threads, c));
	if (disc) {
		units_disc(&set, set.weight);
		for (size_t k = 0; k < 3; k++)
			if (c[k])
				units_disc(&set, c[k]);
	}
	struct table_out *rows = tool_need(table_create(output, INDICES_COLUMNS));
	struct table_out *profile = table(profile_file, INDICES_PROFILE_COLUMNS),
			 *near = table(near_file, INDICES_NEAR_COLUMNS),
			 *pairs = table(pairs_file, UNITS_COLUMNS);
	tool_check(indices_start(&all, label, &set, &plan, c));
	if (all.kernels == 1)
		tool_warn("%s: 4 usable units are needed: left out", all.name[INDICES_BEYOND]);

	struct progress progress = progress_start(verbose, "lateral-stats", "kernels", all.kernels);
	for (size_t k = 0; k < all.kernels; k++) {
		tool_check(indices_measure(&all, k, profile, near));
		for (enum sign sign = SIGN_POSITIVE; sign < SIGN_BOTH; sign++)
			if (indices_empty(&all, k, sign))
				tool_warn("%s: no %s weight: what needs one is nan", all.name[k],
				    sign_names[sign]);
		progress_add(&progress, 1, all.name[k]);
	}
	progress_end(&progress);

	indices_write(&all, rows);
	if (pairs)
		units_write(&set, c[0], c[1], c[2], all.beyond, pairs);
	close_table(pairs);
	close_table(near);
	close_table(profile);
	close_table(rows);
	indices_free(&all);
	for (size_t k = 0; k < 3; k++)
		free(c[k]);
	units_free(&set);
	return STATUS_OK;
}
