/* npys, byte by byte: what headers are read and refused, where a cut is noticed, conversions, what is written. */
#include <float.h>
#include <limits.h>
#include <stdint.h>
#include <unistd.h>
#include "check.h"
#include "npys/batch.h"
#include "npys/npys.h"

static char path[] = "/tmp/v1pipe-unit-npys.XXXXXX";

static void store(const void *bytes, size_t size)
{
	FILE *f = fopen(path, "wb");
	if (!f || fwrite(bytes, 1, size, f) != size || fclose(f))
		abort();
}

/* A record: version, header text as it is, data. Gives its size. */
static size_t record(
    unsigned char *to, int version, const char *text, const void *data, size_t bytes)
{
	size_t length = strlen(text), width = version == 1 ? 2 : 4;
	memcpy(to, "\x93NUMPY", 6);
	to[6] = (unsigned char)version;
	to[7] = 0;
	for (size_t i = 0; i < width; i++)
		to[8 + i] = (unsigned char)(length >> 8 * i);
	memcpy(to + 8 + width, text, length);
	if (bytes)
		memcpy(to + 8 + width + length, data, bytes);
	return 8 + width + length + bytes;
}

static int first_header(struct npys_header *h)
{
	struct npys_in *in = npys_open_file(path);
	int status = npys_next(in, h);
	npys_close_in(in);
	return status;
}

static unsigned char room[65536];

#define HEADER(descr, fortran, shape)                                                              \
	"{'descr': " descr ", 'fortran_order': " fortran ", 'shape': " shape ", }"
#define OF(type, shape) HEADER("'" type "'", "False", shape)

/* A header of that text over no data is read, or refused for a reason that holds `part`. */
static void header(const char *text, const char *part, struct npys_header *h)
{
	store(room, record(room, 1, text, NULL, 0));
	int status = first_header(h);
	if (!(part ? CHECK(status == -1 && strstr(err_reason(), part)) : CHECK(status == 1)))
		printf("# '%s': status %d, reason '%s'\n", text, status, err_reason());
}

