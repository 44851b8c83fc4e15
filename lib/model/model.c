/* safetensors: see model.h; the list of checks is the format's own and that of its known attacks. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/output.h"
#include "model/model.h"

/* How a dtype's bits are read; OTHER ones are listed only. */
enum kind {
	KIND_OTHER,
	KIND_BOOL,
	KIND_UNSIGNED,
	KIND_SIGNED,
	KIND_HALF,
	KIND_BRAIN,
	KIND_FLOAT,
	KIND_DOUBLE,
};

/* Every dtype of the format; bits, because sub-byte types exist. */
static const struct {
	const char *name;
	size_t bits;
	enum kind kind;
} dtypes[] = {
    {"BOOL", 8, KIND_BOOL},
    {"F4", 4, KIND_OTHER},
    {"F6_E2M3", 6, KIND_OTHER},
    {"F6_E3M2", 6, KIND_OTHER},
    {"U8", 8, KIND_UNSIGNED},
    {"I8", 8, KIND_SIGNED},
    {"F8_E5M2", 8, KIND_OTHER},
    {"F8_E4M3", 8, KIND_OTHER},
    {"F8_E8M0", 8, KIND_OTHER},
    {"F8_E4M3FNUZ", 8, KIND_OTHER},
    {"F8_E5M2FNUZ", 8, KIND_OTHER},
    {"I16", 16, KIND_SIGNED},
    {"U16", 16, KIND_UNSIGNED},
    {"F16", 16, KIND_HALF},
    {"BF16", 16, KIND_BRAIN},
    {"I32", 32, KIND_SIGNED},
    {"U32", 32, KIND_UNSIGNED},
    {"F32", 32, KIND_FLOAT},
    {"F64", 64, KIND_DOUBLE},
    {"C64", 64, KIND_OTHER},
    {"I64", 64, KIND_SIGNED},
    {"U64", 64, KIND_UNSIGNED},
};
#define DTYPES (sizeof dtypes / sizeof *dtypes)

static size_t dtype_index(const char *name)
{
	size_t i = 0;
	while (i < DTYPES && strcmp(dtypes[i].name, name) != 0)
		i++;
	return i;
}

struct pair {
	char *key, *value;
};

static void free_pairs(struct pair *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(pairs[i].key);
		free(pairs[i].value);
	}
	free(pairs);
}

struct model {
	FILE *file;
	char *path;
	size_t data; /* where the tensors' data begin */
	size_t count, meta_count;
	struct model_tensor *tensors;
	struct pair *meta;
};

static int by_begin(const void *a, const void *b)
{
	const struct model_tensor *s = a, *t = b;
	if (s->begin != t->begin)
		return s->begin < t->begin ? -1 : 1;
	if (s->end != t->end)
		return s->end < t->end ? -1 : 1;
	return strcmp(s->name, t->name);
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct pair *)a)->key, ((const struct pair *)b)->key);
}

/* A JSON number as a size: a whole number that is not negative. */
static int json_size(const json_t *value, size_t *size)
{
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return err_set("a size is not a whole number from 0");
	*size = (size_t)json_integer_value(value);
	return 0;
}

static int read_shape(const json_t *shape, struct model_tensor *t)
{
	t->rank = json_array_size(shape);
	t->elements = 1;
	if (t->rank > MODEL_RANK_MAX)
		return err_set("%zu axes, at most %d are read", t->rank, MODEL_RANK_MAX);
	for (size_t i = 0; i < t->rank; i++) {
		if (json_size(json_array_get(shape, i), &t->shape[i]) < 0 ||
		    mem_multiply(t->elements, t->shape[i], &t->elements) < 0)
			return -1;
	}
	return 0;
}

