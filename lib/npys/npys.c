/* npys streams: see npys.h and npys(5). */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/output.h"
#include "base/spool.h"
#include "npys/npys.h"

#define MAGIC "\x93NUMPY"
#define MAGIC_SIZE 6
#define HEADER_MAX 10000 /* NumPy's own limit on the text of a header */
#define CONVERT_BYTES 65536

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "numbers are exchanged as they lie in memory: a little-endian machine is needed"
#endif

static const struct {
	const char *name;
	size_t size;
	bool integer;
} types[] = {
    [NPYS_U1] = {"|u1", 1, true},
    [NPYS_B1] = {"|b1", 1, true},
    [NPYS_U2] = {"<u2", 2, true},
    [NPYS_I2] = {"<i2", 2, true},
    [NPYS_I4] = {"<i4", 4, true},
    [NPYS_I8] = {"<i8", 8, true},
    [NPYS_F2] = {"<f2", 2, false},
    [NPYS_F4] = {"<f4", 4, false},
    [NPYS_F8] = {"<f8", 8, false},
};
#define TYPES (sizeof types / sizeof *types)

size_t npys_type_size(enum npys_type type)
{
	return types[type].size;
}

const char *npys_type_name(enum npys_type type)
{
	return types[type].name;
}

bool npys_is_integer(enum npys_type type)
{
	return types[type].integer;
}

int npys_shape(struct npys_header *header, enum npys_type type, size_t rank, const size_t *shape)
{
	size_t bytes, extent = 1;
	if (rank > NPYS_RANK_MAX)
		return err_set("%zu axes, at most %d are read", rank, NPYS_RANK_MAX);
	/* the product of the extents that are not zero bounds every partial product */
	for (size_t i = 0; i < rank; i++) {
		if (shape[i] && mem_multiply(extent, shape[i], &extent) < 0)
			return err_set("the shape's product is too large");
	}
	if (mem_multiply(extent, sizeof(double), &bytes) < 0)
		return err_set("the shape's product is too large");
	memset(header, 0, sizeof *header);
	header->type = type;
	header->rank = rank;
	header->items = rank ? shape[0] : 1;
	header->item = 1;
	for (size_t i = 0; i < rank; i++) {
		header->shape[i] = shape[i];
		if (i)
			header->item *= shape[i];
	}
	header->elements = header->items * header->item;
	return 0;
}

/* ---- reading ---- */

struct npys_in {
	char **files;
	size_t count, next_file;
	int descriptor; /* -1: none is open */
	const char *file;
	unsigned char *buffer;
	size_t begin, end; /* what the buffer holds */
	struct npys_header header;
	size_t done;    /* numbers of the current record that were read */
	size_t records; /* records begun so far */
	bool allow_nonfinite;
	void *convert;
};

#define BUFFER_BYTES ((size_t)1 << 18)

struct npys_in *npys_open(char *const *files, size_t count)
{
	struct npys_in *in = mem_alloc(1, sizeof *in);
	if (!in)
		return NULL;
	in->descriptor = -1;
	in->file = "standard input";
	in->count = count ? count : 1;
	in->files = mem_alloc(in->count, sizeof *in->files);
	in->buffer = mem_alloc(BUFFER_BYTES, 1);
	in->convert = mem_alloc(CONVERT_BYTES, 1);
	if (!in->files || !in->buffer || !in->convert)
		goto fail;
	for (size_t i = 0; i < in->count; i++) {
		in->files[i] = mem_text("%s", count ? files[i] : "-");
		if (!in->files[i])
			goto fail;
	}
	return in;
fail:
	npys_close_in(in);
	return NULL;
}

struct npys_in *npys_open_file(const char *file)
{
	char *copy = mem_text("%s", file);
	struct npys_in *in = copy ? npys_open(&copy, 1) : NULL;
	free(copy);
	return in;
}