static void headers(void)
{
	struct npys_header h;
	static const struct {
		const char *text;
		enum npys_type type;
		size_t rank, items, item;
	} good[] = {
	    /* every key order, quotes, blanks, no trailing comma, no newline, Python 2's long */
	    {OF("<f4", "(2, 3)") "\n", NPYS_F4, 2, 2, 3},
	    {"{'shape':(2,3),'fortran_order':False,'descr':'<f4'}", NPYS_F4, 2, 2, 3},
	    {" { \"fortran_order\" : False , \"shape\" : ( 2 , 3 , ) , \"descr\" : \"<f8\" , } ",
		NPYS_F8, 2, 2, 3},
	    {OF("|b1", "(2L, 3L)"), NPYS_B1, 2, 2, 3},
	    {OF("<i2", "()"), NPYS_I2, 0, 1, 1},
	    {OF("<i4", "(3,)"), NPYS_I4, 1, 3, 1},
	    {OF("<i8", "(0,)"), NPYS_I8, 1, 0, 1},
	    {OF("<i8", "(3, 0, 5)"), NPYS_I8, 3, 3, 0},
	    {OF("<u2", "(1,1,1,1,1,1,1,1)"), NPYS_U2, 8, 1, 1},
	    /* one byte has no order; order means nothing on one axis */
	    {OF("<u1", "(2,)"), NPYS_U1, 1, 2, 1},
	    {OF("=f4", "(2,)"), NPYS_F4, 1, 2, 1},
	    {HEADER("'<f2'", "True", "(2,)"), NPYS_F2, 1, 2, 1},
	};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		header(good[i].text, NULL, &h);
		CHECK(h.type == good[i].type && h.rank == good[i].rank);
		CHECK(h.items == good[i].items && h.item == good[i].item);
		CHECK(h.elements == h.items * h.item);
	}
	static const char *const bad[][2] = {
	    /* the reason, and the remedy where there is one */
	    {HEADER("'<f4'", "True", "(2, 3)"), "np.ascontiguousarray"},
	    {OF(">f4", "(2,)"), "newbyteorder"},
	    {OF(">i8", "(2,)"), "newbyteorder"},
	    {HEADER("[('x', '<f4')]", "False", "(2,)"), "structured"},
	    {OF("|O", "(2,)"), "a.astype('<f4')"},
	    {OF("<U5", "(2,)"), "<U5"},
	    {OF("<c8", "(2,)"), "<c8"},
	    {OF("<u4", "(2,)"), "<u4"},
	    {OF("|i1", "(2,)"), "|i1"},
	    {OF("", "(2,)"), "type"},
	    {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'unit': 'px'}", "unit"},
	    {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", "twice"},
	    {"{'descr': '<f4', 'fortran_order': False}", "missing"},
	    {"{'descr': '<f4', 'shape': (2,)}", "missing"},
	    {"{'fortran_order': False, 'shape': (2,)}", "missing"},
	    {"{}", "missing"},
	    {"", "dictionary"},
	    {"[1, 2]", "dictionary"},
	    {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,)", "dictionary"},
	    {"{'descr' '<f4'}", "dictionary"},
	    {OF("<f4", "(2,)") " x", "after"},
	    {HEADER("'<f4'", "0", "(2,)"), "True nor False"},
	    /* products that overflow, also behind a zero extent */
	    {OF("|u1", "(4294967296, 4294967296)"), "too large"},
	    {OF("|u1", "(0, 4294967296, 4294967296)"), "too large"},
	    {OF("<f8", "(2305843009213693952,)"), "too large"},
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		header(bad[i][0], bad[i][1], &h);
	static const char *const shapes[] = {"3", "(3)", "(-1,)", "(3,,4)", "(,)", "(2,621, 401",
	    "(1.5,)", "(99999999999999999999,)", "(1,1,1,1,1,1,1,1,1)", "[2, 3]", "(0x10,)",
	    "(2 3)"};
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		char text[128];
		snprintf(text, sizeof text, OF("<f4", "%s"), shapes[i]);
		header(text, "shape", &h);
	}
}

static void versions(void)
{
	struct npys_header h;
	const float x[2] = {1.5f, -2};
	const char dict[] = OF("<f4", "(2,)");
	float y[2];
	for (int version = 0; version <= 4; version++) {
		store(room, record(room, version, dict, x, sizeof x));
		struct npys_in *in = npys_open_file(path);
		if (version % 4)
			CHECK(npys_next(in, &h) == 1 && npys_read_float(in, y, 2) == 0 &&
			      y[1] < -1.9f && npys_next(in, &h) == 0);
		else
			CHECK(npys_next(in, &h) == -1 && strstr(err_reason(), "version"));
		npys_close_in(in);
	}
	/* the longest header that is read, and one longer */
	for (size_t length = 10000; length <= 10001; length++) {
		char text[10002];
		memset(text, ' ', sizeof text);
		memcpy(text, dict, sizeof dict - 1);
		text[length] = '\0';
		store(room, record(room, 2, text, x, sizeof x));
		CHECK(length == 10000 ? first_header(&h) == 1
				      : first_header(&h) == -1 && strstr(err_reason(), "10000"));
	}
	/* 4 GiB of header announced; a zero byte would end the text early */
	store("\x93NUMPY\x02\x00\xff\xff\xff\xff", 12);
	CHECK(first_header(&h) == -1 && strstr(err_reason(), "4294967295"));
	size_t size = record(room, 1, dict, x, sizeof x);
	room[12] = 0;
	store(room, size);
	CHECK(first_header(&h) == -1 && strstr(err_reason(), "zero byte"));
}

