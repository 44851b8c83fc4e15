/*
 * fit-gabor: fit Gabor functions to a bank's receptive profiles. Daugman 1985, J. Opt. Soc. Am. A 2:1160;
 * Jones and Palmer 1987, J. Neurophysiol. 58:1233; Ringach 2002, J. Neurophysiol. 88:455.
 */
#include <math.h>
#include <stdlib.h>
#include "base/memory.h"
#include "base/number.h"
#include "base/progress.h"
#include "base/tool.h"
#include "fit/bank.h"
#include "fit/survey.h"
#include "table/table.h"

static const char *output, *lgn_file, *fitted_file, *profiles_file, *passes_file, *compare_file;
static struct survey_options survey_options;
static bool verbose;
static const struct opt options[] = {
    OPT_TEXT('l', "lgn", &lgn_file, NULL, "file",
	"fit the effective profiles of this kernel with the filters"),
    OPT_COUNT(0, "surrogates", &survey_options.surrogates, "99", CLOSED(0, 99999), "number",
	"phase-scrambled surrogates per filter"),
    OPT_FLAG(0, "gabor-only", &survey_options.gabor_only, "leave out the other models"),
    OPT_TEXT(0, "fitted", &fitted_file, NULL, "file", "write the fitted functions as npys"),
    OPT_TEXT(0, "profiles", &profiles_file, NULL, "file", "write the profiles that were fitted"),
    OPT_TEXT(
	0, "passes", &passes_file, NULL, "file", "write how many pass as the threshold varies"),
    OPT_TEXT(0, "compare", &compare_file, NULL, "file",
	"write a comparison of the accepted filters with macaque V1"),
    OPT_SEED(&survey_options.seed),
    OPT_THREADS(&survey_options.threads, NULL),
    OPT_VERBOSE(&verbose),
    OPT_OUTPUT(&output),
    OPT_END,
};
static const struct opt_rule rules[] = {
    OPT_RULE("seed", NONE_OF("surrogates", "0"), GIVEN("compare")),
    OPT_RULES_END,
};
static const struct tool tool = {"fit-gabor", "fit Gabor functions to receptive profiles",
    "[file ...]", 0, SIZE_MAX, options, rules};

static const char columns[] = "record filter accepted reason r r2 theta_deg phase_deg sf_cpp "
			      "sigma_across_px sigma_along_px x0_px y0_px "
			      "amplitude offset nx ny aspect sf_bandwidth_octaves "
			      "orientation_half_width_deg theta_deg_se phase_deg_se "
			      "sf_cpp_se sigma_across_px_se sigma_along_px_se x0_px_se y0_px_se "
			      "amplitude_se offset_se nx_se ny_se "
			      "aspect_se sf_bandwidth_octaves_se orientation_half_width_deg_se "
			      "noise r_surrogates_95 p model aicc_gabor "
			      "aicc_gaussian aicc_dog aicc_log spatial_share profile";

static const double degrees = 57.295779513082320877;

/* what follows the angles, of a function or of its standard errors */
static void put_gabor(struct table_out *table, const struct gabor *g)
{
	TABLE_REALS(table, g->frequency, g->sigma_across, g->sigma_along, g->x0, g->y0,
	    g->amplitude, g->offset);
}

static void put_row(
    struct table_out *table, const struct bank *bank, size_t filter, const struct survey_result *s)
{
	const struct gabor *g = &s->estimate.gabor;
	const struct gabor_errors *e = &s->errors;
	char reason[REASONS_SIZE];
	table_int(table, (long long)bank->record);
	table_int(table, (long long)filter);
	table_int(table, !s->reasons);
	table_text(table, gabor_reason(s->reasons, reason));
	TABLE_REALS(table, s->r, s->r2);
	table_orientation(table, g->theta * degrees);
	table_phase(table, g->phase * degrees);
	put_gabor(table, g);
	TABLE_REALS(table, gabor_nx(g), gabor_ny(g), g->sigma_along / g->sigma_across,
	    gabor_octaves(gabor_nx(g)), gabor_half_width(gabor_nx(g), gabor_ny(g)) * degrees,
	    e->gabor.theta * degrees, e->gabor.phase * degrees);
	put_gabor(table, &e->gabor);
	TABLE_REALS(table, e->nx, e->ny, e->aspect, e->octaves, e->half_width * degrees, s->noise,
	    s->threshold, s->p);
	table_text(table, s->reasons & GABOR_CONSTANT || survey_options.gabor_only
			      ? "-"
			      : survey_model_name(s->model));
	table_numbers(table, SURVEY_MODELS, s->aicc);
	table_real(table, bank->spatial_share[filter]);
	table_text(table, lgn_file ? "effective" : "filter");
}

