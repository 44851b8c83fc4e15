/*
 * Pairs of units: what lateral-stats and assoc-field measure. A lateral kernel (F, F, k, k) holds
 * K[i][j][r][c], the weight of source j on target i at the storage displacement
 * d = (c - (k-1)/2, (k-1)/2 - r), x right and y up, source minus target:
 *
 *	out_i(p) = sum_j sum_d K[i][j][d] h_j(p + d).
 *
 * All geometry uses the displacement of receptive-field centres, Delta = d + c_j - c_i, with the centres c and
 * orientations theta (along the stripes) of fit-gabor's table, and the gauge-free weight K~_ij = K_ij rms_j / rms_i.
 * Letters: F channels of the kernel, n usable units (accepted fit, rms > 0), k the kernel's width, t = r k + c a tap.
 */
#ifndef KERNEL_UNITS_H
#define KERNEL_UNITS_H

#include <math.h>
#include <stddef.h>
#include "fit/gabor.h"
#include "npys/npys.h"
#include "table/table.h"

/* A unit that takes part: accepted fit, rms > 0. gabor is in canonical form (theta in [0, pi)). */
struct unit {
	size_t channel; /* of the kernel; row of the table */
	struct gabor gabor;
};

/*
 * What an ordered pair (target i, source j) knows before a tap is chosen. The source is taken as (theta_j, phase_j)
 * or (theta_j + pi, -phase_j), whichever points within a right angle of the target; with complex Gabors g of the
 * fits the overlap at displacement Delta is, in closed form,
 *
 *	<g_i, g_j(. - Delta)> / (|g_i| |g_j|) = M e^{i dphase},  M = gain exp(-Delta' Q Delta / 2),
 *	dphase = phase + phase_x Delta_x + phase_y Delta_y.
 */
struct units_pair {
	double dtheta;                  /* theta_j - theta_i wrapped to (-pi/2, pi/2], rad */
	double x, y;                    /* c_j - c_i, px */
	double phase, phase_x, phase_y; /* rad, rad per px */
	double gain, qxx, qxy, qyy;     /* of M; px^-2 */
};

struct units {
	size_t channels;         /* F */
	size_t rejected, silent; /* left out: fit not accepted; accepted but rms 0 */
	size_t n, k, taps;       /* usable units, width, k * k */
	struct unit *unit;       /* (n) */
	struct units_pair *pair; /* (n, n), i target; i = j is there and belongs to no index */
	double *dx, *dy;         /* (taps): d, px */
	double *rms;             /* (F); all 1 where none was given */
	double *weight;          /* (n, n, taps): K~ */
};

/* A tap of a pair. */
struct units_tap {
	double x, y;          /* Delta in image axes, px */
	double r;             /* |Delta| */
	double along, across; /* R_{-theta_i} Delta: first axis along i's stripes, px */
	double phi;           /* direction of (along, across), rad */
	double dphase;        /* relative phase, rad, not wrapped */
	double overlap;       /* M in [0, 1] */
};

/* kernel: (F, F, k, k), k odd; rows: fit-gabor's table (gabor_table_read), F rows; rms: (F) numbers >= 0, NULL for all 1.
 * Other shapes, a negative rms, a Gabor without a value in an accepted row and fewer than 2 usable units are errors.
 * 0 or -1; free also after -1. */
int units_build(struct units *set, const struct npys_array *kernel, const struct gabor_row *rows,
    size_t row_count, const struct npys_array *rms) __attribute__((warn_unused_result));
void units_free(struct units *set);

enum units_gauge {
	UNITS_KERNEL,     /* K_ij rms_j / rms_i */
	UNITS_COVARIANCE, /* cov_ij / (rms_i rms_j) */
};

/* Another kernel (F, F, m, m) on the same units and taps: cropped about its centre to k; w: (n, n, taps). A narrower
 * one is an error: weights that nobody measured are not 0. */
