/* NumPy-like slices: see slice.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "tensor/slice.h"

static const char *blank(const char *c)
{
	return c + strspn(c, " ");
}

/* An optional integer; *has says whether there was one. NULL if it is too large or no number. */
static const char *integer(const char *c, bool *has, long long *value)
{
	char *end;
	c = blank(c);
	size_t sign = *c == '-' || *c == '+';
	*has = c[sign] >= '0' && c[sign] <= '9';
	if (!*has)
		return sign ? NULL : c;
	errno = 0;
	*value = strtoll(c, &end, 10);
	return errno ? NULL : blank(end);
}

static const char *parse_part(const char *c, struct slice *slice)
{
	bool has_step = false;
	size_t i = slice->count++;
	slice->parts[i].step = 1;
	c = blank(c);
	if (strncmp(c, "...", 3) == 0) {
		slice->parts[i].ellipsis = true;
		return blank(c + 3);
	}
	if (!(c = integer(c, &slice->parts[i].has_start, &slice->parts[i].start)))
		return NULL;
	if (*c != ':') {
		slice->parts[i].index = true;
		return slice->parts[i].has_start ? c : NULL;
	}
	if (!(c = integer(c + 1, &slice->parts[i].has_stop, &slice->parts[i].stop)))
		return NULL;
	if (*c == ':' && !(c = integer(c + 1, &has_step, &slice->parts[i].step)))
		return NULL;
	return slice->parts[i].step > 0 ? c : NULL;
}

int slice_parse(const char *text, struct slice *slice)
{
	size_t ellipses = 0;
	memset(slice, 0, sizeof *slice);
	for (const char *c = text;; c++) {
		if (slice->count > NPYS_RANK_MAX)
			return err_usage("%s: more than %d axes", text, NPYS_RANK_MAX);
		c = parse_part(c, slice);
		if (!c || (*c && *c != ','))
			return err_usage(
			    "%s: an axis is " SLICE_TEXT ", with a step above 0", text);
		ellipses += slice->parts[slice->count - 1].ellipsis;
		if (!*c)
			break;
	}
	if (ellipses > 1)
		return err_usage("%s: more than one ...", text);
	return 0;
}

/* start or stop of a range: counted from the end where negative, cut to 0..n */
static size_t bound(long long value, size_t n)
{
	long long size = (long long)n;
	value = value < 0 ? value + size : value;
	return value < 0 ? 0 : value > size ? n : (size_t)value;
}

int slice_plan(const struct slice *slice, const struct npys_header *header, struct slice_plan *plan)
{
	size_t rank = header->rank, named = slice->count, shape[NPYS_RANK_MAX], kept = 0, axis = 0;
	for (size_t i = 0; i < slice->count; i++)
		named -= slice->parts[i].ellipsis;
	if (named > rank)
		return err_set("the slice has %zu axes, the tensor %zu", named, rank);
	plan->in = *header;
	for (size_t i = 0; i < rank; i++) {
		plan->first[i] = 0;
		plan->step[i] = 1;
		plan->count[i] = header->shape[i];
	}
	bool dropped[NPYS_RANK_MAX] = {false};
	for (size_t i = 0; i < slice->count; i++) {
		if (slice->parts[i].ellipsis) {
			axis += rank - named;
			continue;
		}
		size_t n = header->shape[axis];
		long long start = slice->parts[i].start, stop = slice->parts[i].stop;
		if (slice->parts[i].index) {
			long long place = start < 0 ? start + (long long)n : start;
			if (place < 0 || place >= (long long)n)
				return err_set(
				    "index %lld is outside axis %zu of size %zu", start, axis, n);
			plan->first[axis] = (size_t)place;
			plan->count[axis] = 1;
			dropped[axis] = true;
		} else {
			size_t from = slice->parts[i].has_start ? bound(start, n) : 0;
			size_t to = slice->parts[i].has_stop ? bound(stop, n) : n;
			size_t step = (size_t)slice->parts[i].step;
			plan->first[axis] = from;
			plan->step[axis] = step;
			plan->count[axis] = from < to ? (to - from - 1) / step + 1 : 0;
		}
		axis++;
	}
	for (size_t i = 0; i < rank; i++) {
		if (!dropped[i])
			shape[kept++] = plan->count[i];
	}
	return npys_shape(&plan->out, header->type, kept, shape);
}

bool slice_takes(const struct slice_plan *plan, size_t i)
{
	if (plan->in.rank == 0)
		return true;
	return i >= plan->first[0] && (i - plan->first[0]) % plan->step[0] == 0 &&
	       (i - plan->first[0]) / plan->step[0] < plan->count[0];
}

size_t slice_item(const struct slice_plan *plan, const void *item, void *out)
{
	size_t rank = plan->in.rank, size = npys_type_size(plan->in.type), numbers = 1;
	size_t stride[NPYS_RANK_MAX], place[NPYS_RANK_MAX] = {0};
	const unsigned char *from = item;
	unsigned char *to = out;
	for (size_t i = rank; i-- > 1;) {
		stride[i] = numbers;
		numbers *= plan->in.shape[i];
	}
	for (size_t i = 1; i < rank; i++) {
		if (plan->count[i] == 0)
			return 0;
	}
	for (size_t written = 0;; written++) {
		size_t offset = 0, i = rank;
		for (size_t k = 1; k < rank; k++)
			offset += (plan->first[k] + place[k] * plan->step[k]) * stride[k];
		memcpy(to + written * size, from + offset * size, size);
		while (i-- > 1 && ++place[i] == plan->count[i])
			place[i] = 0;
		if (i == 0 || rank == 0)
			return written + 1;
	}
}