/* Two records, cut everywhere: only the two record boundaries are clean ends. */
static void cuts(void)
{
	const float x[6] = {1, 2, 3, 4, 5, 6};
	const char text[] = OF("<f4", "(2, 3)");
	size_t one = record(room, 1, text, x, sizeof x),
	       size = one + record(room + one, 2, text, x, sizeof x);
	for (size_t cut = 0; cut <= size; cut++) {
		struct npys_header h;
		float y[6];
		store(room, cut);
		for (int reading = 0; reading < 2; reading++) { /* items are read, or skipped */
			struct npys_in *in = npys_open_file(path);
			int status;
			while ((status = npys_next(in, &h)) == 1)
				if (reading && (status = npys_read_float(in, y, 2)) < 0)
					break;
			CHECK((status == 0) == (cut == one || cut == size));
			if (status < 0 && cut > 0)
				CHECK(strstr(err_reason(), "got ") && strstr(err_reason(), path) &&
				      strstr(err_reason(), cut < one ? "record 0" : "record 1"));
			npys_close_in(in);
		}
	}
	struct npys_header h;
	store(room, 0);
	CHECK(first_header(&h) == -1 && strstr(err_reason(), "no record"));
	memcpy(room + one, "garbage", 7);
	store(room, one + 7);
	struct npys_in *in = npys_open_file(path);
	CHECK(npys_next(in, &h) == 1 && npys_next(in, &h) == -1 && strstr(err_reason(), "not NPY"));
	npys_close_in(in);
	store("P5 1 1 255\nx", 12);
	CHECK(first_header(&h) == -1 && strstr(err_reason(), "not an npys stream: image-read"));
}

/* Several files are one stream; records are counted over all. */
static void files(void)
{
	struct npys_header h;
	const float x[1] = {7};
	store(room, record(room, 1, OF("<f4", "(1,)"), x, sizeof x));
	char *twice[] = {path, path}, missing[] = "/no/such.npys", *absent[] = {path, missing};
	struct npys_in *in = npys_open(twice, 2);
	CHECK(npys_next(in, &h) == 1 && npys_record(in) == 0);
	CHECK(npys_next(in, &h) == 1 && npys_record(in) == 1 && npys_next(in, &h) == 0);
	CHECK(npys_next(in, &h) == 0);
	npys_close_in(in);
	in = npys_open(absent, 2);
	CHECK(npys_next(in, &h) == 1 && npys_next(in, &h) == -1 && strstr(err_reason(), missing));
	npys_close_in(in);
	char folder[] = "/tmp";
	in = npys_open_file(folder);
	CHECK(npys_next(in, &h) == -1);
	npys_close_in(in);
	/* looking at the first bytes takes nothing */
	unsigned char first[16];
	size_t got;
	in = npys_open_file(path);
	CHECK(npys_peek(in, first, 6, &got) == 0 && got == 6 && memcmp(first, "\x93NUMPY", 6) == 0);
	CHECK(npys_peek(in, first, 16, &got) == 0 && got == 16 && npys_next(in, &h) == 1);
	npys_close_in(in);
}

/* A record of that type: its numbers as doubles, then as floats. */
static void reads(const char *type, const void *raw, size_t size, size_t n, const double *expected)
{
	char text[128];
	double x[16];
	float y[16];
	struct npys_header h;
	snprintf(text, sizeof text, OF("%s", "(%zu,)"), type, n);
	store(room, record(room, 1, text, raw, size * n));
	for (int single = 0; single < 2; single++) {
		struct npys_in *in = npys_open_file(path);
		npys_allow_nonfinite(in);
		CHECK(npys_next(in, &h) == 1);
		CHECK((single ? npys_read_float(in, y, n) : npys_read_double(in, x, n)) == 0);
		npys_close_in(in);
	}
	for (size_t i = 0; i < n; i++)
		if (isnan(expected[i]))
			CHECK(isnan(x[i]) && isnan(y[i]));
		else if (!CHECK(memcmp(&x[i], &expected[i], sizeof *x) == 0 &&
				!(y[i] < (float)expected[i]) && !(y[i] > (float)expected[i])))
			printf("# %s %zu: %.17g %.9g, expected %.17g\n", type, i, x[i],
			    (double)y[i], expected[i]);
}

