/* Files of lateral-stats and assoc-field: see inputs.h. */
#include <stdlib.h>
#include "base/error.h"
#include "base/memory.h"
#include "fit/bank.h"
#include "kernel/overlap.h"
#include "kernel/inputs.h"

/* Where overlaps of the filters are taken, they are of the profiles that were fitted: C2 and --lgn go with fits of
 * effective profiles. A table without that column does not say what it is of. */
static int check_profiles(const struct lateral_files *files, const struct gabor_row *rows, size_t count)
{
	for (size_t i = 0; i < count && files->filters; i++) {
		if (rows[i].accepted && rows[i].profile == GABOR_EFFECTIVE && !files->lgn)
			return err_set("%s: row %zu: a fit of the effective profile: its filter before the bank is needed, --lgn",
			    files->table, i + 1);
		if (rows[i].accepted && rows[i].profile == GABOR_FILTER && files->lgn)
			return err_set("%s: row %zu: a fit of the filter alone: --lgn needs those of effective profiles, by "
				       "fit-gabor --lgn", files->table, i + 1);
	}
	return 0;
}

int lateral_read(struct npys_in *in, const struct lateral_files *files, struct lateral *set)
{
	struct npys_array kernel = {0}, rms = {0};
	struct npys_header more;
	struct gabor_row *rows = NULL;
	size_t count;
	int status = npys_next_array(in, &kernel, LATERAL_KERNEL_MAX);
	if (status > 0)
		status = npys_next(in, &more);
	if (status > 0)
		status = err_set("%s: a second record: one kernel is expected", npys_file(in));
	if (status == 0)
		status = gabor_table_read(files->table, &rows, &count);
	if (status == 0)
		status = check_profiles(files, rows, count);
	if (status == 0 && files->rms)
		status = npys_load(files->rms, &rms, LATERAL_KERNEL_MAX);
	if (status == 0)
		status = lateral_build(set, &kernel, rows, count, files->rms ? &rms : NULL);
	npys_array_free(&kernel);
	npys_array_free(&rms);
	free(rows);
	return status;
}

static double *kernel_of(const struct lateral *set)
{
	return mem_alloc(set->n * set->n * set->taps, sizeof(double));
}

static int read_overlaps(
    const struct lateral_files *files, const struct lateral *set, size_t threads, double *c[3])
{
	struct bank bank, lgn;
	int status = bank_load(files->filters, &bank);
	if (status < 0)
		return -1;
	c[0] = kernel_of(set);
	status = c[0] ? lateral_correlation(set, &bank, threads, c[0]) : -1;
	if (status == 0 && files->lgn) {
		c[1] = kernel_of(set);
		status = c[1] ? bank_load_single(files->lgn, &lgn) : -1;
		if (status == 0) {
			status = bank_compose(&bank, lgn.x, lgn.size);
			if (status == 0)
				status = lateral_correlation(set, &bank, threads, c[1]);
			bank_free(&lgn);
		}
	}
	bank_free(&bank);
	return status;
}

int lateral_read_confounds(
    const struct lateral_files *files, const struct lateral *set, size_t threads, double *c[3])
{
	struct npys_array covariance;
	int status = files->filters ? read_overlaps(files, set, threads, c) : 0;
	if (status == 0 && files->c3) {
		c[2] = kernel_of(set);
		status = c[2] ? npys_load(files->c3, &covariance, LATERAL_KERNEL_MAX) : -1;
		if (status == 0) {
			status = lateral_select(set, &covariance, LATERAL_COVARIANCE, c[2]);
			if (status)
				status = err_set("%s: %s", files->c3, err_reason());
			npys_array_free(&covariance);
		}
	}
	return status;
}