static void close_descriptor(struct npys_in *in)
{
	if (in->descriptor > STDIN_FILENO)
		close(in->descriptor);
	in->descriptor = -1;
}

void npys_close_in(struct npys_in *in)
{
	if (!in)
		return;
	close_descriptor(in);
	for (size_t i = 0; in->files && i < in->count; i++)
		free(in->files[i]);
	free(in->files);
	free(in->buffer);
	free(in->convert);
	free(in);
}

void npys_allow_nonfinite(struct npys_in *in)
{
	in->allow_nonfinite = true;
}

size_t npys_record(const struct npys_in *in)
{
	return in->records ? in->records - 1 : 0;
}

const char *npys_file(const struct npys_in *in)
{
	return in->file;
}

/* Read up to `bytes` bytes into x; *got is the number read before the file's end. 0 or -1. */
static int read_bytes(struct npys_in *in, void *x, size_t bytes, size_t *got)
{
	unsigned char *to = x;
	*got = 0;
	while (*got < bytes) {
		size_t n = in->end - in->begin;
		if (n) {
			if (n > bytes - *got)
				n = bytes - *got;
			memcpy(to + *got, in->buffer + in->begin, n);
			in->begin += n;
			*got += n;
			continue;
		}
		/* what is as large as the buffer goes straight to its place */
		bool direct = bytes - *got >= BUFFER_BYTES;
		ssize_t r = direct ? read(in->descriptor, to + *got, bytes - *got)
				   : read(in->descriptor, in->buffer, BUFFER_BYTES);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return err_errno("%s", in->file);
		if (r == 0)
			break;
		if (direct) {
			*got += (size_t)r;
		} else {
			in->begin = 0;
			in->end = (size_t)r;
		}
	}
	return 0;
}

static int record_error(const struct npys_in *in, const char *why)
{
	return err_set("%s: record %zu: %s", in->file, npys_record(in), why);
}

static int cut_off(const struct npys_in *in, const char *part, size_t got, size_t bytes)
{
	return err_set("%s: record %zu: cut off: got %zu of %zu bytes of %s", in->file,
	    npys_record(in), got, bytes, part);
}

/* ---- the header's text: a Python dict of exactly three keys ---- */

static const char *blank(const char *c)
{
	while (*c == ' ' || *c == '\t' || *c == '\n' || *c == '\r')
		c++;
	return c;
}

/* A quoted text without escapes into value; gives what follows, or NULL. */
static const char *quoted(const char *c, char *value, size_t size)
{
	char quote = *c;
	if (quote != '\'' && quote != '"')
		return NULL;
	size_t n = strcspn(++c, quote == '\'' ? "'\\\n" : "\"\\\n");
	if (c[n] != quote || n >= size)
		return NULL;
	memcpy(value, c, n);
	value[n] = '\0';
	return c + n + 1;
}

static const char *parse_shape(const char *c, size_t *rank, size_t *shape)
{
	*rank = 0;
	if (*c++ != '(')
		return NULL;
	for (c = blank(c); *c != ')'; c = blank(c)) {
		char *end;
		if (*c < '0' || *c > '9' || *rank == NPYS_RANK_MAX)
			return NULL;
		errno = 0;
		unsigned long long extent = strtoull(c, &end, 10);
		if (errno || extent > SIZE_MAX / 2)
			return NULL;
		c = end + (*end == 'L'); /* Python 2 wrote 3L */
		shape[(*rank)++] = (size_t)extent;
		c = blank(c);
		if (*c == ',')
			c++;
		else if (*c != ')' || *rank == 1) /* (3) is a number and no tuple */
			return NULL;
	}
	return c + 1;
}