static void types(void)
{
	const uint8_t u1[] = {0, 1, 255};
	reads("|u1", u1, 1, 3, (double[]){0, 1, 255});
	reads("|b1", u1, 1, 3, (double[]){0, 1, 1});
	const uint16_t u2[] = {0, 65535};
	reads("<u2", u2, 2, 2, (double[]){0, 65535});
	const int16_t i2[] = {-32768, 32767};
	reads("<i2", i2, 2, 2, (double[]){-32768, 32767});
	const int32_t i4[] = {INT32_MIN, INT32_MAX};
	reads("<i4", i4, 4, 2, (double[]){-2147483648.0, 2147483647});
	const int64_t i8[] = {-5, (int64_t)1 << 53};
	reads("<i8", i8, 8, 2, (double[]){-5, 0x1p53});
	const float f4[] = {-0.0f, FLT_MIN / 2, FLT_MAX, NAN, -INFINITY};
	reads("<f4", f4, 4, 5, (double[]){-0.0, 0x1p-127, (double)FLT_MAX, (double)NAN, -INFINITY});
	const double f8[] = {1.0 / 3, 1e300};
	reads("<f8", f8, 8, 1, f8);
	/* half precision: 1, largest, smallest normal, smallest, largest below 2^-14, -0, inf, NaN, 1/3 */
	const uint16_t f2[] = {
	    0x3c00, 0x7bff, 0x0400, 0x0001, 0x03ff, 0x8000, 0xfc00, 0x7e01, 0x3555};
	reads("<f2", f2, 2, 9,
	    (double[]){1, 65504, 0x1p-14, 0x1p-24, 1023 * 0x1p-24, -0.0, -INFINITY, (double)NAN,
		1365.0 / 4096});
}

/* NaN is found wherever it stands, and its item named; integers are asked for as integers only. */
static void values(void)
{
	static float x[3 * 1000];
	struct npys_header h;
	static float y[3 * 1000];
	x[2999] = NAN;
	store(room, record(room, 1, OF("<f4", "(3, 1000)"), x, sizeof x));
	struct npys_in *in = npys_open_file(path);
	CHECK(npys_next(in, &h) == 1 && npys_read_float(in, y, 2) == 0 &&
	      npys_read_float(in, y, 1) == -1);
	CHECK(strstr(err_reason(), "record 0: item 2"));
	npys_close_in(in);
	struct npys_array array;
	CHECK(npys_load(path, &array, 3000) == -1 && strstr(err_reason(), "item 2"));
	CHECK(npys_load(path, &array, 2999) == -1 && strstr(err_reason(), "at most"));
	in = npys_open_file(path);
	int64_t integers[2];
	CHECK(npys_next(in, &h) == 1 && npys_read_int(in, integers, 1) == -1);
	CHECK(strstr(err_reason(), "integers are needed"));
	CHECK(npys_read_float(in, y, 3) == -1); /* NaN is still there */
	npys_close_in(in);
	/* more than there is */
	in = npys_open_file(path);
	npys_allow_nonfinite(in);
	CHECK(npys_next(in, &h) == 1 && npys_read_raw(in, y, 3) == 0 &&
	      npys_read_raw(in, y, 1) == -1);
	npys_close_in(in);
	/* a header alone takes no memory for what it claims */
	header(OF("|u1", "(1000000000000,)"), NULL, &h);
	CHECK(npys_load(path, &array, SIZE_MAX) == -1 &&
	      strstr(err_reason(), "got 0 of 1000000000000"));
	const int64_t i8[] = {INT64_MIN, INT64_MAX};
	store(room, record(room, 1, OF("<i8", "(2,)"), i8, sizeof i8));
	in = npys_open_file(path);
	CHECK(npys_next(in, &h) == 1 && npys_read_int(in, integers, 2) == 0);
	CHECK(integers[0] == INT64_MIN && integers[1] == INT64_MAX);
	npys_close_in(in);
}

