/* How well logits answer: accuracy by class and confusions. */
#ifndef NET_SCORE_H
#define NET_SCORE_H

#include <stddef.h>
#include <stdint.h>
#include "conv/real.h"

struct score {
	size_t classes;
	uint64_t *counts; /* (classes, classes): images of class i answered with j */
	double *loss;     /* (classes): sums of cross-entropies, natural logarithm */
};

int score_create(struct score *score, size_t classes) __attribute__((warn_unused_result));
void score_free(struct score *score);

/* Add one image's logits (classes) and label. The answer is the first of the largest logits. 0, or
 * -1 where the label is no class. */
int score_add(struct score *score, const real *logits, int64_t label)
    __attribute__((warn_unused_result));

struct score_summary {
	uint64_t images, correct;
	double accuracy, low,
	    high;    /* 95 % interval of Wilson (1927); NaN without images, as is the loss */
	double loss; /* mean */
};

/* Of class `class`, or of all images where it is SCORE_ALL. */
#define SCORE_ALL SIZE_MAX
struct score_summary score_summary(const struct score *score, size_t class);

/* Tables. Accuracy: `class images correct accuracy low high loss`, all classes together first, as class -1.
 * Confusion: `class answer images`, a row for every pair. 0 or -1. */
int score_write_accuracy(const struct score *score, const char *path)
    __attribute__((warn_unused_result));
int score_write_confusion(const struct score *score, const char *path)
    __attribute__((warn_unused_result));

#endif