static int parse_type(const struct npys_in *in, const char *text, enum npys_type *type)
{
	for (size_t i = 0; i < TYPES; i++) {
		const char *name = types[i].name;
		/* one byte has no order: |u1, <u1 and >u1 are the same */
		bool order = text[0] == name[0] || text[0] == '=' ||
			     (types[i].size == 1 && text[0] && strchr("<>|", text[0]));
		if (order && strcmp(text + 1, name + 1) == 0) {
			*type = (enum npys_type)i;
			return 0;
		}
	}
	if (text[0] == '>')
		return err_set(
		    "%s: record %zu: big-endian numbers (%s); in NumPy: a.astype(a.dtype."
		    "newbyteorder('<'))",
		    in->file, npys_record(in), text);
	return err_set("%s: record %zu: numbers of type %s; in NumPy: a.astype('<f4')", in->file,
	    npys_record(in), text);
}

static int parse_header(struct npys_in *in, const char *text)
{
	enum npys_type type = NPYS_F4;
	bool fortran = false, has_type = false, has_order = false, has_shape = false;
	size_t rank = 0, shape[NPYS_RANK_MAX];
	const char *c = blank(text);
	if (*c++ != '{')
		return record_error(in, "the header is not a dictionary");
	for (c = blank(c); *c != '}'; c = blank(c)) {
		char key[32], value[32];
		bool *seen;
		if (!(c = quoted(c, key, sizeof key)) || *(c = blank(c)) != ':')
			return record_error(in, "the header is not a dictionary");
		c = blank(c + 1);
		if (strcmp(key, "descr") == 0) {
			seen = &has_type;
			if (*c == '[')
				return record_error(in, "a structured array; in NumPy: save each "
							"field a['name'] by itself");
			if (!(c = quoted(c, value, sizeof value)))
				return record_error(in, "the header's descr is not a text");
			if (parse_type(in, value, &type) < 0)
				return -1;
		} else if (strcmp(key, "fortran_order") == 0) {
			seen = &has_order;
			fortran = strncmp(c, "True", 4) == 0;
			if (!fortran && strncmp(c, "False", 5) != 0)
				return record_error(in, "fortran_order is neither True nor False");
			c += fortran ? 4 : 5;
		} else if (strcmp(key, "shape") == 0) {
			seen = &has_shape;
			if (!(c = parse_shape(c, &rank, shape)))
				return record_error(
				    in, "the header's shape is not a tuple of at most 8 sizes");
		} else {
			return err_set("%s: record %zu: unknown key %s in the header", in->file,
			    npys_record(in), key);
		}
		if (*seen)
			return record_error(in, "a key stands twice in the header");
		*seen = true;
		c = blank(c);
		if (*c == ',')
			c++;
		else if (*c != '}')
			return record_error(in, "the header is not a dictionary");
	}
	if (*blank(c + 1))
		return record_error(in, "text after the header's dictionary");
	if (!has_type || !has_order || !has_shape)
		return record_error(in, "descr, fortran_order or shape is missing in the header");
	if (npys_shape(&in->header, type, rank, shape) < 0)
		return record_error(in, err_reason());
	/* the order of a record of one axis means nothing */
	if (fortran && rank > 1)
		return record_error(
		    in, "Fortran order; in NumPy: np.ascontiguousarray(a) before saving");
	in->done = 0;
	return 0;
}

/* A file that is no stream: what its first `size` bytes say it is, and the program that reads it. -1 */
static int no_stream(const struct npys_in *in, const unsigned char *first, size_t size)
{
	static const struct {
		size_t at, length;
		const char *magic, *what, *remedy;
	} known[] = {
	    {0, 4, "PK\3\4", "a .npz, .pt or .pth file", "python3 -m v1pipe convert"},
	    {0, 2, "\x80\2", "a .pt, .pth or pickle file", "python3 -m v1pipe convert"},
	    {0, 6, "MATLAB", "a .mat file", "python3 -m v1pipe convert"},
	    {0, 4, "\x89HDF", "an HDF5 file", "python3 -m v1pipe convert"},
	    {0, 4, "\x89PNG", "a PNG image", "image-read"},
	    {0, 3, "\xff\xd8\xff", "a JPEG image", "image-read"},
	    {0, 2, "P5", "a PNM image", "image-read"},
	    {0, 2, "P6", "a PNM image", "image-read"},
	    {8, 1, "{", "a model",
		"tensor-info lists its tensors, take one by tensor-get --name NAME"},
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (size >= known[i].at + known[i].length &&
		    memcmp(first + known[i].at, known[i].magic, known[i].length) == 0)
			return err_set("%s: %s, not an npys stream: %s %s", in->file, known[i].what,
			    known[i].remedy, in->descriptor ? in->file : "FILE");
	}
	return err_set("%s: not an npys stream (no NPY magic at its start)", in->file);
}

