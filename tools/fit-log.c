/*
 * fit-log: is a receptive profile a Laplacian of Gaussian, and is it round? Marr and Hildreth 1980, Proc. R. Soc.
 * Lond. B 207:187; Rodieck 1965, Vision Res. 5:583 (difference of Gaussians).
 */
#include <stdlib.h>
#include "base/number.h"
#include "base/progress.h"
#include "base/tool.h"
#include "fit/bank.h"
#include "fit/log_fit.h"
#include "table/table.h"

static const char *output;
static struct log_fit_options log_fit_options;
static bool verbose;
static const struct opt options[] = {
    OPT_FLAG('c', "offset", &log_fit_options.offset, "let the fitted LoG have an offset"),
    OPT_COUNT('N', "null", &log_fit_options.null, "99", CLOSED(0, 99999), "number",
	"noise profiles of each kind for the chance levels"),
    OPT_SEED(&log_fit_options.seed),
    OPT_THREADS(&log_fit_options.threads, NULL),
    OPT_VERBOSE(&verbose),
    OPT_OUTPUT(&output),
    OPT_END,
};
static const struct opt_rule rules[] = {
    OPT_RULE("seed", NONE_OF("null", "0")),
    OPT_RULES_END,
};
static const struct tool tool = {"fit-log", "fit a Laplacian of Gaussian and measure symmetry",
    "[file ...]", 0, SIZE_MAX, options, rules};

static const char columns[] =
    "record filter accepted reason r r2 sigma_px x0_px y0_px amplitude offset symmetry "
    "elongation fourfold dc_ratio surround_ratio "
    "model aicc_log aicc_log_offset aicc_dog aicc_gaussian aicc_delta "
    "r2_log r2_log_offset r2_dog r2_gaussian "
    "r2_delta r_offset p_r p_symmetry r_matched r_matched_95 "
    "symmetry_matched symmetry_matched_95 r_white "
    "r_white_95 symmetry_white symmetry_white_95 spatial_share";

static void put_chance(struct table_out *table, const struct log_fit_chance *chance)
{
	TABLE_REALS(table, chance->r, chance->r_95, chance->symmetry, chance->symmetry_95);
}

static void put_row(
    struct table_out *table, const struct bank *bank, size_t filter, const struct log_fit_result *s)
{
	char reason[REASONS_SIZE];
	table_int(table, (long long)bank->record);
	table_int(table, (long long)filter);
	table_int(table, !s->reasons);
	table_text(table, log_fit_reason(s->reasons, reason));
	TABLE_REALS(table, s->r, s->r2, s->log.sigma, s->log.x0, s->log.y0, s->log.amplitude,
	    s->log.offset, s->symmetry.symmetry, s->symmetry.elongation, s->symmetry.fourfold,
	    s->dc_ratio, s->surround_ratio);
	table_text(table, s->empty ? "-" : log_fit_model_name(s->model));
	table_numbers(table, LOG_FIT_MODELS, s->aicc);
	for (size_t m = 0; m < LOG_FIT_MODELS; m++)
		table_real(table, s->fits[m][0]);
	TABLE_REALS(table, s->r_offset, s->p_r, s->p_symmetry);
	put_chance(table, &s->matched);
	put_chance(table, &s->white);
	table_real(table, bank->spatial_share[filter]);
}

/* filters that are measured together; rows are written after each lot */
#define CHUNK 64

static void fit_bank(
    const struct bank *bank, struct log_fit_survey *survey, struct table_out *table)
{
	struct progress progress = progress_start(verbose, "fit-log", "profiles", bank->filters);
	struct log_fit_result results[CHUNK];
	for (size_t first = 0, n; first < bank->filters; first += n) {
		n = size_min(bank->filters - first, CHUNK);
		tool_check(
		    log_fit_run(survey, bank->record, first, n, bank_filter(bank, first), results));
		for (size_t i = 0; i < n; i++)
			put_row(table, bank, first + i, &results[i]);
		tool_check(table_flush(table));
		progress_add(&progress, n, NULL);
	}
	progress_end(&progress);
}

int main(int argc, char **argv)
{
	size_t files = tool_start(&tool, argc, argv);
	struct extent size = {0};
	struct log_fit_survey *survey = NULL;
	struct bank bank;
	struct npys_in *in = tool_need(bank_open(argv + 1, files));
	struct table_out *table = tool_need(table_create(output, columns));
	while (tool_check(bank_next(in, &bank))) {
		if (!extent_same(bank.size, size)) {
			log_fit_free(survey);
			survey = log_fit_create(size = bank.size, &log_fit_options);
			if (!survey) {
				err_context("%s: record %zu", npys_file(in), bank.record);
				tool_fail();
			}
		}
		fit_bank(&bank, survey, table);
		bank_free(&bank);
	}
	tool_check(table_close(table));
	log_fit_free(survey);
	npys_close_in(in);
	return STATUS_OK;
}