/* the profiles that were fitted: the bank, or its effective profiles with an lgn; the bank is
 * changed */
static void put_profiles(struct npys_out *out, struct bank *bank, const struct bank *lgn)
{
	if (lgn->x)
		tool_check(bank_compose(bank, lgn->x, lgn->size));
	tool_check(npys_put_double(
	    out, 3, (size_t[]){bank->filters, bank->size.h, bank->size.w}, bank->x));
}

/* the fitted functions; for a constant profile its value */
static void put_fitted(
    struct npys_out *out, const struct gabor_estimate *e, struct extent k, double *x)
{
	gabor_sample(&e->gabor, k, x);
	for (size_t i = 0; i < extent_pixels(k) && isnan(e->gabor.frequency); i++)
		x[i] = e->mean;
	tool_check(npys_write_double(out, x, 1));
}

/* filters that are fitted together; rows are written after each lot */
#define CHUNK 32

static void fit_bank(const struct bank *bank, struct survey *survey, struct table_out *table,
    struct npys_out *fitted)
{
	struct progress progress = progress_start(verbose, "fit-gabor", "filters", bank->filters);
	struct survey_result results[CHUNK];
	struct extent k = survey_size(survey);
	double *x = tool_need(mem_alloc(extent_pixels(k), sizeof *x));
	struct npys_header header;
	tool_check(npys_shape(&header, NPYS_F8, 3, (size_t[]){bank->filters, k.h, k.w}));
	if (fitted)
		tool_check(npys_begin(fitted, &header));
	for (size_t first = 0, n; first < bank->filters; first += n) {
		n = size_min(bank->filters - first, CHUNK);
		tool_check(
		    survey_run(survey, bank->record, first, n, bank_filter(bank, first), results));
		for (size_t i = 0; i < n; i++) {
			put_row(table, bank, first + i, &results[i]);
			if (fitted)
				put_fitted(fitted, &results[i].estimate, k, x);
		}
		tool_check(table_flush(table));
		progress_add(&progress, n, NULL);
	}
	progress_end(&progress);
	free(x);
}

int main(int argc, char **argv)
{
	size_t files = tool_start(&tool, argc, argv);
	struct extent size = {0};
	struct bank lgn = {0}, bank;
	struct survey *survey = NULL;
	struct survey_table passes;
	struct population *population = NULL;
	if (lgn_file) {
		tool_check(bank_load_single(lgn_file, &lgn));
		survey_options.lgn = lgn.x;
		survey_options.lgn_size = lgn.size;
	}
	survey_table_start(&passes);
	if (compare_file)
		population = tool_need(population_create(1 + survey_options.surrogates));
	struct npys_in *in = tool_need(bank_open(argv + 1, files));
	struct table_out *table = tool_need(table_create(output, columns));
	struct npys_out *fitted = fitted_file ? tool_need(npys_create(fitted_file)) : NULL;
	struct npys_out *profiles = profiles_file ? tool_need(npys_create(profiles_file)) : NULL;
	while (tool_check(bank_next(in, &bank))) {
		if (!extent_same(bank.size, size)) {
			survey_free(survey);
			survey = survey_create(size = bank.size, &survey_options);
			if (!survey) {
				err_context("%s: record %zu", npys_file(in), bank.record);
				tool_fail();
			}
			survey_count(survey, passes_file ? &passes : NULL);
			survey_populate(survey, population);
		}
		fit_bank(&bank, survey, table, fitted);
		if (profiles)
			put_profiles(profiles, &bank, &lgn);
		bank_free(&bank);
	}
	if (passes_file)
		tool_check(survey_table_write(&passes, passes_file));
	if (population)
		tool_check(population_write(population, survey_options.seed, compare_file));
	if (fitted)
		tool_check(npys_close(fitted));
	if (profiles)
		tool_check(npys_close(profiles));
	tool_check(table_close(table));
	survey_free(survey);
	population_free(population);
	bank_free(&lgn);
	npys_close_in(in);
	return STATUS_OK;
}