/* Writing: NumPy's own bytes, rounding, refusals, incomplete records. */
static void writing(void)
{
	struct npys_header h;
	const size_t shape[] = {2, 3};
	unlink(path);
	struct npys_out *out = npys_create(path);
	const float x[6] = {1, 2, 3, 4, 5, 6};
	CHECK(npys_put_float(out, 2, shape, x) == 0 && npys_close(out) == 0);
	unsigned char bytes[512];
	FILE *f = fopen(path, "rb");
	size_t size = fread(bytes, 1, sizeof bytes, f);
	fclose(f);
	CHECK(size % 8 == 0 && (size - sizeof x) % 64 == 0 && bytes[size - sizeof x - 1] == '\n');
	CHECK(memcmp(bytes, "\x93NUMPY\x01\x00", 8) == 0);
	CHECK(memcmp(bytes + 10, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }  ",
		  61) == 0);
	CHECK(memcmp(bytes + size - sizeof x, x, sizeof x) == 0);

	static const char *const texts[] = {"(), }", "(3,), }", "(2, 3), }"};
	for (size_t rank = 0; rank < 3; rank++) {
		const size_t s[] = {rank == 1 ? 3 : 2, 3};
		out = npys_create(path);
		CHECK(npys_put_float(out, rank, s, x) == 0 && npys_close(out) == 0);
		f = fopen(path, "rb");
		bytes[fread(bytes, 1, sizeof bytes - 1, f)] = '\0';
		fclose(f);
		CHECK(strstr((char *)bytes + 10, texts[rank]));
		CHECK(first_header(&h) == 1 && h.rank == rank);
	}

	/* eight axes of the largest sizes still fit one header */
	const size_t wide[] = {0, SIZE_MAX / 32, 1, 1, 1, 1, 1, 1};
	out = npys_create(path);
	CHECK(npys_put_float(out, 8, wide, x) == 0 && npys_close(out) == 0);
	CHECK(first_header(&h) == 1 && h.rank == 8 && h.shape[1] == SIZE_MAX / 32);

	/* to integers: nearest, ties to even; what does not fit is an error */
	const size_t n = 5;
	out = npys_create(path);
	CHECK(npys_shape(&h, NPYS_U1, 1, &n) == 0 && npys_begin(out, &h) == 0);
	CHECK(npys_write_float(out, (float[]){0.5f, 1.5f, 254.5f, 255.4f}, 4) == 0);
	CHECK(npys_write_float(out, (float[]){255.5f}, 1) == -1);
	CHECK(npys_write_float(out, (float[]){-1}, 1) == -1);
	CHECK(npys_write_double(out, (double[]){(double)NAN}, 1) == -1);
	CHECK(npys_write_int(out, (int64_t[]){256}, 1) == -1);
	CHECK(npys_write_int(out, (int64_t[]){-1}, 1) == -1);
	CHECK(npys_write_double(out, (double[]){-0.4}, 1) == 0);
	CHECK(npys_write_int(out, (int64_t[]){1}, 1) == -1 && strstr(err_reason(), "more items"));
	CHECK(npys_close(out) == 0);
	struct npys_array array;
	CHECK(npys_load(path, &array, 5) == 0 && array.header.type == NPYS_U1);
	for (size_t i = 0; i < 5; i++)
		CHECK_CLOSE(array.x[i], ((const double[]){0, 2, 254, 255, 0})[i], 0);
	npys_array_free(&array);
	struct {
		enum npys_type type;
		double least, most;
	} limits[] = {{NPYS_B1, 0, 1}, {NPYS_U2, 0, 65535}, {NPYS_I2, -32768, 32767},
	    {NPYS_I4, -2147483648.0, 2147483647}, {NPYS_I8, -0x1p63, 0x1.fffffffffffffp62}};
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		const size_t two = 2;
		out = npys_create(path);
		CHECK(npys_shape(&h, limits[i].type, 1, &two) == 0 && npys_begin(out, &h) == 0);
		CHECK(npys_write_double(out, (double[]){limits[i].least, limits[i].most}, 2) == 0);
		CHECK(npys_write_double(out, (double[]){limits[i].most * 2 + 2}, 1) == -1);
		CHECK(npys_close(out) == 0 && npys_load(path, &array, 2) >= 0);
		CHECK_CLOSE(array.x[0], limits[i].least, 0);
		CHECK_CLOSE(array.x[1], limits[i].most, 0);
		npys_array_free(&array);
	}

	/* a record that is not whole leaves nothing behind */
	unlink(path);
	out = npys_create(path);
	CHECK(npys_shape(&h, NPYS_F4, 2, shape) == 0 && npys_begin(out, &h) == 0);
	CHECK(npys_write_float(out, x, 1) == 0 && npys_begin(out, &h) == -1);
	CHECK(npys_close(out) == -1 && access(path, F_OK) < 0);
	const size_t many[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
	CHECK(npys_shape(&h, NPYS_F4, 9, many) == -1);
}