int units_select(const struct units *set, const struct npys_array *kernel, enum units_gauge gauge,
    double *w) __attribute__((warn_unused_result));

/* w (n, n, taps) becomes 0 where |d| is above k/2: a disc instead of a square of taps. */
void units_disc(const struct units *set, double *w);

/* Wrap an angle to (-pi/2, pi/2] (orientations) or (-pi, pi] (directions, phases). */
double units_wrap_axis(double angle);
double units_wrap(double angle);

/* Tap t of pair (i, j). */
struct units_tap units_tap(const struct units *set, size_t i, size_t j, size_t t);

/* Its overlap M and relative phase alone; pair = units_index(i, j). */
static inline double units_overlap(const struct units *set, size_t pair, size_t t, double *dphase)
{
	const struct units_pair *at = &set->pair[pair];
	double x = set->dx[t] + at->x, y = set->dy[t] + at->y;
	*dphase = at->phase + at->phase_x * x + at->phase_y * y;
	return at->gain * exp(-(at->qxx * x * x + 2 * at->qxy * x * y + at->qyy * y * y) / 2);
}

static inline size_t units_index(const struct units *set, size_t i, size_t j)
{
	return i * set->n + j;
}

/* The weights (taps) of pair (i, j) in an array (n, n, taps). */
static inline const double *units_weights(
    const struct units *set, const double *w, size_t i, size_t j)
{
	return w + units_index(set, i, j) * set->taps;
}

/* Every tap of every pair i != j as a row, for anyone's own analysis; i and j are channels of the kernel. c1, c2, c3 and what is
 * beyond them: (n, n, taps) or NULL, which is nan. Failures are kept for table_close. */
#define UNITS_COLUMNS "i j dx_px dy_px dtheta_deg dphase_deg K C1 C2 C3 K_beyond_C"
void units_write(const struct units *set, const double *c1, const double *c2, const double *c3,
    const double *beyond, struct table_out *table);

#define UNITS_KERNEL_MAX ((size_t)1 << 28) /* numbers in a kernel; it is held in memory */

struct units_files {
	const char *table;   /* fit-gabor's table of the units */
	const char *filters; /* bank of the units, for C1 and C2 */
	const char *lgn;     /* filter before the bank, for C2; NULL: no C2 */
	const char *rms;     /* (F,) for the gauge; NULL: as if all were 1 */
	const char *c3;      /* covariance (F, F, k, k) of the units; NULL: no C3 */
};

/* clang-format off */
/* The options that name them, for a tool's table. */
#define OPT_UNIT_TABLE(f) OPT_TEXT('t', "table", &(f).table, NULL, "file", "fit-gabor's table of the units")
#define OPT_UNIT_RMS(f) OPT_TEXT('r', "rms", &(f).rms, NULL, "file", "rms of the units, for the gauge")
#define OPT_UNIT_OVERLAP(f) \
	OPT_TEXT('f', "filters", &(f).filters, NULL, "file", "filter bank of the units, for C1 and C2"), \
	    OPT_TEXT('l', "lgn", &(f).lgn, NULL, "file", "filter before the bank, for C2"), \
	    OPT_TEXT('c', "c3", &(f).c3, NULL, "file", "covariance of the units, for C3")
/* clang-format on */

/* The only record of `in` as the lateral kernel of the units of files->table, in the gauge of files->rms. With
 * files->filters the accepted fits must be of effective profiles where files->lgn is given, of the filters where not.
 * 0 or -1. */
int units_read(struct npys_in *in, const struct units_files *files, struct units *set)
    __attribute__((warn_unused_result));

/* Its two steps, where the kernel (F, F, k, k) itself is needed too. */
int units_read_kernel(struct npys_in *in, struct npys_array *kernel)
    __attribute__((warn_unused_result));
int units_read_files(const struct npys_array *kernel, const struct units_files *files,
    struct units *set) __attribute__((warn_unused_result));

#endif