/* Read one header from the open file: 1, or 0 where the file ends before it, or -1. */
static int read_header(struct npys_in *in)
{
	unsigned char start[MAGIC_SIZE + 3], size[4];
	char text[HEADER_MAX + 1];
	size_t got, length = 0;
	if (read_bytes(in, start, MAGIC_SIZE + 2, &got) < 0)
		return -1;
	if (got == 0)
		return 0;
	in->records++;
	if (memcmp(start, MAGIC, size_min(got, MAGIC_SIZE)) != 0) {
		if (in->records > 1)
			return record_error(in, "the bytes after the previous record are not NPY");
		start[got] = in->begin < in->end ? in->buffer[in->begin] : 0;
		return no_stream(in, start, got + 1);
	}
	if (got < MAGIC_SIZE + 2)
		return cut_off(in, "a header", got, MAGIC_SIZE + 2);
	int version = start[MAGIC_SIZE];
	size_t width = version == 1 ? 2 : 4;
	if (version < 1 || version > 3 || start[MAGIC_SIZE + 1] != 0)
		return err_set("%s: record %zu: NPY version %d.%d, known are 1.0 to 3.0", in->file,
		    npys_record(in), version, start[MAGIC_SIZE + 1]);
	if (read_bytes(in, size, width, &got) < 0)
		return -1;
	if (got < width)
		return cut_off(in, "a header", MAGIC_SIZE + 2 + got, MAGIC_SIZE + 2 + width);
	for (size_t i = 0; i < width; i++)
		length |= (size_t)size[i] << 8 * i;
	if (length > HEADER_MAX)
		return err_set("%s: record %zu: a header of %zu bytes, at most %d are read",
		    in->file, npys_record(in), length, HEADER_MAX);
	if (read_bytes(in, text, length, &got) < 0)
		return -1;
	if (got < length)
		return cut_off(in, "a header", got, length);
	text[length] = '\0';
	if (strlen(text) != length)
		return record_error(in, "a zero byte in the header");
	return parse_header(in, text) < 0 ? -1 : 1;
}

/* Open the next file: 1, or 0 where there is none, or -1. */
static int next_file(struct npys_in *in)
{
	close_descriptor(in);
	if (in->next_file == in->count)
		return 0;
	const char *file = in->files[in->next_file++];
	in->begin = in->end = 0;
	if (strcmp(file, "-") == 0) {
		in->file = "standard input";
		in->descriptor = STDIN_FILENO;
		return 1;
	}
	in->file = file;
	in->descriptor = open(file, O_RDONLY | O_CLOEXEC);
	return in->descriptor < 0 ? err_errno("%s", file) : 1;
}

int npys_peek(struct npys_in *in, unsigned char *first, size_t size, size_t *got)
{
	*got = 0;
	if (in->descriptor < 0 && next_file(in) <= 0)
		return -1;
	while (in->end < size) {
		ssize_t r = read(in->descriptor, in->buffer + in->end, BUFFER_BYTES - in->end);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return err_errno("%s", in->file);
		if (r == 0)
			break;
		in->end += (size_t)r;
	}
	*got = size_min(in->end, size);
	memcpy(first, in->buffer, *got);
	return 0;
}

int npys_take(struct npys_in *in, unsigned char *x, size_t size, size_t *got)
{
	return read_bytes(in, x, size, got);
}

