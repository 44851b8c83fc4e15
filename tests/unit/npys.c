/* npys, byte by byte: what headers are read and refused, where a cut is noticed, conversions, what is written. */
#include <float.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
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

/* A header of that text over no data: whether it is read, the reason holding `part` where not. */
static bool read_as(const char *text, const char *part, struct npys_header *h)
{
	store(room, record(room, 1, text, NULL, 0));
	int status = first_header(h);
	if (!part)
		return status == 1;
	bool good = status == -1 && strstr(err_reason(), part);
	if (!good)
		printf("# '%s': status %d, reason '%s'\n", text, status, err_reason());
	return good;
}

static void headers(void)
{
	struct npys_header h;
	/* every key order, quotes, blanks, no trailing comma, no padding, no newline, Python 2's long */
	CHECK(read_as("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n", NULL, &h));
	CHECK(h.type == NPYS_F4 && h.rank == 2 && h.shape[0] == 2 && h.shape[1] == 3);
	CHECK(h.items == 2 && h.item == 3 && h.elements == 6);
	CHECK(read_as("{'shape':(2,3),'fortran_order':False,'descr':'<f4'}", NULL, &h) &&
	      h.elements == 6);
	CHECK(read_as(
	    " { \"fortran_order\" : False , \"shape\" : ( 2 , 3 , ) , \"descr\" : \"<f8\" , } ",
	    NULL, &h));
	CHECK(h.type == NPYS_F8);
	CHECK(read_as("{'descr': '|b1', 'fortran_order': False, 'shape': (2L, 3L)}", NULL, &h));
	CHECK(read_as("{'descr': '<i2', 'fortran_order': False, 'shape': ()}", NULL, &h));
	CHECK(h.rank == 0 && h.items == 1 && h.item == 1 && h.elements == 1);
	CHECK(read_as("{'descr': '<i4', 'fortran_order': False, 'shape': (3,)}", NULL, &h));
	CHECK(h.rank == 1 && h.items == 3 && h.item == 1);
	CHECK(read_as("{'descr': '<i8', 'fortran_order': False, 'shape': (0,)}", NULL, &h));
	CHECK(h.items == 0 && h.elements == 0);
	CHECK(read_as("{'descr': '<i8', 'fortran_order': False, 'shape': (3, 0, 5)}", NULL, &h));
	CHECK(h.items == 3 && h.item == 0 && h.elements == 0);
	CHECK(read_as(
	    "{'descr': '<u2', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1)}", NULL, &h));
	CHECK(h.rank == 8);
	/* one byte has no order; order means nothing on one axis */
	CHECK(read_as("{'descr': '<u1', 'fortran_order': False, 'shape': (2,)}", NULL, &h));
	CHECK(h.type == NPYS_U1);
	CHECK(read_as("{'descr': '=f4', 'fortran_order': False, 'shape': (2,)}", NULL, &h));
	CHECK(read_as("{'descr': '<f2', 'fortran_order': True, 'shape': (2,)}", NULL, &h));

	/* what is refused, and the remedy where there is one */
	CHECK(read_as("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3)}",
	    "np.ascontiguousarray", &h));
	CHECK(
	    read_as("{'descr': '>f4', 'fortran_order': False, 'shape': (2,)}", "newbyteorder", &h));
	CHECK(
	    read_as("{'descr': '>i8', 'fortran_order': False, 'shape': (2,)}", "newbyteorder", &h));
	CHECK(read_as(
	    "{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2,)}", "structured", &h));
	CHECK(read_as(
	    "{'descr': '|O', 'fortran_order': False, 'shape': (2,)}", "a.astype('<f4')", &h));
	CHECK(read_as("{'descr': '<U5', 'fortran_order': False, 'shape': (2,)}", "<U5", &h));
	CHECK(read_as("{'descr': '<c8', 'fortran_order': False, 'shape': (2,)}", "<c8", &h));
	CHECK(read_as("{'descr': '<u4', 'fortran_order': False, 'shape': (2,)}", "<u4", &h));
	CHECK(read_as("{'descr': '|i1', 'fortran_order': False, 'shape': (2,)}", "|i1", &h));
	CHECK(read_as("{'descr': '', 'fortran_order': False, 'shape': (2,)}", "type", &h));
	CHECK(read_as(
	    "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'unit': 'px'}", "unit", &h));
	CHECK(read_as("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}",
	    "twice", &h));
	CHECK(read_as("{'descr': '<f4', 'fortran_order': False}", "missing", &h));
	CHECK(read_as("{'descr': '<f4', 'shape': (2,)}", "missing", &h));
	CHECK(read_as("{'fortran_order': False, 'shape': (2,)}", "missing", &h));
	CHECK(read_as("{}", "missing", &h));
	CHECK(read_as("", "dictionary", &h));
	CHECK(read_as("[1, 2]", "dictionary", &h));
	CHECK(read_as("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)", "dictionary", &h));
	CHECK(read_as("{'descr' '<f4'}", "dictionary", &h));
	CHECK(read_as("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x", "after", &h));
	CHECK(read_as("{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}", "True nor False", &h));
	static const char *const shapes[] = {"3", "(3)", "(-1,)", "(3,,4)", "(,)", "(2,621, 401",
	    "(1.5,)", "(99999999999999999999,)", "(1,1,1,1,1,1,1,1,1)", "[2, 3]", "(0x10,)",
	    "(2 3)"};
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		char text[128];
		snprintf(text, sizeof text, "{'descr': '<f4', 'fortran_order': False, 'shape': %s}",
		    shapes[i]);
		CHECK(read_as(text, "shape", &h));
	}
	/* products that overflow, also behind a zero extent */
	CHECK(read_as("{'descr': '|u1', 'fortran_order': False, 'shape': (4294967296, 4294967296)}",
	    "too large", &h));
	CHECK(read_as(
	    "{'descr': '|u1', 'fortran_order': False, 'shape': (0, 4294967296, 4294967296)}",
	    "too large", &h));
	CHECK(read_as("{'descr': '<f8', 'fortran_order': False, 'shape': (2305843009213693952,)}",
	    "too large", &h));
}

