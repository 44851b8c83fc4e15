/*
 * Measures of a round profile such as Psi0: the LoG fit, its rivals by AICc, symmetry about the
 * fitted centre and balance of the surround; and the same measures of noise, for comparison.
 */
#ifndef FIT_LOG_FIT_H
#define FIT_LOG_FIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "fit/blob.h"
#include "fit/reasons.h"
#include "fit/symmetry.h"

enum log_fit_model {
	LOG_FIT_LOG,
	LOG_FIT_LOG_OFFSET,
	LOG_FIT_DOG,
	LOG_FIT_GAUSSIAN,
	LOG_FIT_DELTA,
	LOG_FIT_MODELS
};

/* Medians and 95 % points of r and symmetry over noise profiles that were fitted in the same way. NaN without noise. */
struct log_fit_chance {
	double r, r_95, symmetry, symmetry_95;
};

/* Why a profile is not accepted as a centre with a balanced surround; the limits are this suite's
 * own. */
enum log_fit_reasons {
	LOG_FIT_SIGMA = 1,    /* sigma of the LoG < LOG_FIT_SIGMA_MIN */
	LOG_FIT_DC = 2,       /* dc_ratio > LOG_FIT_DC_MAX */
	LOG_FIT_SURROUND = 4, /* surround_ratio < LOG_FIT_SURROUND_MIN */
	LOG_FIT_MODEL = 8,    /* neither LoG nor DoG reaches the AICc of both Gaussian and delta */
	LOG_FIT_NOISE =
	    16, /* r does not exceed the matched noise's 95 % point, where there is one */
	LOG_FIT_ZERO = 32, /* a profile of zeros; alone */
};
#define LOG_FIT_SIGMA_MIN .7 /* px */
#define LOG_FIT_DC_MAX .2
#define LOG_FIT_SURROUND_MIN .5

struct log_fit_result {
	struct blob log;          /* the LoG, offset 0 or free as the options say */
	double r, r2;             /* Pearson's r of profile and fit; 1 - sse/sst */
	double r_offset;          /* r of the LoG whose offset is free */
	struct symmetry symmetry; /* about the LoG's centre */
	double dc_ratio, surround_ratio;
	double aicc[LOG_FIT_MODELS];
	enum log_fit_model model;       /* with the smallest */
	double fits[LOG_FIT_MODELS][2]; /* r2 of each, and its sigma */
	struct log_fit_chance matched,
	    white; /* noise of the profile's own spectrum; white noise of its size */
	double p_r,
	    p_symmetry; /* (1 + number of matched profiles with at least this value) / (1 + count) */
	bool empty;     /* a profile of zeros: every number is NaN */
	unsigned reasons; /* enum log_fit_reasons; 0: accepted */
};

const char *log_fit_model_name(enum log_fit_model model);

/* "-" for none, else words joined by commas, into text, which is returned. */
const char *log_fit_reason(unsigned reasons, char text[static REASONS_SIZE]);

struct log_fit_options {
	bool offset;
	size_t null, threads; /* noise profiles of each kind */
	uint64_t seed;
};

/* Workspace for profiles of at least 3 x 3 px. */
struct log_fit_survey;
struct log_fit_survey *log_fit_create(struct extent size, const struct log_fit_options *options)
    __attribute__((warn_unused_result));
void log_fit_free(struct log_fit_survey *survey);

/* Measure profiles x (count, h, w), the first being number `first` of its record. 0 or -1. */
int log_fit_run(struct log_fit_survey *survey, size_t record, size_t first, size_t count,
    const double *x, struct log_fit_result *results) __attribute__((warn_unused_result));

#endif
