/*
 * A bank's population against macaque V1: Ringach's (2002) 79 cells in n_x and n_y, De Valois' (1982) preferred
 * frequencies, and what the field asks of phases and orientations. Each number comes with a bootstrap interval over
 * filters and with its value in random banks, which are the filters' phase-scrambled surrogates, as many as the bank has
 * units: most of the quantities depend on that number.
 *
 * Distances are energy distances (Szekely and Rizzo 2004), 2 E|X - Y| - E|X - X'| - E|Y - Y'|, without bias (a unit is
 * never paired with itself or, in the bootstrap, with its copies): about 0, below it too, for equal distributions.
 */
#ifndef FIT_POPULATION_H
#define FIT_POPULATION_H

#include <stddef.h>
#include <stdint.h>
#include "fit/gabor.h"

/* Bank 0 is the data, bank 1.. the random ones. */
struct population;
struct population *population_create(size_t banks) __attribute__((warn_unused_result));
void population_free(struct population *population);

/* Add a unit that is accepted or, in a random bank, not degenerate. 0 or -1. */
int population_add(struct population *population, size_t bank, const struct gabor *gabor)
    __attribute__((warn_unused_result));

#define POPULATION_BOOTSTRAP 1000

/* Write a table `quantity value low high chance chance_low chance_high p p_uniform n` with a row for each quantity:
 *	ringach_2d          energy distance to Ringach's cells in (log10 nx, log10 ny), both in his bins
 *	devalois_sf         energy distance to De Valois' cells in log2(f / median f)
 *	phase_clustering    mean cos 4 phase: above 0, even and odd profiles cluster
 *	phase_balance       mean cos 2 phase: above 0, more even than odd ones
 *	orientation_length  |mean e^{2 i theta}|
 *	orientation_entropy in 8 bins, 1 for uniform
 *	nx_median, ny_median, nx_below_0.525 (85 % in the macaque)
 * low, high: 95 % bootstrap (resample_value_interval), for banks of so many units, within what is possible; chance: mean over the random banks, its 2.5 and 97.5 % points, and p: how often they are as
 * near or nearer (distances), or as far from their mean (the others, two-sided). Of each random bank as many units as bank 0
 * has are drawn without replacement, with it where there are fewer; n is that number. p_uniform: the same for uniform
 * orientations and phases, which surrogates need not have (their spectra are the filters'); Rayleigh's test for the
 * length; nan for quantities without angles. 0 or -1. */
int population_write(const struct population *population, uint64_t seed, const char *file)
    __attribute__((warn_unused_result));

/* The unbiased energy distance of x (n, d) with weights w (n; whole numbers, copies) from y (m, d) with weights v. NaN
 * where either has fewer than two different units. */
double population_distance(size_t d, size_t n, const double *x, const double *w, size_t m,
    const double *y, const double *v);

#endif