/* The next n numbers of the record as bytes. */
static int read_numbers(struct npys_in *in, void *x, size_t n)
{
	size_t size = npys_type_size(in->header.type), got;
	if (n > in->header.elements - in->done)
		return record_error(in, "more items asked for than the record has");
	if (read_bytes(in, x, n * size, &got) < 0)
		return -1;
	if (got < n * size)
		return cut_off(in, "data", in->done * size + got, in->header.elements * size);
	in->done += n;
	return 0;
}

#define CONVERT_NUMBERS (CONVERT_BYTES / sizeof(double))

static size_t at_most(size_t n, size_t limit)
{
	return size_min(n, limit);
}

static int skip_rest(struct npys_in *in)
{
	while (in->done < in->header.elements) {
		size_t n = at_most(in->header.elements - in->done, CONVERT_NUMBERS);
		if (read_numbers(in, in->convert, n) < 0)
			return -1;
	}
	return 0;
}

int npys_next(struct npys_in *in, struct npys_header *header)
{
	if (skip_rest(in) < 0)
		return -1;
	for (;;) {
		int status = in->descriptor < 0 ? 0 : read_header(in);
		if (status > 0) {
			*header = in->header;
			return 1;
		}
		if (status == 0)
			status = next_file(in);
		if (status < 0)
			return -1;
		if (status == 0)
			return in->records ? 0
					   : err_set("%s: no record: an empty stream", in->file);
	}
}

/* ---- the data ---- */

/* IEEE half precision to float: exponent and mantissa moved, subnormals scaled. */
static float half_to_float(uint16_t half)
{
	uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 31,
		 mantissa = half & 1023;
	if (exponent == 0) {
		float value = ldexpf((float)mantissa, -24);
		return sign ? -value : value;
	}
	uint32_t bits =
	    sign | (exponent == 31 ? 0x7f800000u : (exponent + 112) << 23) | mantissa << 13;
	float value;
	memcpy(&value, &bits, sizeof value);
	return value;
}

/* n numbers of `type` at raw as doubles. */
static void to_double(enum npys_type type, const void *raw, double *x, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		switch (type) {
		case NPYS_U1:
			x[i] = ((const uint8_t *)raw)[i];
			break;
		case NPYS_B1:
			x[i] = ((const uint8_t *)raw)[i] != 0;
			break;
		case NPYS_U2:
			x[i] = ((const uint16_t *)raw)[i];
			break;
		case NPYS_I2:
			x[i] = ((const int16_t *)raw)[i];
			break;
		case NPYS_I4:
			x[i] = ((const int32_t *)raw)[i];
			break;
		case NPYS_I8:
			x[i] = (double)((const int64_t *)raw)[i];
			break;
		case NPYS_F2:
			x[i] = (double)half_to_float(((const uint16_t *)raw)[i]);
			break;
		case NPYS_F4:
			x[i] = (double)((const float *)raw)[i];
			break;
		case NPYS_F8:
			x[i] = ((const double *)raw)[i];
			break;
		}
	}
}

static int check_finite(const struct npys_in *in, bool finite, size_t element)
{
	if (finite || in->allow_nonfinite)
		return 0;
	return err_set("%s: record %zu: item %zu: NaN or infinity", in->file, npys_record(in),
	    in->header.item ? element / in->header.item : 0);
}

int npys_read_raw(struct npys_in *in, void *x, size_t count)
{
	return read_numbers(in, x, count * in->header.item);
}

int npys_read_double(struct npys_in *in, double *x, size_t count)
{
	size_t left = count * in->header.item;
	while (left) {
		size_t n = at_most(left, CONVERT_NUMBERS), first = in->done;
		if (read_numbers(in, in->convert, n) < 0)
			return -1;
		to_double(in->header.type, in->convert, x, n);
		for (size_t i = 0; i < n; i++) {
			if (check_finite(in, isfinite(x[i]), first + i) < 0)
				return -1;
		}
		x += n;
		left -= n;
	}
	return 0;
}

