/* One reader for npys and safetensors: see tensors.h. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/spool.h"
#include "tensor/tensors.h"

#define CHUNK_NUMBERS ((size_t)1 << 16)

struct tensors {
	struct npys_in *in;  /* npys, else NULL */
	struct model *model; /* safetensors, else NULL */
	char *file;
	size_t next;                       /* tensor of the model */
	const struct model_tensor *tensor; /* the model's current one */
	struct npys_header header;         /* of the current tensor */
	size_t done;                       /* its numbers that were read, in a model */
};

/* The npys type that each dtype of a model becomes. If `same`, the bytes are the same. */
static const struct {
	const char *dtype;
	enum npys_type type;
	bool same;
} handed[] = {
    {"F32", NPYS_F4, true},
    {"F64", NPYS_F8, true},
    {"F16", NPYS_F2, true},
    {"BF16", NPYS_F4, false},
    {"BOOL", NPYS_B1, true},
    {"U8", NPYS_U1, true},
    {"I8", NPYS_I2, false},
    {"U16", NPYS_U2, true},
    {"I16", NPYS_I2, true},
    {"U32", NPYS_I8, false},
    {"I32", NPYS_I4, true},
    {"U64", NPYS_I8, false},
    {"I64", NPYS_I8, true},
};
#define HANDED (sizeof handed / sizeof *handed)

static size_t handed_index(const char *dtype)
{
	size_t i = 0;
	while (i < HANDED && strcmp(handed[i].dtype, dtype) != 0)
		i++;
	return i;
}

/* A pipe that is not npys: copy all of it to disk, then open it as a model. */
static struct model *open_spooled(struct npys_in *in, const char *name)
{
	unsigned char piece[16384];
	size_t got;
	FILE *file = spool_open();
	if (!file)
		return NULL;
	do {
		if (npys_take(in, piece, sizeof piece, &got) < 0) {
			fclose(file);
			return NULL;
		}
		if (fwrite(piece, 1, got, file) != got) {
			err_errno("%s: cannot spool", name);
			fclose(file);
			return NULL;
		}
	} while (got == sizeof piece);
	if (fflush(file) != 0) {
		err_errno("%s: cannot spool", name);
		fclose(file);
		return NULL;
	}
	rewind(file);
	return model_open_stream(file, name);
}

/* What a stream that was just opened (NULL: not) holds; it becomes the tensors', also on failure. */
static struct tensors *open_tensors(struct npys_in *in)
{
	static const unsigned char magic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
	unsigned char first[9];
	size_t got;
	struct tensors *t = in ? mem_alloc(1, sizeof *t) : NULL;
	if (!t) {
		npys_close_in(in);
		return NULL;
	}
	t->in = in;
	if (npys_peek(in, first, sizeof first, &got) < 0)
		goto fail;
	t->file = mem_text("%s", npys_file(in));
	if (!t->file)
		goto fail;
	/* the npys reader reports an empty file, or one that ends inside the magic */
	size_t start = got < sizeof magic ? got : sizeof magic;
	if (memcmp(first, magic, start) == 0) {
		return t;
	}
	if (got == sizeof first && first[8] != '{') { /* npys knows what other files are */
		struct npys_header none;
		if (npys_next(t->in, &none) >= 0)
			err_set("%s: neither an npys stream nor a safetensors file", t->file);
		goto fail;
	}
	t->model = open_spooled(t->in, t->file);
	npys_close_in(t->in);
	t->in = NULL;
	if (t->model)
		return t;
fail:
	tensors_close(t);
	return NULL;
}

struct tensors *tensors_open(const char *path)
{
	struct tensors *t = open_tensors(npys_open_file(path));
	if (t && t->in)
		npys_allow_nonfinite(t->in);
	return t;
}

/* The numbers of a model's tensor as a stream. NULL with a reason. */
static struct npys_in *stream_of(struct tensors *t)
{
	struct npys_out *spool = npys_spool();
	size_t chunk = tensors_chunk(&t->header), size = npys_type_size(t->header.type);
	void *x = mem_alloc(chunk * t->header.item, size);
	bool good = spool && x && npys_begin(spool, &t->header) == 0;
	for (size_t i = 0, n; good && i < t->header.items; i += n) {
		n = size_min(chunk, t->header.items - i);
		good = tensors_read_raw(t, x, n) == 0 && npys_write_raw(spool, x, n) == 0;
	}
	free(x);
	if (good)
		return npys_replay(spool);
	npys_abandon(spool);
	return NULL;
}

/* The one tensor of a model that fits, as the next. 0, or -1 with a reason. */
static int only_one(struct tensors *t, bool (*fits)(const struct npys_header *))
{
	char list[400] = "", shape[TENSOR_SHAPE_MAX];
	size_t found = 0, used = 0, at = 0;
	struct tensor tensor;
	int status;
	while ((status = tensors_next(t, &tensor)) > 0) {
		if (!tensor.readable || !fits(&tensor.header))
			continue;
		found++;
		at = tensor.record;
		if (used < sizeof list)
			used += (size_t)snprintf(list + used, sizeof list - used, "%s%s %s",
			    found > 1 ? ", " : "", tensor.name,
			    tensor_shape(&tensor.header, shape));
	}
	if (status < 0)
		return -1;
	if (found == 0)
		return err_set(
		    "%s: a model without a tensor that fits; tensor-info %s lists what it has",
		    t->file, t->file);
	if (found > 1)
		return err_set("%s: a model of which several tensors fit, %s; one of them: "
			       "tensor-get --name NAME %s | ...",
		    t->file, list, t->file);
	t->next = at;
	return tensors_next(t, &tensor) > 0 ? 0 : -1;
}