static void versions(void)
{
	struct npys_header h;
	const float x[2] = {1.5f, -2};
	float y[2];
	for (int version = 1; version <= 3; version++) {
		store(room, record(room, version,
				"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", x,
				sizeof x));
		struct npys_in *in = npys_open_file(path);
		CHECK(npys_next(in, &h) == 1 && npys_read_float(in, y, 2) == 0 && y[1] < -1.9f);
		CHECK(npys_next(in, &h) == 0);
		npys_close_in(in);
	}
	for (int version = 0; version <= 4; version += 4) {
		store(room,
		    record(room, version, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}",
			x, sizeof x));
		CHECK(first_header(&h) == -1 && strstr(err_reason(), "version"));
	}
	/* the longest header that is read, and one longer */
	char text[10002];
	memset(text, ' ', sizeof text);
	const char dict[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}";
	memcpy(text, dict, sizeof dict - 1);
	text[10000] = '\0';
	store(room, record(room, 2, text, x, sizeof x));
	CHECK(first_header(&h) == 1);
	text[10000] = ' ';
	text[10001] = '\0';
	store(room, record(room, 2, text, x, sizeof x));
	CHECK(first_header(&h) == -1 && strstr(err_reason(), "10000"));
	/* 4 GiB of header announced */
	store("\x93NUMPY\x02\x00\xff\xff\xff\xff", 12);
	CHECK(first_header(&h) == -1 && strstr(err_reason(), "4294967295"));
	/* a zero byte would end the text early */
	size_t size = record(room, 1, dict, x, sizeof x);
	room[12] = 0;
	store(room, size);
	CHECK(first_header(&h) == -1 && strstr(err_reason(), "zero byte"));
}

