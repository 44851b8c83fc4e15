/*
 * A survey of a bank by Gabor fits: every filter's fit with its standard errors, judged against fits of the filter's
 * own phase-scrambled surrogates with the same starts, and against blobs; where one of these explains it better there is no
 * carrier, or not even an orientation, to be accepted. With an lgn (Psi0) what is fitted is the
 * effective profile Psi0 * Psi1; then the filter Psi1 is scrambled and the surrogate is its effective profile, so that
 * surrogates stay inside the array as the profile does.
 */
#ifndef FIT_SURVEY_H
#define FIT_SURVEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "fit/blob.h"
#include "fit/gabor_fit.h"
#include "fit/population.h"

enum survey_model { SURVEY_GABOR, SURVEY_GAUSSIAN, SURVEY_DOG, SURVEY_LOG, SURVEY_MODELS };

struct survey_result {
	struct gabor_estimate estimate;
	struct gabor_errors errors;
	double r, r2;
	double noise; /* standard deviation of the residual on n - 9 degrees of freedom */
	double
	    threshold; /* 95 % point of the surrogates' r: the ceil(.95 (count + 1))-th smallest, the largest where
	                     there are fewer than 19; NaN without surrogates */
	double
	    p; /* (1 + number of surrogates with at least this r) / (1 + surrogates); NaN without */
	unsigned reasons; /* enum gabor_reasons; 0: accepted */
	double aicc
	    [SURVEY_MODELS]; /* of the Gabor function and, offset free, elongated Gaussian, DoG, LoG */
	enum survey_model model; /* with the smallest */
};

const char *survey_model_name(enum survey_model model);

struct survey_options {
	size_t surrogates, threads;
	uint64_t seed;
	bool gabor_only;   /* leave the other models' AICc NaN */
	const double *lgn; /* of lgn_size, or NULL */
	struct extent lgn_size;
};

/* Workspace for filters of a size; the fitted profiles are of survey_size. The lgn must outlive it. */
struct survey;
struct survey *survey_create(struct extent size, const struct survey_options *options)
    __attribute__((warn_unused_result));
void survey_free(struct survey *survey);
struct extent survey_size(const struct survey *survey);

/* Fit `count` filters, the first of which is number `first` of its record: x (count, h, w), results (count). The random
 * numbers depend on seed, record, filter and surrogate only. 0 or -1. */
int survey_run(struct survey *survey, size_t record, size_t first, size_t count, const double *x,
    struct survey_result *results) __attribute__((warn_unused_result));

/* How many filters and surrogates pass as the threshold varies, over all that the survey has run.
 * A surrogate is judged like a filter, against the other surrogates of its filter. Constant profiles
 * are left out. */
struct survey_passes {
	bool percentile; /* the level is the share of surrogates to be exceeded; else r itself */
	double level;
	size_t above, accepted; /* filters: exceed the level; and nothing else is against them */
	size_t surrogates_above, surrogates_accepted;
};
#define SURVEY_LEVELS 16
struct survey_table {
	size_t filters, surrogates; /* judged */
	struct survey_passes level[SURVEY_LEVELS];
};
void survey_table_start(struct survey_table *table);
/* Write it: `rule level filters filters_above filters_accepted surrogates surrogates_above surrogates_accepted`, rule
 * "surrogates" for a percentile, else "r". 0 or -1. */
int survey_table_write(const struct survey_table *table, const char *file)
    __attribute__((warn_unused_result));
/* Let the survey add to a table from now on (NULL: to none). */
void survey_count(struct survey *survey, struct survey_table *table);

/* From now on add accepted filters to bank 0 of a population, and surrogate k of each filter, if
 * it has no reason against it but r, to bank k + 1. The population has 1 + surrogates banks (NULL:
 * stop adding). */
void survey_populate(struct survey *survey, struct population *population);

#endif