/* Whether all are finite: no exponent has all bits set. One test for the whole piece costs no
 * time. */
static bool all_finite(const float *x, size_t n)
{
	uint32_t found = 0;
	for (size_t i = 0; i < n; i++) {
		uint32_t bits;
		memcpy(&bits, &x[i], sizeof bits);
		found |= (bits & 0x7f800000u) == 0x7f800000u;
	}
	return !found;
}

static void to_float(enum npys_type type, const void *raw, float *x, size_t n)
{
	double piece[512];
	if (type == NPYS_U1) { /* what images are */
		for (size_t i = 0; i < n; i++)
			x[i] = ((const uint8_t *)raw)[i];
		return;
	}
	size_t size = npys_type_size(type);
	for (size_t done = 0, now; done < n; done += now) {
		now = at_most(n - done, 512);
		to_double(type, (const unsigned char *)raw + done * size, piece, now);
		for (size_t i = 0; i < now; i++)
			x[done + i] = (float)piece[i];
	}
}

int npys_read_float(struct npys_in *in, float *x, size_t count)
{
	size_t left = count * in->header.item;
	bool plain = in->header.type == NPYS_F4;
	while (left) {
		size_t n = at_most(left, CONVERT_NUMBERS), first = in->done;
		if (read_numbers(in, plain ? (void *)x : in->convert, n) < 0)
			return -1;
		if (!plain)
			to_float(in->header.type, in->convert, x, n);
		bool finite = npys_is_integer(in->header.type) || all_finite(x, n);
		for (size_t i = 0; i < n && !finite; i++) {
			if (check_finite(in, isfinite(x[i]), first + i) < 0)
				return -1;
		}
		x += n;
		left -= n;
	}
	return 0;
}

int npys_read_int(struct npys_in *in, int64_t *x, size_t count)
{
	double piece[512];
	size_t left = count * in->header.item;
	if (!npys_is_integer(in->header.type))
		return err_set("%s: record %zu: numbers of type %s where integers are needed",
		    in->file, npys_record(in), npys_type_name(in->header.type));
	if (in->header.type == NPYS_I8)
		return read_numbers(in, x, left);
	while (left) {
		size_t n = at_most(left, 512);
		if (read_numbers(in, in->convert, n) < 0)
			return -1;
		to_double(in->header.type, in->convert, piece, n);
		for (size_t i = 0; i < n; i++)
			x[i] = (int64_t)piece[i];
		x += n;
		left -= n;
	}
	return 0;
}

int npys_next_array(struct npys_in *in, struct npys_array *array, size_t limit)
{
	int status = npys_next(in, &array->header);
	array->x = NULL;
	if (status <= 0)
		return status;
	if (array->header.elements > limit)
		return err_set("%s: record %zu: %zu numbers, at most %zu fit here", in->file,
		    npys_record(in), array->header.elements, limit);
	/* grow with the data: a header alone must not make us allocate memory */
	size_t capacity = 0, have = 0, total = array->header.elements;
	void *x = NULL;
	do {
		size_t n = at_most(total - have, CONVERT_NUMBERS);
		if (mem_grow(&x, &capacity, have + n + 1, sizeof(double)) < 0 ||
		    read_numbers(in, in->convert, n) < 0)
			goto fail;
		to_double(in->header.type, in->convert, (double *)x + have, n);
		for (size_t i = have; i < have + n; i++) {
			if (check_finite(in, isfinite(((double *)x)[i]), i) < 0)
				goto fail;
		}
		have += n;
	} while (have < total);
	array->x = x;
	return 1;
fail:
	free(x);
	return -1;
}

int npys_load(const char *file, struct npys_array *array, size_t limit)
{
	struct npys_header second;
	struct npys_in *in = npys_open_file(file);
	int status = in ? npys_next_array(in, array, limit) : -1;
	if (status > 0) {
		status = npys_next(in, &second);
		if (status > 0)
			status =
			    err_set("%s: more than one record where one is needed", npys_file(in));
		if (status < 0)
			npys_array_free(array);
	}
	npys_close_in(in);
	return status;
}