static int read_tensor(const char *name, const json_t *entry, struct model_tensor *t)
{
	const json_t *dtype = json_object_get(entry, "dtype"),
		     *shape = json_object_get(entry, "shape");
	const json_t *offsets = json_object_get(entry, "data_offsets");
	size_t bits, d;
	if (!json_is_string(dtype) || !json_is_array(shape) || !json_is_array(offsets) ||
	    json_array_size(offsets) != 2 || json_object_size(entry) != 3)
		return err_set("not exactly dtype, shape and data_offsets");
	d = dtype_index(json_string_value(dtype));
	if (d == DTYPES)
		return err_set("unknown dtype %s", json_string_value(dtype));
	t->dtype = dtypes[d].name;
	if (read_shape(shape, t) < 0 || json_size(json_array_get(offsets, 0), &t->begin) < 0 ||
	    json_size(json_array_get(offsets, 1), &t->end) < 0 ||
	    mem_multiply(t->elements, dtypes[d].bits, &bits) < 0)
		return -1;
	if (bits % 8)
		return err_set("its numbers do not fill whole bytes");
	if (t->end < t->begin || t->end - t->begin != bits / 8)
		return err_set("%zu numbers of %s do not lie at bytes %zu to %zu", t->elements,
		    t->dtype, t->begin, t->end);
	t->name = mem_text("%s", name);
	return t->name ? 0 : -1;
}

static int read_meta(struct model *model, const json_t *meta)
{
	const char *key;
	json_t *value;
	if (!json_is_object(meta))
		return err_set("__metadata__: not an object");
	model->meta = mem_alloc(json_object_size(meta), sizeof *model->meta);
	if (!model->meta)
		return -1;
	json_object_foreach((json_t *)meta, key, value)
	{
		struct pair *pair = &model->meta[model->meta_count];
		if (!json_is_string(value))
			return err_set("__metadata__: %s is not a text", key);
		model->meta_count++;
		pair->key = mem_text("%s", key);
		pair->value = mem_text("%s", json_string_value(value));
		if (!pair->key || !pair->value)
			return -1;
	}
	qsort(model->meta, model->meta_count, sizeof *model->meta, by_key);
	return 0;
}

static int read_entries(struct model *model, const json_t *root, size_t data_bytes)
{
	const char *name;
	json_t *entry;
	size_t position = 0;
	model->tensors = mem_alloc(json_object_size(root), sizeof *model->tensors);
	if (!model->tensors)
		return -1;
	json_object_foreach((json_t *)root, name, entry)
	{
		if (strcmp(name, "__metadata__") == 0) {
			if (read_meta(model, entry) < 0)
				return -1;
		} else if (!json_is_object(entry)) {
			return err_set("%s: not an object", name);
		} else if (read_tensor(name, entry, &model->tensors[model->count]) < 0) {
			return err_context("%s", name);
		} else {
			model->count++;
		}
	}
	qsort(model->tensors, model->count, sizeof *model->tensors, by_begin);
	for (size_t i = 0; i < model->count; i++) {
		const struct model_tensor *t = &model->tensors[i];
		if (t->begin != position)
			return err_set(
			    "%s: %s before it: its data begin at %zu, those before it end at %zu",
			    t->name, t->begin > position ? "a gap" : "an overlap", t->begin,
			    position);
		position = t->end;
	}
	if (position != data_bytes)
		return err_set(
		    "the tensors end at byte %zu, the data at %zu", position, data_bytes);
	return 0;
}

static int read_header(struct model *model)
{
	unsigned char size[8];
	uint64_t length = 0;
	struct stat status;
	json_error_t error;
	if (fstat(fileno(model->file), &status) < 0)
		return err_errno("cannot tell its size");
	if (!S_ISREG(status.st_mode))
		return err_set("not a regular file");
	size_t file_size = (size_t)status.st_size;
	if (file_size < sizeof size || fread(size, 1, sizeof size, model->file) != sizeof size)
		return err_set("not a safetensors file: %zu bytes", file_size);
	for (size_t i = 0; i < sizeof size; i++)
		length |= (uint64_t)size[i] << 8 * i;
	if (length > MODEL_HEADER_MAX)
		return err_set(
		    "not a safetensors file, or a header of %llu bytes, at most %u are read",
		    (unsigned long long)length, MODEL_HEADER_MAX);
	if (length > file_size - sizeof size)
		return err_set("cut off: got %zu of %llu bytes of the header",
		    file_size - sizeof size, (unsigned long long)length);
	char *text = mem_alloc(length, 1);
	if (!text)
		return -1;
	if (fread(text, 1, length, model->file) != length) {
		free(text);
		return err_errno("the header");
	}
	if (length == 0 || text[0] != '{') {
		free(text);
		return err_set("the header does not begin with {");
	}
	json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
	free(text);
	if (!root)
		return err_set("the header: %s", error.text);
	model->data = sizeof size + length;
	int result = json_is_object(root) ? read_entries(model, root, file_size - model->data)
					  : err_set("the header is not an object");
	json_decref(root);
	return result;
}

