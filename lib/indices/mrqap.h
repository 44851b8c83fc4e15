/*
 * Is it orientation, or what goes along with it? Partial correlation over pairs of W, the sum of a pair's weights, with
 * cos 2 dtheta given 1, F = -|log2 f_j / f_i| and P = cos of the relative phase at Delta = 0. Chance: what cos 2 dtheta has beyond
 * 1, F and P is moved with its units (double semi-partialling: Dekker, Krackhardt and Snijders, Psychometrika 72 (2007) 563).
 */
#ifndef INDICES_MRQAP_H
#define INDICES_MRQAP_H

#include "indices/resampling.h"

extern const struct family mrqap_family;

#endif