void npys_array_free(struct npys_array *array)
{
	free(array->x);
	array->x = NULL;
}

/* ---- writing ---- */

struct npys_out {
	struct output *out;
	struct npys_header header;
	size_t done; /* numbers of the current record that were written */
	bool begun;
};

static struct npys_out *write_to(struct output *output)
{
	struct npys_out *out = output ? mem_alloc(1, sizeof *out) : NULL;
	if (!out) {
		output_abandon(output);
		return NULL;
	}
	out->out = output;
	setvbuf(output_stream(output), NULL, _IOFBF, BUFFER_BYTES);
	return out;
}

struct npys_out *npys_create(const char *path)
{
	return write_to(output_open(path, true));
}

struct npys_out *npys_grow(const char *path, size_t length)
{
	return write_to(output_grow(path, length));
}

int npys_length(struct npys_out *out, size_t *length)
{
	return output_length(out->out, length);
}

struct npys_out *npys_spool(void)
{
	FILE *stream = spool_open();
	return stream ? write_to(output_adopt(stream, spool_name())) : NULL;
}

static int whole_record(const struct npys_out *out)
{
	if (out->begun && out->done != out->header.elements)
		return err_set("%s: a record got %zu of %zu numbers", output_name(out->out),
		    out->done, out->header.elements);
	return 0;
}

int npys_begin(struct npys_out *out, const struct npys_header *header)
{
	char text[512];
	size_t used;
	if (whole_record(out) < 0)
		return -1;
	used = (size_t)snprintf(text, sizeof text,
	    "{'descr': '%s', 'fortran_order': False, 'shape': (", npys_type_name(header->type));
	for (size_t i = 0; i < header->rank; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "%s%zu%s", i ? " " : "",
		    header->shape[i], i + 1 < header->rank || header->rank == 1 ? "," : "");
	used += (size_t)snprintf(text + used, sizeof text - used, "), }");
	/* blanks and a newline up to a multiple of 64 with the 10 bytes before the text */
	size_t length = (used + 1 + 10 + 63) / 64 * 64 - 10;
	memset(text + used, ' ', length - used);
	text[length - 1] = '\n';
	unsigned char start[] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (unsigned char)(length & 255),
	    (unsigned char)(length >> 8)};
	out->header = *header;
	out->done = 0;
	out->begun = true;
	if (output_write(out->out, start, sizeof start) < 0 ||
	    output_write(out->out, text, length) < 0)
		return -1;
	return output_flush(out->out);
}

static int write_numbers(struct npys_out *out, const void *x, size_t n)
{
	if (!out->begun || n > out->header.elements - out->done)
		return err_set(
		    "%s: more items than the record's header announced", output_name(out->out));
	out->done += n;
	return output_write(out->out, x, n * npys_type_size(out->header.type));
}

int npys_write_raw(struct npys_out *out, const void *x, size_t count)
{
	return write_numbers(out, x, count * out->header.item);
}