struct model *model_open_stream(FILE *file, const char *name)
{
	struct model *model = mem_alloc(1, sizeof *model);
	if (!model) {
		fclose(file);
		return NULL;
	}
	model->file = file;
	model->path = mem_text("%s", name);
	if (model->path) {
		if (read_header(model) == 0)
			return model;
		err_context("%s", name);
	}
	model_close(model);
	return NULL;
}

struct model *model_open(const char *path)
{
	FILE *file = fopen(path, "rb");
	if (!file) {
		err_errno("%s", path);
		return NULL;
	}
	return model_open_stream(file, path);
}

void model_close(struct model *model)
{
	if (!model)
		return;
	for (size_t i = 0; i < model->count; i++)
		free(model->tensors[i].name);
	free_pairs(model->meta, model->meta_count);
	if (model->file)
		fclose(model->file);
	free(model->tensors);
	free(model->path);
	free(model);
}

const char *model_path(const struct model *model)
{
	return model->path;
}

size_t model_count(const struct model *model)
{
	return model->count;
}

const struct model_tensor *model_tensor(const struct model *model, size_t i)
{
	return &model->tensors[i];
}

const struct model_tensor *model_find(const struct model *model, const char *name)
{
	for (size_t i = 0; i < model->count; i++) {
		if (strcmp(model->tensors[i].name, name) == 0)
			return &model->tensors[i];
	}
	err_set("%s: no tensor %s", model->path, name);
	return NULL;
}

/* IEEE half precision. */
static double from_half(uint16_t half)
{
	int exponent = half >> 10 & 31, mantissa = half & 1023;
	double value = exponent == 0    ? ldexp(mantissa, -24)
		       : exponent == 31 ? (mantissa ? NAN : INFINITY)
					: ldexp(mantissa + 1024, exponent - 25);
	return half & 0x8000 ? -value : value;
}

/* n numbers of that dtype; raw need not be aligned. */
static void numbers(size_t dtype, const unsigned char *raw, double *x, size_t n)
{
	size_t size = dtypes[dtype].bits / 8;
	for (size_t i = 0; i < n; i++, raw += size) {
		uint64_t bits = 0;
		float f32;
		memcpy(&bits, raw, size); /* little endian, as the machine (npys.c checks that) */
		switch (dtypes[dtype].kind) {
		case KIND_BOOL:
			x[i] = bits != 0;
			break;
		case KIND_UNSIGNED:
			x[i] = (double)bits;
			break;
		case KIND_SIGNED:
			bits <<= 64 - 8 * size;
			x[i] = (double)((int64_t)bits >> (64 - 8 * size));
			break;
		case KIND_HALF:
			x[i] = from_half((uint16_t)bits);
			break;
		case KIND_BRAIN:
		case KIND_FLOAT: {
			uint32_t word = (uint32_t)bits
					<< (dtypes[dtype].kind == KIND_BRAIN ? 16 : 0);
			memcpy(&f32, &word, sizeof f32);
			x[i] = (double)f32;
			break;
		}
		case KIND_DOUBLE:
			memcpy(&x[i], &bits, sizeof x[i]);
			break;
		case KIND_OTHER:
			x[i] = NAN;
			break;
		}
	}
}

/* Where the numbers from `first` on begin; the range is checked. */
static int seek_part(
    struct model *model, const struct model_tensor *tensor, size_t first, size_t count)
{
	size_t dtype = dtype_index(tensor->dtype), size = dtypes[dtype].bits / 8;
	if (dtypes[dtype].kind == KIND_OTHER)
		return err_set("%s: %s: numbers of type %s cannot be read; in PyTorch: x.float()",
		    model->path, tensor->name, tensor->dtype);
	if (first > tensor->elements || count > tensor->elements - first)
		return err_set(
		    "%s: %s: more numbers asked for than it has", model->path, tensor->name);
	if (fseeko(model->file, (off_t)(model->data + tensor->begin + first * size), SEEK_SET) < 0)
		return err_errno("%s: %s", model->path, tensor->name);
	return 0;
}

