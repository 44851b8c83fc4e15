/* Accuracy and confusions: see score.h. */
#include <math.h>
#include <stdlib.h>
#include "base/error.h"
#include "base/memory.h"
#include "net/layers.h"
#include "net/score.h"
#include "table/table.h"

#define NORMAL_975 1.959963984540054 /* quantile of the normal distribution */

int score_create(struct score *score, size_t classes)
{
	size_t pairs;
	*score = (struct score){.classes = classes};
	if (mem_multiply(classes, classes, &pairs) < 0 ||
	    !(score->counts = mem_alloc(pairs, sizeof *score->counts)) ||
	    !(score->loss = mem_alloc(classes, sizeof *score->loss))) {
		score_free(score);
		return -1;
	}
	return 0;
}

void score_free(struct score *score)
{
	free(score->counts);
	free(score->loss);
	*score = (struct score){0};
}

int score_add(struct score *score, const real *logits, int64_t label)
{
	size_t best;
	if (label < 0 || (uint64_t)label >= score->classes)
		return err_set("label %lld: the model has classes 0 to %zu", (long long)label,
		    score->classes - 1);
	double log_sum = layer_log_sum_exp(score->classes, logits, &best);
	score->counts[(size_t)label * score->classes + best]++;
	score->loss[label] += log_sum - (double)logits[label];
	return 0;
}

struct score_summary score_summary(const struct score *score, size_t class)
{
	struct score_summary s = {0, 0, NAN, NAN, NAN, NAN};
	double loss = 0, z2 = NORMAL_975 * NORMAL_975;
	for (size_t i = 0; i < score->classes; i++) {
		if (class != SCORE_ALL && class != i)
			continue;
		for (size_t j = 0; j < score->classes; j++)
			s.images += score->counts[i * score->classes + j];
		s.correct += score->counts[i * score->classes + i];
		loss += score->loss[i];
	}
	if (!s.images)
		return s;
	double n = (double)s.images, p = (double)s.correct / n;
	double middle = (p + z2 / (2 * n)) / (1 + z2 / n);
	double half = NORMAL_975 * sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n);
	s.accuracy = p;
	s.low = fmax(0, middle - half);
	s.high = fmin(1, middle + half);
	s.loss = loss / n;
	return s;
}

int score_write_accuracy(const struct score *score, const char *path)
{
	struct table_out *table = table_create(path, "class images correct accuracy low high loss");
	if (!table)
		return -1;
	for (size_t i = 0; i <= score->classes; i++) {
		struct score_summary s = score_summary(score, i ? i - 1 : SCORE_ALL);
		table_int(table, (long long)i - 1);
		table_int(table, (long long)s.images);
		table_int(table, (long long)s.correct);
		TABLE_REALS(table, s.accuracy, s.low, s.high, s.loss);
	}
	return table_close(table);
}

int score_write_confusion(const struct score *score, const char *path)
{
	struct table_out *table = table_create(path, "class answer images");
	if (!table)
		return -1;
	for (size_t i = 0; i < score->classes * score->classes; i++) {
		table_int(table, (long long)(i / score->classes));
		table_int(table, (long long)(i % score->classes));
		table_int(table, (long long)score->counts[i]);
	}
	return table_close(table);
}