struct npys_in *tensors_stream(
    char *const *files, size_t count, bool (*fits)(const struct npys_header *))
{
	struct npys_in *in = npys_open(files, count);
	if (!in || count > 1)
		return in;
	struct tensors *t = open_tensors(in);
	if (!t)
		return NULL;
	if (t->model) {
		in = only_one(t, fits) == 0 ? stream_of(t) : NULL;
	} else {
		t->in = NULL;
	}
	tensors_close(t);
	return in;
}

void tensors_close(struct tensors *t)
{
	if (!t)
		return;
	npys_close_in(t->in);
	model_close(t->model);
	free(t->file);
	free(t);
}

const char *tensors_file(const struct tensors *t)
{
	return t->file;
}

const struct model *tensors_model(const struct tensors *t)
{
	return t->model;
}

static int next_of_model(struct tensors *t, struct tensor *tensor)
{
	if (t->next == model_count(t->model))
		return 0;
	const struct model_tensor *m = model_tensor(t->model, t->next);
	size_t i = handed_index(m->dtype);
	*tensor = (struct tensor){
	    .record = t->next++, .name = m->name, .dtype = m->dtype, .readable = i < HANDED};
	if (npys_shape(&tensor->header, i < HANDED ? handed[i].type : NPYS_F4, m->rank, m->shape) <
	    0)
		return err_context("%s: %s", t->file, m->name);
	t->tensor = m;
	t->header = tensor->header;
	t->done = 0;
	return 1;
}

int tensors_next(struct tensors *t, struct tensor *tensor)
{
	if (t->model)
		return next_of_model(t, tensor);
	int status = npys_next(t->in, &t->header);
	if (status > 0)
		*tensor = (struct tensor){.record = npys_record(t->in),
		    .dtype = npys_type_name(t->header.type),
		    .readable = true,
		    .header = t->header};
	return status;
}

int tensors_seek(struct tensors *t, const char *name)
{
	if (!t->model)
		return err_set("%s: an npys stream has records and no names", t->file);
	const struct model_tensor *found = model_find(t->model, name);
	if (!found)
		return -1;
	for (t->next = 0; model_tensor(t->model, t->next) != found;)
		t->next++;
	return 0;
}

int tensors_read(struct tensors *t, double *x, size_t count)
{
	if (t->in)
		return npys_read_double(t->in, x, count);
	size_t n = count * t->header.item, first = t->done;
	t->done += n;
	return model_read_part(t->model, t->tensor, first, n, x);
}

/* One number of dtype at raw as the npys type of `handed`, at x. 0, or -1 where it does not fit. */
static int convert(const char *dtype, const unsigned char *raw, unsigned char *x)
{
	if (strcmp(dtype, "BF16") == 0) { /* the upper half of an F32 */
		memset(x, 0, 2);
		memcpy(x + 2, raw, 2);
	} else if (strcmp(dtype, "I8") == 0) {
		int16_t value = (int8_t)raw[0];
		memcpy(x, &value, sizeof value);
	} else if (strcmp(dtype, "U32") == 0) {
		memcpy(x, raw, 4);
		memset(x + 4, 0, 4);
	} else {
		memcpy(x, raw, 8);
		if (raw[7] & 0x80)
			return -1;
	}
	return 0;
}

int tensors_read_raw(struct tensors *t, void *x, size_t count)
{
	if (t->in)
		return npys_read_raw(t->in, x, count);
	size_t i = handed_index(t->tensor->dtype), n = count * t->header.item, first = t->done;
	t->done += n;
	if (i == HANDED || handed[i].same)
		return model_read_bytes(t->model, t->tensor, first, n, x);
	size_t from = strcmp(handed[i].dtype, "I8") == 0     ? 1
		      : strcmp(handed[i].dtype, "BF16") == 0 ? 2
		      : strcmp(handed[i].dtype, "U32") == 0  ? 4
							     : 8;
	size_t to = npys_type_size(handed[i].type);
	unsigned char piece[4096];
	for (size_t k = 0, part; k < n; k += part) {
		part = n - k < sizeof piece / from ? n - k : sizeof piece / from;
		if (model_read_bytes(t->model, t->tensor, first + k, part, piece) < 0)
			return -1;
		for (size_t j = 0; j < part; j++) {
			if (convert(t->tensor->dtype, piece + j * from,
				(unsigned char *)x + (k + j) * to) < 0)
				return err_set("%s: %s: a number beyond the largest <i8", t->file,
				    t->tensor->name);
		}
	}
	return 0;
}

size_t tensors_chunk(const struct npys_header *header)
{
	size_t items =
	    header->item < CHUNK_NUMBERS ? CHUNK_NUMBERS / (header->item + !header->item) : 1;
	items = size_min(items, header->items);
	return items ? items : 1;
}

const char *tensor_shape(const struct npys_header *header, char *text)
{
	size_t used = 0;
	text[used++] = '(';
	for (size_t i = 0; i < header->rank; i++)
		used += (size_t)snprintf(
		    text + used, TENSOR_SHAPE_MAX - used, "%s%zu", i ? "," : "", header->shape[i]);
	snprintf(text + used, TENSOR_SHAPE_MAX - used, header->rank == 1 ? ",)" : ")");
	return text;
}