static int read_numbers(struct model *model, const struct model_tensor *tensor, size_t done,
    size_t size, void *raw, size_t n)
{
	size_t got = fread(raw, size, n, model->file);
	if (got != n)
		return err_set("%s: %s: cut off: got %zu of %zu bytes", model->path, tensor->name,
		    (done + got) * size, tensor->elements * size);
	return 0;
}

int model_read_bytes(
    struct model *model, const struct model_tensor *tensor, size_t first, size_t count, void *x)
{
	if (seek_part(model, tensor, first, count) < 0)
		return -1;
	return read_numbers(
	    model, tensor, first, dtypes[dtype_index(tensor->dtype)].bits / 8, x, count);
}

int model_read_part(
    struct model *model, const struct model_tensor *tensor, size_t first, size_t count, double *x)
{
	unsigned char raw[4096];
	size_t dtype = dtype_index(tensor->dtype), size = dtypes[dtype].bits / 8;
	if (seek_part(model, tensor, first, count) < 0)
		return -1;
	for (size_t done = 0, n; done < count; done += n) {
		n = sizeof raw / size;
		if (n > count - done)
			n = count - done;
		if (read_numbers(model, tensor, first + done, size, raw, n) < 0)
			return -1;
		numbers(dtype, raw, x + done, n);
	}
	return 0;
}

int model_read_double(struct model *model, const struct model_tensor *tensor, double *x)
{
	return model_read_part(model, tensor, 0, tensor->elements, x);
}

const char *model_meta(const struct model *model, const char *key)
{
	for (size_t i = 0; i < model->meta_count; i++) {
		if (strcmp(model->meta[i].key, key) == 0)
			return model->meta[i].value;
	}
	return NULL;
}

bool model_meta_pair(const struct model *model, size_t i, const char **key, const char **value)
{
	if (i >= model->meta_count)
		return false;
	*key = model->meta[i].key;
	*value = model->meta[i].value;
	return true;
}

/* ---- writing ---- */

struct entry {
	char *name;
	size_t rank, shape[MODEL_RANK_MAX], elements;
	const float *x;
};

struct model_out {
	struct entry *entries;
	struct pair *meta;
	size_t count, capacity, meta_count, meta_capacity;
};

struct model_out *model_create(void)
{
	return mem_alloc(1, sizeof(struct model_out));
}

void model_discard(struct model_out *out)
{
	if (!out)
		return;
	for (size_t i = 0; i < out->count; i++)
		free(out->entries[i].name);
	free(out->entries);
	free_pairs(out->meta, out->meta_count);
	free(out);
}

int model_add(
    struct model_out *out, const char *name, size_t rank, const size_t *shape, const float *x)
{
	if (rank > MODEL_RANK_MAX)
		return err_set("%s: %zu axes, at most %d are written", name, rank, MODEL_RANK_MAX);
	if (strcmp(name, "__metadata__") == 0)
		return err_set("%s: no name for a tensor", name);
	if (mem_grow((void **)&out->entries, &out->capacity, out->count + 1, sizeof *out->entries) <
	    0)
		return -1;
	struct entry *e = &out->entries[out->count];
	memset(e, 0, sizeof *e);
	e->rank = rank;
	e->elements = 1;
	e->x = x;
	for (size_t i = 0; i < rank; i++) {
		e->shape[i] = shape[i];
		if (mem_multiply(e->elements, shape[i], &e->elements) < 0)
			return err_context("%s", name);
	}
	e->name = mem_text("%s", name);
	if (!e->name)
		return -1;
	out->count++;
	return 0;
}