static int from_double(const struct npys_out *out, const double *x, size_t n, void *raw)
{
	static const double least[] = {
	    [NPYS_I2] = -0x1p15, [NPYS_I4] = -0x1p31, [NPYS_I8] = -0x1p63};
	static const double beyond[] = {[NPYS_U1] = 0x1p8,
	    [NPYS_B1] = 2,
	    [NPYS_U2] = 0x1p16,
	    [NPYS_I2] = 0x1p15,
	    [NPYS_I4] = 0x1p31,
	    [NPYS_I8] = 0x1p63};
	enum npys_type type = out->header.type;
	for (size_t i = 0; i < n; i++) {
		if (type == NPYS_F4) {
			((float *)raw)[i] = (float)x[i];
			continue;
		}
		if (type == NPYS_F8) {
			((double *)raw)[i] = x[i];
			continue;
		}
		if (!npys_is_integer(type))
			return err_set("%s: numbers of type %s are not written",
			    output_name(out->out), npys_type_name(type));
		double rounded = nearbyint(x[i]);
		double low =
		    type == NPYS_I2 || type == NPYS_I4 || type == NPYS_I8 ? least[type] : 0;
		if (!(rounded >= low && rounded < beyond[type]))
			return err_set("%s: %g does not fit type %s", output_name(out->out), x[i],
			    npys_type_name(type));
		switch (type) {
		case NPYS_U2:
			((uint16_t *)raw)[i] = (uint16_t)rounded;
			break;
		case NPYS_I2:
			((int16_t *)raw)[i] = (int16_t)rounded;
			break;
		case NPYS_I4:
			((int32_t *)raw)[i] = (int32_t)rounded;
			break;
		case NPYS_I8:
			((int64_t *)raw)[i] = (int64_t)rounded;
			break;
		default:
			((uint8_t *)raw)[i] = (uint8_t)rounded;
		}
	}
	return 0;
}

#define PIECE 512 /* numbers converted at a time */

/* count items of numbers of `type` at x, converted to the record's type by way of doubles. */
static int write_as(struct npys_out *out, enum npys_type type, const void *x, size_t count)
{
	double piece[PIECE], raw[PIECE];
	const unsigned char *from = x;
	size_t left = count * out->header.item;
	if (out->header.type == type)
		return write_numbers(out, x, left);
	while (left) {
		size_t n = at_most(left, PIECE);
		to_double(type, from, piece, n);
		if (from_double(out, piece, n, raw) < 0 || write_numbers(out, raw, n) < 0)
			return -1;
		from += n * npys_type_size(type);
		left -= n;
	}
	return 0;
}

int npys_write_double(struct npys_out *out, const double *x, size_t count)
{
	return write_as(out, NPYS_F8, x, count);
}

int npys_write_float(struct npys_out *out, const float *x, size_t count)
{
	return write_as(out, NPYS_F4, x, count);
}

int npys_write_int(struct npys_out *out, const int64_t *x, size_t count)
{
	return write_as(out, NPYS_I8, x, count);
}

int npys_put_float(struct npys_out *out, size_t rank, const size_t *shape, const float *x)
{
	struct npys_header header;
	if (npys_shape(&header, NPYS_F4, rank, shape) < 0 || npys_begin(out, &header) < 0)
		return -1;
	return npys_write_float(out, x, header.items);
}

int npys_put_double(struct npys_out *out, size_t rank, const size_t *shape, const double *x)
{
	struct npys_header header;
	if (npys_shape(&header, NPYS_F8, rank, shape) < 0 || npys_begin(out, &header) < 0)
		return -1;
	return npys_write_double(out, x, header.items);
}

int npys_flush(struct npys_out *out)
{
	return output_flush(out->out);
}

int npys_close(struct npys_out *out)
{
	if (whole_record(out) < 0) {
		npys_abandon(out);
		return -1;
	}
	int status = output_close(out->out);
	free(out);
	return status;
}

struct npys_in *npys_replay(struct npys_out *spool)
{
	int descriptor = dup(fileno(output_stream(spool->out)));
	struct npys_in *in = NULL;
	if (descriptor < 0) {
		err_errno("%s", spool_name());
		npys_abandon(spool);
		return NULL;
	}
	if (npys_close(spool) == 0)
		in = npys_open_file(spool_name());
	if (in && lseek(descriptor, 0, SEEK_SET) == 0) {
		in->descriptor = descriptor;
		in->file = in->files[in->next_file++];
		return in;
	}
	if (in)
		err_errno("%s", spool_name());
	npys_close_in(in);
	close(descriptor);
	return NULL;
}

void npys_abandon(struct npys_out *out)
{
	if (!out)
		return;
	output_abandon(out->out);
	free(out);
}
