/* Tuning from a stream of responses: see recorded.h. */
#include <stdbool.h>
#include <stdlib.h>
#include "base/error.h"
#include "base/memory.h"
#include "net/recorded.h"

/* Letters: N responses of a record, F units, H x W places of each. */
struct recorded {
	struct npys_in *in;
	struct tuning *tuning; /* NULL before the first record */
	size_t units, places;
	size_t next;             /* row of the next response that has no label */
	size_t waiting, record;  /* responses that have no rows yet, of this record */
	bool labelled;           /* its predecessors had labels */
	float *centre, *numbers; /* (waiting, F, places); (F, H, W) */
	real *item;              /* (F, H, W) */
};

static int in_record(const struct recorded *r, size_t record)
{
	return err_context("%s: record %zu", npys_file(r->in), record);
}

/* 0, or -1 where a record is no responses, or not of the first one's units. */
static int check_shape(const struct recorded *r, const struct npys_header *h, size_t places)
{
	const size_t *n = h->shape;
	if (h->rank == 4 && n[1] == n[2] && n[2] != n[3])
		return err_set(
		    "probably (responses, h, w, units): in NumPy a.transpose(0, 3, 1, 2)");
	if ((h->rank != 2 && h->rank != 4) || h->elements == 0)
		return err_set("responses are (responses, units) or (responses, units, h, w)");
	if (r->tuning && (n[1] != r->units || places != r->places))
		return err_set("%zu units%s; the records before have %zu%s", n[1],
		    places > 1 ? " in space" : "", r->units, r->places > 1 ? " in space" : "");
	return 0;
}

/* Only once a record has come: stimuli, further up a pipe, has then written its table. */
static int read_design(struct recorded *r, size_t units, size_t places, const char *stimuli)
{
	struct table design;
	if (table_read(stimuli, &design) < 0)
		return -1;
	r->units = units;
	r->places = places;
	r->tuning = tuning_create(&design, r->units, r->places);
	table_free(&design);
	return r->tuning ? 0 : -1;
}

/* The responses of a record, those in the middle, which wait for their rows. */
static int read_responses(struct recorded *r, const struct npys_header *h)
{
	size_t numbers = h->item, each = r->units * r->places;
	free(r->centre);
	free(r->numbers);
	free(r->item);
	r->centre = mem_alloc(h->items, each * sizeof *r->centre);
	r->numbers = mem_alloc(numbers, sizeof *r->numbers);
	r->item = mem_alloc(numbers, sizeof *r->item);
	if (!r->centre || !r->numbers || !r->item)
		return -1;
	for (size_t i = 0; i < h->items; i++) {
		float *to = r->centre + i * each;
		if (npys_read_float(r->in, r->places > 1 ? r->numbers : to, 1) < 0)
			return -1;
		for (size_t k = 0; r->places > 1 && k < numbers; k++)
			r->item[k] = (real)r->numbers[k];
		if (r->places > 1)
			tuning_centre(r->item, r->units, h->shape[2], h->shape[3], to);
	}
	r->waiting = h->items;
	r->record = npys_record(r->in);
	return 0;
}

/* Give the waiting responses to the rows of labels, or where that is NULL to the next rows. */
static int assign(struct recorded *r, const int64_t *labels)
{
	for (size_t i = 0; i < r->waiting; i++) {
		if (labels && labels[i] < 0)
			err_set("label %lld: rows count from 0", (long long)labels[i]);
		else if (tuning_add(r->tuning, labels ? (size_t)labels[i] : r->next++,
			     r->centre + i * r->units * r->places) == 0)
			continue;
		return in_record(r, r->record);
	}
	r->labelled = labels != NULL;
	r->waiting = 0;
	return 0;
}

static int read_labels(struct recorded *r, size_t n)
{
	int64_t *labels = mem_alloc(n, sizeof *labels);
	int status = labels ? npys_read_int(r->in, labels, n) : -1;
	if (status == 0 && r->next > 0) {
		err_set("labels, but the responses before have none");
		status = in_record(r, npys_record(r->in));
	} else if (status == 0) {
		status = assign(r, labels);
	}
	free(labels);
	return status;
}

/* Responses that no labels followed. */
static int assign_in_order(struct recorded *r)
{
	if (r->waiting > 0 && r->labelled) {
		err_set("%zu responses without labels; those before have them", r->waiting);
		return in_record(r, r->record);
	}
	return r->waiting > 0 ? assign(r, NULL) : 0;
}

static int take_record(struct recorded *r, const struct npys_header *h, const char *stimuli)
{
	if (h->rank == 1 && npys_is_integer(h->type) && r->waiting == h->items)
		return read_labels(r, h->items);
	size_t places = h->rank == 4 ? TUNING_PLACES : 1;
	if (assign_in_order(r) < 0)
		return -1;
	if (check_shape(r, h, places) < 0)
		return in_record(r, npys_record(r->in));
	if (!r->tuning && read_design(r, h->shape[1], places, stimuli) < 0)
		return -1;
	return read_responses(r, h);
}

struct tuning *recorded_tuning(struct npys_in *in, const char *stimuli)
{
	struct recorded r = {.in = in};
	struct npys_header h;
	int status;
	while ((status = npys_next(in, &h)) > 0) {
		if ((status = take_record(&r, &h, stimuli)) < 0)
			break;
	}
	if (status == 0)
		status = assign_in_order(&r);
	free(r.centre);
	free(r.numbers);
	free(r.item);
	if (status == 0)
		return r.tuning;
	tuning_free(r.tuning);
	return NULL;
}
