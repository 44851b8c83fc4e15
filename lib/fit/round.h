/*
 * Round profiles: what fit-log measures of a profile such as Psi0. The LoG fit, its rivals by AICc, symmetry about the
 * fitted centre, balance; and the same of noise, which is what the numbers have to be held against.
 */
#ifndef FIT_ROUND_H
#define FIT_ROUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "fit/blob.h"
#include "fit/reasons.h"
#include "fit/symmetry.h"

enum round_model {
	ROUND_LOG,
	ROUND_LOG_OFFSET,
	ROUND_DOG,
	ROUND_GAUSSIAN,
	ROUND_DELTA,
	ROUND_MODELS
};

/* Medians and 95 % points of r and symmetry over noise profiles that were fitted in the same way. NaN without noise. */
struct round_chance {
	double r, r_95, symmetry, symmetry_95;
};

/* Why a profile is no centre with a balanced surround; the limits are this suite's. */
enum round_reasons {
	ROUND_SIGMA = 1,    /* sigma of the LoG < ROUND_SIGMA_MIN */
	ROUND_DC = 2,       /* dc_ratio > ROUND_DC_MAX */
	ROUND_SURROUND = 4, /* surround_ratio < ROUND_SURROUND_MIN */
	ROUND_MODEL = 8,    /* neither LoG nor DoG reaches the AICc of both Gaussian and delta */
	ROUND_NOISE = 16, /* r does not exceed the matched noise's 95 % point, where there is one */
	ROUND_ZERO = 32,  /* a profile of zeros; alone */
};
#define ROUND_SIGMA_MIN .7 /* px */
#define ROUND_DC_MAX .2
#define ROUND_SURROUND_MIN .5

struct round_result {
	struct blob log;          /* the LoG, offset 0 or free as the options say */
	double r, r2;             /* Pearson's r of profile and fit; 1 - sse/sst */
	double r_offset;          /* r of the LoG whose offset is free */
	struct symmetry symmetry; /* about the LoG's centre */
	double dc_ratio, surround_ratio;
	double aicc[ROUND_MODELS];
	enum round_model model;       /* with the smallest */
	double fits[ROUND_MODELS][2]; /* r2 of each, and its sigma */
	struct round_chance matched,
	    white; /* noise of the profile's own spectrum; white noise of its size */
	double p_r,
	    p_symmetry; /* (1 + number of matched profiles with at least this value) / (1 + count) */
	bool empty;     /* a profile of zeros: every number is NaN */
	unsigned reasons; /* enum round_reasons; 0: accepted */
};

const char *round_model_name(enum round_model model);

/* "-" for none, else words joined by commas, into text, which is returned. */
const char *round_reason(unsigned reasons, char text[static REASONS_SIZE]);

struct round_options {
	bool offset;
	size_t null, threads; /* noise profiles of each kind */
	uint64_t seed;
};

/* Workspace for (k, k) profiles, k >= 3. */
struct round_survey;
struct round_survey *round_create(size_t k, const struct round_options *options)
    __attribute__((warn_unused_result));
void round_free(struct round_survey *survey);

/* Measure profiles x (count, k, k), the first being number `first` of its record. 0 or -1. */
int round_run(struct round_survey *survey, size_t record, size_t first, size_t count,
    const double *x, struct round_result *results) __attribute__((warn_unused_result));

#endif
