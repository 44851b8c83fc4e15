/*
 * One way from a statistic to its interval, chance and p. A family is a set of quantities that are computed together. The
 * driver evaluates it for the kernel as it is, for permutations of the units' labels, and for samples of the units; nothing
 * else in this folder draws or counts.
 */
#ifndef INDICES_RESAMPLING_H
#define INDICES_RESAMPLING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "indices/quantities.h"
#include "kernel/residual.h"
#include "kernel/row.h"
#include "kernel/units.h"

struct resampling_plan {
	size_t permutations;
	size_t refits;    /* permutations of families that predict anew in each */
	size_t bootstrap; /* samples of the units */
	uint64_t seed;
	size_t threads;
};

/* What is measured. */
struct subject {
	const struct units *set;
	const struct resampling_plan *plan;
	enum sign sign;
	const double *w; /* (n, n, taps), with their sign */
	/* of w that is a rest of another kernel's part: that kernel, whose part's sizes indices are shares of; else NULL */
	const double *whole;
	/* of K_beyond_C, else NULL: the same after fits to one and to the other half of the pairs */
	const double *half[2];
	/* of K where C is given, else NULL: what C predicts, (n, n, taps), and the fit that does */
	const double *predicted;
	const struct residual *fit;
	const struct subject
	    *beside; /* another kernel, measured at once where that saves work; NULL: none */
};

/* Units as they are, with labels moved among them, or drawn. */
struct arrangement {
	const size_t *order;  /* (n): unit i carries the labels of unit order[i]; NULL: its own */
	const double *times;  /* (n): how often unit i was drawn; NULL: once */
	const double *factor; /* (n, n): how often a pair counts, 0 for i = j; NULL: once */
	bool centred; /* quantities LESS_CHANCE less their mean over permutations, in closed form */
	size_t worker; /* thread, for scratch memory */
};

struct family {
	uint32_t stream; /* of random permutations; families of one stream see the same ones */
	bool bins;       /* fills them too */
	bool refits;     /* plan->refits permutations, not plan->permutations */
	bool jackknife;  /* samples are all units but a group, not bootstrap samples */
	bool
	    together; /* evaluates the subject and those beside it: numbers of one, then of the next */
	size_t state; /* bytes of what evaluations share, 0 at first */
	/* Fill it; it is torn down also after a failure. 0, or -1 without memory. */
	int (*set_up)(void *state, const struct subject *subject);
	void (*tear_down)(void *state);
	/* The numbers of an arrangement; those that it leaves stay nan. The kernel as it is comes first. 0 or -1. */
	int (*evaluate)(void *state, const struct arrangement *at, double *out);
	/* All permutations, order (count, n), at once, into out[b * stride]; NULL: evaluate does each. 0 or -1. */
	int (*permute)(
	    void *state, const uint32_t *order, size_t count, size_t stride, double *out);
};

struct resampling {
	const struct family *family;
	size_t units, numbers;                   /* numbers of an arrangement */
	size_t permutations, bootstrap, samples; /* samples: of the bootstrap or the jackknife */
	double *value, *permuted,
	    *sample; /* (numbers), (permutations, numbers), (samples, numbers) */
};

/* Evaluate a family. 0 or -1; free with resampling_free, also after -1. */
int resampling_run(struct resampling *r, const struct family *family, const struct subject *subject)
    __attribute__((warn_unused_result));
void resampling_free(struct resampling *r);

/* The numbers (NUMBERS_WITH_BINS) of the kernel alone, centred. 0 or -1. */
int resampling_value(const struct family *family, const struct subject *subject, double *out)
    __attribute__((warn_unused_result));

struct measure {
	double value, low, high, chance, p;
	double band[2]; /* 95 % of the permutations */
};

/* What the number at a place is worth; flags are those of the table of quantities. 0, or -1 without memory. */
int resampling_measure(const struct resampling *r, size_t place, unsigned flags, struct measure *m)
    __attribute__((warn_unused_result));

/* The range that a distance belongs to (1, 2, ...), 0 where it is in none. */
size_t resampling_range(double r);

/* weight, or its size where it has the sign, else 0. */
double resampling_part(enum sign sign, double weight);

#endif
