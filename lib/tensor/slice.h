/*
 * Slices of tensors as NumPy writes them: "0:8,:,3", "..., ::2", "-1". An axis is start:stop:step (each optional,
 * negative start and stop count from the end, step > 0) or an index, which takes the axis away; "..." stands for
 * as many whole axes as are left; axes not named are whole.
 */
#ifndef TENSOR_SLICE_H
#define TENSOR_SLICE_H

#include "npys/npys.h"

#define SLICE_TEXT "[start]:[stop][:step], an index or ..."

struct slice {
	struct {
		bool index, ellipsis, has_start, has_stop;
		long long start, stop, step;
	} parts[NPYS_RANK_MAX + 1];
	size_t count;
};

/* 0, or -1 with a reason (a matter of usage). */
int slice_parse(const char *text, struct slice *slice) __attribute__((warn_unused_result));

/* A slice of one shape: along axis i of the input, count[i] places from first[i] on, step[i]
 * apart. */
struct slice_plan {
	struct npys_header in, out;
	size_t first[NPYS_RANK_MAX], step[NPYS_RANK_MAX], count[NPYS_RANK_MAX];
};

/* NumPy's rules: an index out of range is an error, a range is cut to the axis. 0 or -1. */
int slice_plan(const struct slice *slice, const struct npys_header *header, struct slice_plan *plan)
    __attribute__((warn_unused_result));

/* Whether item i of the input's first axis belongs to the slice. */
bool slice_takes(const struct slice_plan *plan, size_t i);

/* Copy the part of one such item that belongs to the slice; item: in.item numbers of the input's
 * type. Returns the number of numbers written to out; over all items they are out.elements. */
size_t slice_item(const struct slice_plan *plan, const void *item, void *out);

#endif