/* Two records, cut everywhere: only the two record boundaries are clean ends. */
static void cuts(void)
{
	const float x[6] = {1, 2, 3, 4, 5, 6};
	const char text[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n";
	size_t one = record(room, 1, text, x, sizeof x),
	       size = one + record(room + one, 2, text, x, sizeof x);
	unsigned wrong = 0, silent = 0;
	for (size_t cut = 0; cut <= size; cut++) {
		struct npys_header h;
		float y[6];
		store(room, cut);
		struct npys_in *in = npys_open_file(path);
		int records = 0, status;
		while ((status = npys_next(in, &h)) == 1) {
			records++;
			if ((status = npys_read_float(in, y, 2)) < 0)
				break;
		}
		bool clean = cut == one || cut == size;
		wrong += (status == 0) != clean;
		if (!clean && cut > 0)
			silent += !strstr(err_reason(), "got ") || !strstr(err_reason(), path) ||
				  !strstr(err_reason(), cut < one ? "record 0" : "record 1");
		npys_close_in(in);
		/* the same where items are skipped instead of read */
		in = npys_open_file(path);
		while ((status = npys_next(in, &h)) == 1)
			;
		wrong += (status == 0) != clean;
		npys_close_in(in);
	}
	CHECK(wrong == 0);
	CHECK(silent == 0);
	struct npys_header h;
	store(room, 0);
	CHECK(first_header(&h) == -1 && strstr(err_reason(), "no record"));
	memcpy(room + one, "garbage", 7);
	store(room, one + 7);
	struct npys_in *in = npys_open_file(path);
	CHECK(npys_next(in, &h) == 1 && npys_next(in, &h) == -1 && strstr(err_reason(), "not NPY"));
	npys_close_in(in);
	store("P5 1 1 255\nx", 12);
	CHECK(first_header(&h) == -1 && strstr(err_reason(), "not an npys stream"));
}

/* Several files are one stream; records are counted over all. */
static void files(void)
{
	struct npys_header h;
	const float x[1] = {7};
	store(room, record(room, 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", x,
			sizeof x));
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

/* A record of that type, its numbers as doubles, then as floats. */
static bool reads(const char *type, const void *raw, size_t size, size_t n, const double *expected)
{
	char text[128];
	double x[16];
	float y[16];
	struct npys_header h;
	snprintf(
	    text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': (%zu,)}", type, n);
	store(room, record(room, 1, text, raw, size * n));
	struct npys_in *in = npys_open_file(path);
	npys_allow_nonfinite(in);
	bool good = npys_next(in, &h) == 1 && npys_read_double(in, x, n) == 0;
	npys_close_in(in);
	in = npys_open_file(path);
	npys_allow_nonfinite(in);
	good = good && npys_next(in, &h) == 1 && npys_read_float(in, y, n) == 0;
	npys_close_in(in);
	for (size_t i = 0; good && i < n; i++) {
		good = isnan(expected[i])
			   ? isnan(x[i]) && isnan(y[i])
			   : memcmp(&x[i], &expected[i], sizeof x[i]) == 0 &&
				 !(y[i] < (float)expected[i]) && !(y[i] > (float)expected[i]);
		if (!good)
			printf("# %s %zu: %.17g %.9g, expected %.17g\n", type, i, x[i],
			    (double)y[i], expected[i]);
	}
	return good;
}

static void types(void)
{
	const uint8_t u1[] = {0, 1, 255};
	CHECK(reads("|u1", u1, 1, 3, (double[]){0, 1, 255}));
	CHECK(reads("|b1", u1, 1, 3, (double[]){0, 1, 1}));
	const uint16_t u2[] = {0, 65535};
	CHECK(reads("<u2", u2, 2, 2, (double[]){0, 65535}));
	const int16_t i2[] = {-32768, 32767};
	CHECK(reads("<i2", i2, 2, 2, (double[]){-32768, 32767}));
	const int32_t i4[] = {INT32_MIN, INT32_MAX};
	CHECK(reads("<i4", i4, 4, 2, (double[]){-2147483648.0, 2147483647}));
	const int64_t i8[] = {-5, (int64_t)1 << 53};
	CHECK(reads("<i8", i8, 8, 2, (double[]){-5, 0x1p53}));
	const float f4[] = {-0.0f, FLT_MIN / 2, FLT_MAX, NAN, -INFINITY};
	CHECK(reads(
	    "<f4", f4, 4, 5, (double[]){-0.0, 0x1p-127, (double)FLT_MAX, (double)NAN, -INFINITY}));
	const double f8[] = {1.0 / 3, 1e300};
	CHECK(reads("<f8", f8, 8, 1, f8));
	/* half precision: 1, largest, smallest normal, smallest, largest below 2^-14, -0, inf, NaN, 1/3 */
	const uint16_t f2[] = {
	    0x3c00, 0x7bff, 0x0400, 0x0001, 0x03ff, 0x8000, 0xfc00, 0x7e01, 0x3555};
	CHECK(reads("<f2", f2, 2, 9,
	    (double[]){1, 65504, 0x1p-14, 0x1p-24, 1023 * 0x1p-24, -0.0, -INFINITY, (double)NAN,
		1365.0 / 4096}));
}

/* NaN is found wherever it stands, and its item named; integers are asked for as integers only. */
static void values(void)
{
	static float x[3 * 1000];
	struct npys_header h;
	const char text[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 1000)}";
	static float y[3 * 1000];
	x[2999] = NAN;
	store(room, record(room, 1, text, x, sizeof x));
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
	CHECK(npys_read_float(in, y, 3) == -1 || !"NaN is still there");
	npys_close_in(in);
	/* more than there is */
	in = npys_open_file(path);
	npys_allow_nonfinite(in);
	CHECK(npys_next(in, &h) == 1 && npys_read_raw(in, y, 3) == 0 &&
	      npys_read_raw(in, y, 1) == -1);
	npys_close_in(in);
	/* a header alone takes no memory for what it claims */
	CHECK(read_as(
	    "{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000,)}", NULL, &h));
	CHECK(npys_load(path, &array, SIZE_MAX) == -1 &&
	      strstr(err_reason(), "got 0 of 1000000000000"));
	const int64_t i8[] = {INT64_MIN, INT64_MAX};
	store(room, record(room, 1, "{'descr': '<i8', 'fortran_order': False, 'shape': (2,)}", i8,
			sizeof i8));
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
	CHECK_CLOSE(array.x[0], 0, 0);
	CHECK_CLOSE(array.x[1], 2, 0);
	CHECK_CLOSE(array.x[2], 254, 0);
	CHECK_CLOSE(array.x[3], 255, 0);
	CHECK_CLOSE(array.x[4], 0, 0);
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

/* Batches and labels. */
static bool batch_reason(size_t images, const char *type, const char *labels, const void *y,
    size_t bytes, const char *part)
{
	char text[128];
	static float x[64];
	struct batch batch = {0};
	int64_t read[16];
	snprintf(text, sizeof text,
	    "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, 2, 2)}", images);
	size_t size = images ? record(room, 1, text, x, images * 16) : 0;
	snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': %s}", type,
	    labels);
	size += record(room + size, 1, text, y, bytes);
	store(room, size);
	struct npys_in *in = npys_open_file(path);
	int status = images ? batch_next(in, &batch) : 1;
	status = status == 1 ? batch_next(in, &batch) : status;
	if (status == 1 && batch.labels)
		status = batch_read_labels(in, &batch, read);
	npys_close_in(in);
	bool good = part ? status == -1 && strstr(err_reason(), part) : status >= 0;
	if (!good)
		printf("# status %d: %s\n", status, err_reason());
	return good;
}

static void batches(void)
{
	const uint8_t y[] = {0, 1, 2};
	const int32_t negative[] = {0, -1, 2};
	const float real[3] = {0};
	CHECK(batch_reason(3, "|u1", "(3,)", y, 3, NULL));
	CHECK(batch_reason(2, "|u1", "(3,)", y, 3, "3 labels for 2 images"));
	CHECK(batch_reason(0, "|u1", "(3,)", y, 3, "without a batch"));
	CHECK(batch_reason(3, "<i4", "(3,)", negative, sizeof negative, "label -1"));
	CHECK(batch_reason(3, "<f4", "(3,)", real, sizeof real, "1 axes"));
	CHECK(batch_reason(3, "<f4", "()", real, 4, "0 axes"));
	CHECK(batch_reason(3, "<f4", "(1,1,1,1,3)", real, sizeof real, "5 axes"));
	CHECK(batch_reason(3, "<f4", "(0,2,2)", real, 0, "without a pixel"));
	/* labels of labels */
	size_t size =
	    record(room, 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 1, 1)}", y, 2);
	for (int i = 0; i < 2; i++)
		size += record(room + size, 1,
		    "{'descr': '|u1', 'fortran_order': False, 'shape': (2,)}", y, 2);
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
	headers();
	versions();
	cuts();
	files();
	types();
	values();
	writing();
	batches();
	unlink(path);
	return check_end();
}
