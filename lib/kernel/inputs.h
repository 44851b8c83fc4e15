/* The files that lateral-stats and assoc-field have in common, read into pairs.h's set and the confounds' kernels. */
#ifndef LATERAL_INPUTS_H
#define LATERAL_INPUTS_H

#include "kernel/pairs.h"
#include "npys/npys.h"

#define LATERAL_KERNEL_MAX ((size_t)1 << 28) /* numbers in a kernel; it is held in memory */

struct lateral_files {
	const char *table;   /* fit-gabor's table of the units */
	const char *filters; /* bank of the units, for C1 and C2 */
	const char *lgn;     /* filter before the bank, for C2; NULL: no C2 */
	const char *rms;     /* (F,) for the gauge; NULL: as if all were 1 */
	const char *c3;      /* covariance (F, F, k, k) of the units; NULL: no C3 */
};

/* The only record of `in` as the lateral kernel of the units of files->table, in the gauge of files->rms. With
 * files->filters the accepted fits must be of effective profiles where files->lgn is given, of the filters where not.
 * 0 or -1. */
int lateral_read(struct npys_in *in, const struct lateral_files *files, struct lateral *set)
    __attribute__((warn_unused_result));

/* C1, C2 and C3 of the set's pairs, (n, n, taps) each; those whose files are not given stay NULL. Free with free(),
 * also on failure. 0 or -1. */
int lateral_read_confounds(const struct lateral_files *files, const struct lateral *set,
    size_t threads, double *c[3]) __attribute__((warn_unused_result));

#endif
