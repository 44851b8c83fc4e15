/*
 * Tuning of units measured with gratings, as an electrophysiologist would: the response to a grating
 * is the mean over its phases (F0), the modulation the amplitude of the first harmonic (F1). The
 * definitions are Marques, Schrimpf & DiCarlo's (2021, bioRxiv 2021.03.01.433495), after Ringach,
 * Shapley & Hawken (2002, J. Neurosci. 22:5639).
 */
#ifndef NET_TUNING_H
#define NET_TUNING_H

#include <stddef.h>
#include "conv/real.h"
#include "table/table.h"

struct tuning;

/* Angles in degrees, theta along the stripes; NaN where a quantity has no value: all but response and blank where no grating
 * gives a response, or none a larger one than a blank of the same luminance. */
struct tuning_result {
	double contrast,
	    diameter; /* of the gratings; NaN and infinity where the table does not say */
	double cv;    /* 1 - |sum r e^(2 i theta)| / sum |r| at the preferred frequency */
	double osi;   /* (preferred - orthogonal) / (preferred + orthogonal) */
	double theta; /* 1/2 arg sum r e^(2 i theta), in [0, 180) */
	double sf;    /* cycles per pixel: peak of a parabola through log r at 3 frequencies */
	double orientation_bandwidth; /* half-width at 1/sqrt 2 of the smoothed curve's peak */
	double
	    sf_bandwidth; /* octaves between the two sides at 1/sqrt 2; NaN for low- and high-pass */
	double modulation; /* F1/F0 at the best grating */
	double response;   /* F0 there */
	double blank;      /* response to a blank; NaN where it is not known */
};

/* The design is read from the table of stimuli (columns theta_deg, sf_cpp, phase_deg; kind, contrast
 * and diameter_px where it has them; rows of other kinds than gratings are passed over). It must
 * hold every combination of its orientations (equally spaced over 180 degrees, at least 4),
 * frequencies, contrasts and diameters, each with equally spaced phases, at least 3. units: numbers
 * of a response, each measured at `places` places. NULL with a reason that names the file. */
struct tuning *tuning_create(const struct table *stimuli, size_t units, size_t places)
    __attribute__((warn_unused_result));
void tuning_free(struct tuning *tuning);

/* Of responses h (n, rows, columns) those at the TUNING_PLACES places around the middle into x (n, TUNING_PLACES); for
 * odd sides some are the same. */
#define TUNING_PLACES 4
void tuning_centre(const real *h, size_t n, size_t rows, size_t columns, float *x);

/* Add the response (units, places) to the stimulus of row `label`. 0, or -1 where there is no such
 * row. */
int tuning_add(struct tuning *tuning, size_t label, const float *response)
    __attribute__((warn_unused_result));

/* The gratings' mean luminance, from the table's column mean; NaN where it has none. The response (units, places) to an image
 * of it alone. */
double tuning_mean(const struct tuning *tuning);
void tuning_blank(struct tuning *tuning, const float *response);

/* Combinations of contrast and diameter, in the order of first appearance. */
size_t tuning_groups(const struct tuning *tuning);

/* Check that every grating was shown, each phase as often as the others. 0 or -1. */
int tuning_complete(const struct tuning *tuning) __attribute__((warn_unused_result));

/* F0 and F1 are taken at each place, then averaged over the places. 0 or -1. */
int tuning_result(const struct tuning *tuning, size_t group, size_t unit,
    struct tuning_result *result) __attribute__((warn_unused_result));

/* tuning_complete, then the table of all groups and units (filters) of a network after `iterations`
 * propagations, or NaN where they are none of ours: `filter T cv osi theta_deg sf_cpp orientation_bandwidth_deg modulation_ratio
 * sf_bandwidth_oct response contrast diameter_px blank`, filters running fastest. 0 or -1. */
int tuning_write(const struct tuning *tuning, double iterations, const char *path)
    __attribute__((warn_unused_result));

#endif
