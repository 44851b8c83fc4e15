/*
 * combine-tables: the tables of lateral-stats or compare-models for several models as one: mean over models, and how far
 * models differ beyond what each says of itself.
 */
#include "base/tool.h"
#include "stats/combine.h"

static const char *output;

static const struct opt options[] = {OPT_OUTPUT(&output), OPT_END};
static const struct tool tool = {"combine-tables",
    "mean and spread of several models' tables of indices", "table table ...", 2, 1000, options,
    NULL};

int main(int argc, char **argv)
{
	size_t count = tool_start(&tool, argc, argv);
	struct table_out *table = tool_need(table_create(output, COMBINE_COLUMNS));
	tool_check(combine_tables(count, argv + 1, table));
	tool_check(table_close(table));
	return STATUS_OK;
}