int model_add_meta(struct model_out *out, const char *key, const char *value)
{
	json_t *text = json_string(value);
	if (!text)
		return err_set("%s: metadata that is not UTF-8, or no memory", key);
	json_decref(text);
	char *copy = mem_text("%s", value);
	size_t i = 0;
	if (!copy)
		return -1;
	while (i < out->meta_count && strcmp(out->meta[i].key, key) != 0)
		i++;
	if (i < out->meta_count) {
		free(out->meta[i].value);
		out->meta[i].value = copy;
		return 0;
	}
	char *name = mem_text("%s", key);
	if (!name ||
	    mem_grow((void **)&out->meta, &out->meta_capacity, i + 1, sizeof *out->meta) < 0) {
		free(name);
		free(copy);
		return -1;
	}
	out->meta[out->meta_count++] = (struct pair){name, copy};
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

/* A JSON string. 0 or -1. */
static int put_string(FILE *to, const char *text)
{
	json_t *string = json_string(text);
	if (!string)
		return err_set("%s: not UTF-8, or no memory", text);
	int status = json_dumpf(string, to, JSON_ENCODE_ANY);
	json_decref(string);
	return status < 0 ? err_set("memory: no room for a model's header") : 0;
}

/* The header: __metadata__ with its keys sorted, then tensors in the order of their data. 0 or -1. */
static int put_header(FILE *to, const struct model_out *out)
{
	size_t position = 0;
	for (size_t i = 0; i < out->meta_count; i++) {
		fputs(i ? "," : "{\"__metadata__\":{", to);
		if (put_string(to, out->meta[i].key) < 0 || fputc(':', to) == EOF ||
		    put_string(to, out->meta[i].value) < 0)
			return -1;
	}
	fputs(out->meta_count ? "}" : "{", to);
	for (size_t i = 0; i < out->count; i++) {
		const struct entry *e = &out->entries[i];
		size_t end = position + e->elements * sizeof(float);
		if (i && strcmp(e->name, out->entries[i - 1].name) == 0)
			return err_set("%s: two tensors of one name", e->name);
		if (i || out->meta_count)
			fputc(',', to);
		if (put_string(to, e->name) < 0)
			return -1;
		fputs(":{\"dtype\":\"F32\",\"shape\":[", to);
		for (size_t k = 0; k < e->rank; k++)
			fprintf(to, "%s%zu", k ? "," : "", e->shape[k]);
		fprintf(to, "],\"data_offsets\":[%zu,%zu]}", position, end);
		position = end;
	}
	fputc('}', to);
	return 0;
}

/* The header's text; NULL with a reason. */
static char *header_text(struct model_out *out)
{
	char *text = NULL;
	size_t length;
	FILE *to = open_memstream(&text, &length);
	if (out->count)
		qsort(out->entries, out->count, sizeof *out->entries, by_name);
	if (out->meta_count)
		qsort(out->meta, out->meta_count, sizeof *out->meta, by_key);
	int status = to ? put_header(to, out) : -1;
	bool failed = !to || ferror(to);
	if ((to && fclose(to) != 0) || failed)
		status = err_set("memory: no room for a model's header");
	if (status == 0)
		return text;
	free(text);
	return NULL;
}

int model_write(struct model_out *out, const char *path)
{
	unsigned char size[8];
	char *text = header_text(out);
	struct output *file = text ? output_open(path, true) : NULL;
	int status = file ? 0 : -1;
	if (status == 0) {
		size_t length = strlen(text), padded = (length + 7) / 8 * 8;
		if (padded > MODEL_HEADER_MAX)
			status = err_set("%s: a header of %zu bytes, at most %u are read",
			    output_name(file), padded, MODEL_HEADER_MAX);
		for (size_t i = 0; i < sizeof size; i++)
			size[i] = (unsigned char)(padded >> 8 * i);
		if (status == 0 && (output_write(file, size, sizeof size) < 0 ||
				       output_write(file, text, length) < 0 ||
				       output_write(file, "        ", padded - length) < 0))
			status = -1;
		for (size_t i = 0; status == 0 && i < out->count; i++) {
			const struct entry *e = &out->entries[i];
			status = output_write(file, e->x, e->elements * sizeof *e->x);
		}
		if (status == 0)
			status = output_close(file);
		else
			output_abandon(file);
	}
	free(text);
	model_discard(out);
	return status;
}