/* A batch of images, then a record: what batch_next and batch_read_labels say of the second. */
static void batch_of(size_t images, const char *type, const char *shape, const void *y,
    size_t bytes, const char *part)
{
	char text[128];
	static float x[64];
	struct batch batch = {0};
	int64_t read[16];
	snprintf(text, sizeof text, OF("<f4", "(%zu, 2, 2)"), images);
	size_t size = images ? record(room, 1, text, x, images * 16) : 0;
	snprintf(text, sizeof text, OF("%s", "%s"), type, shape);
	size += record(room + size, 1, text, y, bytes);
	store(room, size);
	struct npys_in *in = npys_open_file(path);
	int status = images ? batch_next(in, &batch) : 1;
	status = status == 1 ? batch_next(in, &batch) : status;
	if (status == 1 && batch.labels)
		status = batch_read_labels(in, &batch, read);
	npys_close_in(in);
	CHECK(part ? status == -1 && strstr(err_reason(), part) : status >= 0);
}

static void batches(void)
{
	const uint8_t y[] = {0, 1, 2};
	const int32_t negative[] = {0, -1, 2};
	const float real[3] = {0};
	batch_of(3, "|u1", "(3,)", y, 3, NULL);
	batch_of(2, "|u1", "(3,)", y, 3, "3 labels for 2 images");
	batch_of(0, "|u1", "(3,)", y, 3, "without a batch");
	batch_of(3, "<i4", "(3,)", negative, sizeof negative, "label -1");
	batch_of(3, "<f4", "(3,)", real, sizeof real, "labels are integers");
	batch_of(3, "<f4", "()", real, 4, "0 axes");
	batch_of(3, "<f4", "(1,1,1,1,3)", real, sizeof real, "5 axes");
	batch_of(3, "<f4", "(0,2,2)", real, 0, "without a pixel");
	/* labels of labels */
	size_t size = record(room, 1, OF("|u1", "(2, 1, 1)"), y, 2);
	for (int i = 0; i < 2; i++)
		size += record(room + size, 1, OF("|u1", "(2,)"), y, 2);
	store(room, size);
	struct batch batch = {0};
	struct npys_in *in = npys_open_file(path);
	CHECK(batch_next(in, &batch) == 1 && batch.n == 2 && batch.rank == 3 && batch.pixels == 1);
	CHECK(batch_next(in, &batch) == 1 && batch.labels);
	CHECK(batch_next(in, &batch) == -1);
	npys_close_in(in);
}

int main(void)
{
	int descriptor = mkstemp(path);
	if (descriptor < 0)
		return 1;
	close(descriptor);
	TEST(headers,
	    "headers are read as NumPy reads them, or refused with the reason and the remedy");
	TEST(versions, "versions 1 to 3, headers of up to 10000 bytes, and no others");
	TEST(cuts, "a stream that is cut anywhere but between records is noticed, by file, record "
		   "and bytes");
	TEST(files, "several files are one stream; looking at the first bytes takes nothing");
	TEST(types, "numbers of every type are exact");
	TEST(values, "NaN is found and its item named; integers are asked for as integers; no "
		     "memory for mere claims");
	TEST(writing, "NumPy's own bytes are written, numbers rounded or refused, records whole or "
		      "not there");
	TEST(batches, "batches and the labels that fit them");
	unlink(path);
	return check_end();
}
