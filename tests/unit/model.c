/* safetensors: the reader's list of checks in its order, the writer's bytes, all that can be read out. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "check.h"
#include "model/model.h"

static char path[] = "/tmp/v1pipe-unit-model.XXXXXX";

static void store(const void *bytes, size_t size)
{
	FILE *f = fopen(path, "wb");
	if (!f || fwrite(bytes, 1, size, f) != size || fclose(f))
		abort();
}

static unsigned char room[1 << 16];

/* A file: length (that of the text where 0), header text of `size` bytes, data. */
static void file_of(uint64_t length, const char *text, size_t size, const void *data, size_t bytes)
{
	length = length ? length : size;
	for (size_t i = 0; i < 8; i++)
		room[i] = (unsigned char)(length >> 8 * i);
	memcpy(room + 8, text, size);
	if (bytes)
		memcpy(room + 8 + size, data, bytes);
	store(room, 8 + size + bytes);
}

static const unsigned char zeros[4096];

/* Whether a header of that text over so many bytes is read, or refused for a reason that holds `part`. */
static bool opens(const char *text, size_t bytes, const char *part)
{
	file_of(0, text, strlen(text), zeros, bytes);
	struct model *model = model_open(path);
	bool good = part ? !model && strstr(err_reason(), part) && strstr(err_reason(), path)
			 : model != NULL;
	if (!good)
		printf("# '%.200s': '%s'\n", text, model ? "read" : err_reason());
	model_close(model);
	return good;
}

static void checks(void)
{
	/* at least 8 bytes; the length under the cap and inside the file before anything is allocated for it */
	for (size_t size = 0; size < 8; size++) {
		store(zeros, size);
		CHECK(!model_open(path) && strstr(err_reason(), "not a safetensors file"));
	}
	file_of(UINT64_MAX, "{}", 2, NULL, 0);
	CHECK(!model_open(path) && strstr(err_reason(), "18446744073709551615"));
	file_of(MODEL_HEADER_MAX + 1, "{}", 2, NULL, 0);
	CHECK(!model_open(path) && strstr(err_reason(), "at most"));
	file_of(MODEL_HEADER_MAX, "{}", 2, NULL, 0);
	CHECK(!model_open(path) && strstr(err_reason(), "got 2 of 1048576 bytes"));
	file_of(3, "{}", 2, NULL, 0);
	CHECK(!model_open(path) && strstr(err_reason(), "got 2 of 3"));
	CHECK(!model_open("/no/such/file") && strstr(err_reason(), "/no/such/file"));
	CHECK(!model_open("/tmp") && strstr(err_reason(), "/tmp"));

	/* JSON: begins with {, may end in blanks, UTF-8, no duplicates, nothing after it */
	CHECK(opens("{}", 0, NULL));
	CHECK(opens("{}      ", 0, NULL));
	CHECK(opens(" {}", 0, "begin with {"));
	CHECK(opens("[]", 0, "begin with {"));
	CHECK(opens("{", 0, "header"));
	CHECK(opens("{} {}", 0, "header"));
	CHECK(opens("{\"a\xff\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0,
	    "decode byte"));
	CHECK(opens("{\"a\xc0\xaf\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0,
	    "decode byte"));
	CHECK(opens(
	    "{\"\xc3\xa9\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0, NULL));
	CHECK(opens("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
		    "\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}",
	    1, "duplicate"));
	CHECK(opens(
	    "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
	    "duplicate"));
	CHECK(opens("{\"a\\u0000b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
	    "header"));
	file_of(0, "{}\0 ", 4, NULL, 0);
	CHECK(!model_open(path));
	/* nesting deeper than any parser's stack */
	static char deep[30001];
	memset(deep, '[', 30000);
	memcpy(deep, "{\"a\":", 5);
	CHECK(opens(deep, 0, "header"));

	/* entries: exactly three keys of the right types, a known dtype, whole sizes from 0 */
#define ENTRY(dtype, shape, offsets)                                                               \
	"{\"a\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}}"
	CHECK(opens(ENTRY("U8", "[2]", "[0,2]"), 2, NULL));
	CHECK(opens(ENTRY("F32", "[]", "[0,4]"), 4, NULL));
	CHECK(opens(ENTRY("F32", "[0,5]", "[0,0]"), 0, NULL));
	CHECK(opens("{\"a\":5}", 0, "not an object"));
	CHECK(opens("{\"a\":{\"dtype\":\"U8\",\"shape\":[2]}}", 2, "exactly"));
	CHECK(opens("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2],\"x\":1}}", 2,
	    "exactly"));
	CHECK(opens("{\"a\":{\"dtype\":8,\"shape\":[2],\"data_offsets\":[0,2]}}", 2, "exactly"));
	CHECK(opens(ENTRY("F128", "[2]", "[0,2]"), 2, "F128"));
	CHECK(opens(ENTRY("U8", "2", "[0,2]"), 2, "exactly"));
	CHECK(opens(ENTRY("U8", "[2]", "[0]"), 2, "exactly"));
	CHECK(opens(ENTRY("U8", "[2]", "[0,2,3]"), 2, "exactly"));
	CHECK(opens(ENTRY("U8", "[-2]", "[0,2]"), 2, "whole number"));
	CHECK(opens(ENTRY("U8", "[2.0]", "[0,2]"), 2, "whole number"));
	CHECK(opens(ENTRY("U8", "[\"2\"]", "[0,2]"), 2, "whole number"));
	CHECK(opens(ENTRY("U8", "[2]", "[0,2e0]"), 2, "whole number"));
	CHECK(opens(ENTRY("U8", "[99999999999999999999]", "[0,2]"), 2, "header"));
	CHECK(opens(ENTRY("U8", "[1,1,1,1,1,1,1,1]", "[0,1]"), 1, NULL));
	CHECK(opens(ENTRY("U8", "[1,1,1,1,1,1,1,1,1]", "[0,1]"), 1, "9 axes"));
	/* products that overflow 64 bits, to something small or to the right size */
	CHECK(opens(ENTRY("U8", "[4294967296,4294967296]", "[0,0]"), 0, "too large"));
	CHECK(opens(ENTRY("F32", "[4611686018427387905]", "[0,4]"), 4, "too large"));
	CHECK(opens(
	    ENTRY("U8", "[9223372036854775807,9223372036854775807]", "[0,1]"), 1, "too large"));
	/* sizes and offsets that do not agree */
	CHECK(opens(ENTRY("F32", "[2]", "[0,4]"), 4, "do not lie"));
	CHECK(opens(ENTRY("F32", "[1]", "[4,0]"), 4, "do not lie"));
	CHECK(opens(ENTRY("F4", "[2]", "[0,1]"), 1, NULL));
	CHECK(opens(ENTRY("F4", "[3]", "[0,2]"), 2, "whole bytes"));
	CHECK(opens(ENTRY("F6_E2M3", "[4]", "[0,3]"), 3, NULL));
	/* no gap, no overlap, the exact end */
	CHECK(opens(ENTRY("U8", "[2]", "[1,3]"), 3, "a gap"));
#define PAIR(first, second)                                                                        \
	"{\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":" second "},"                     \
	"\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":" first "}}"
	CHECK(opens(PAIR("[0,2]", "[2,4]"), 4, NULL));
	CHECK(opens(PAIR("[0,2]", "[3,5]"), 5, "b: a gap"));
	CHECK(opens(PAIR("[0,2]", "[1,3]"), 3, "b: an overlap"));
	CHECK(opens(PAIR("[0,2]", "[0,2]"), 2, "an overlap"));
	CHECK(opens(PAIR("[0,2]", "[2,4]"), 3, "the data at 3"));
	CHECK(opens(PAIR("[0,2]", "[2,4]"), 5, "the data at 5"));
	CHECK(opens("{}", 1, "the data at 1"));
	/* metadata: texts only */
	CHECK(opens("{\"__metadata__\":{\"b\":\"2\",\"a\":\"1\"}}", 0, NULL));
	CHECK(opens("{\"__metadata__\":{\"a\":1}}", 0, "not a text"));
	CHECK(opens("{\"__metadata__\":[\"a\"]}", 0, "not an object"));
	CHECK(opens("{\"__metadata__\":null}", 0, "not an object"));
	CHECK(opens("{\"__metadata__\":{\"a\":\"1\",\"a\":\"1\"}}", 0, "duplicate"));
	/* a reason is one line, whatever the file has in its names */
	CHECK(opens("{\"a\\nb\\u001b\":5}", 0, "a?b?: not an object"));
}

/* Data not aligned to anything, as foreign files have them, tensors in the file's order and not the header's. */
static void values(void)
{
	const char text[] = "{\"z\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[1,9]},"
			    "\"__metadata__\":{\"k\":\"v\",\"a\":\"\\u00e9\"},"
			    "\"u\":{\"dtype\":\"BOOL\",\"shape\":[1],\"data_offsets\":[0,1]},"
			    "\"d\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[9,17]}}";
	unsigned char data[17] = {2};
	const float f[2] = {1.5f, -2};
	const double d = 1.0 / 3;
	memcpy(data + 1, f, 8);
	memcpy(data + 9, &d, 8);
	file_of(0, text, sizeof text - 1, data, sizeof data);
	struct model *model = model_open(path);
	CHECK(model && model_count(model) == 3);
	CHECK(strcmp(model_tensor(model, 0)->name, "u") == 0 &&
	      strcmp(model_tensor(model, 2)->name, "d") == 0);
	double x[2];
	const struct model_tensor *t = model_find(model, "z");
	CHECK(t && t->rank == 2 && t->shape[1] == 2 && model_read_double(model, t, x) == 0);
	CHECK_CLOSE(x[0], 1.5, 0);
	CHECK_CLOSE(x[1], -2, 0);
	CHECK(model_read_part(model, t, 1, 1, x) == 0);
	CHECK_CLOSE(x[0], -2, 0);
	CHECK(model_read_part(model, t, 2, 0, x) == 0 && model_read_part(model, t, 1, 2, x) == -1);
	CHECK(model_read_part(model, t, SIZE_MAX, 2, x) == -1);
	CHECK(model_read_double(model, model_find(model, "u"), x) == 0);
	CHECK_CLOSE(x[0], 1, 0);
	CHECK(model_read_double(model, model_find(model, "d"), x) == 0);
	CHECK_CLOSE(x[0], 1.0 / 3, 0);
	CHECK(!model_find(model, "q") && strstr(err_reason(), "no tensor q"));
	const char *key, *value;
	CHECK(strcmp(model_meta(model, "k"), "v") == 0 && !model_meta(model, "q"));
	CHECK(model_meta_pair(model, 0, &key, &value) && strcmp(key, "a") == 0 &&
	      strcmp(value, "\xc3\xa9") == 0);
	CHECK(model_meta_pair(model, 1, &key, &value) && !model_meta_pair(model, 2, &key, &value));
	model_close(model);
	/* the file shrinks after it was opened */
	const char large[] = ENTRY("F32", "[100000]", "[0,400000]");
	file_of(0, large, sizeof large - 1, NULL, 0);
	CHECK(truncate(path, 8 + sizeof large - 1 + 400000) == 0);
	static double many[100000];
	model = model_open(path);
	CHECK(model && model_read_double(model, model_tensor(model, 0), many) == 0);
	CHECK(truncate(path, 8 + sizeof large - 1 + 399996) == 0);
	CHECK(model_read_double(model, model_tensor(model, 0), many) == -1);
	CHECK(strstr(err_reason(), "cut off: got 399996 of 400000 bytes"));
	model_close(model);
}

static bool reads(const char *dtype, const void *raw, size_t size, size_t n, const double *expected)
{
	char text[256];
	double x[16];
	snprintf(text, sizeof text,
	    "{\"a\":{\"dtype\":\"%s\",\"shape\":[%zu],\"data_offsets\":[0,%zu]}}", dtype, n,
	    n * size);
	file_of(0, text, strlen(text), raw, n * size);
	struct model *model = model_open(path);
	if (!model)
		return false;
	const struct model_tensor *t = model_tensor(model, 0);
	bool good = model_read_double(model, t, x) == 0;
	for (size_t i = 0; good && i < n; i++) {
		good = isnan(expected[i]) ? isnan(x[i])
					  : memcmp(&x[i], &expected[i], sizeof x[i]) == 0;
		if (!good)
			printf("# %s %zu: %.17g, expected %.17g\n", dtype, i, x[i], expected[i]);
	}
	model_close(model);
	return good;
}

static void dtypes(void)
{
	const uint16_t f16[] = {0x3c00, 0x7bff, 0x0400, 0x0001, 0x8000, 0xfc00, 0x7e01, 0x3555};
	CHECK(reads("F16", f16, 2, 8,
	    (double[]){1, 65504, 0x1p-14, 0x1p-24, -0.0, -INFINITY, (double)NAN, 1365.0 / 4096}));
	const uint16_t bf16[] = {0x3f80, 0xc049, 0x0001, 0x7f7f, 0xff80, 0x7fc0, 0x8000};
	CHECK(reads("BF16", bf16, 2, 7,
	    (double[]){1, -3.140625, 0x1p-133, 0x1.fep127, -INFINITY, (double)NAN, -0.0}));
	CHECK(reads("I8", (int8_t[]){-128, 127, -1}, 1, 3, (double[]){-128, 127, -1}));
	CHECK(reads("U8", (uint8_t[]){128, 255}, 1, 2, (double[]){128, 255}));
	CHECK(reads("I16", (int16_t[]){INT16_MIN, 5}, 2, 2, (double[]){-32768, 5}));
	CHECK(reads("U16", (uint16_t[]){65535}, 2, 1, (double[]){65535}));
	CHECK(reads("I32", (int32_t[]){INT32_MIN, 5}, 4, 2, (double[]){-2147483648.0, 5}));
	CHECK(reads("U32", (uint32_t[]){UINT32_MAX}, 4, 1, (double[]){4294967295}));
	CHECK(reads("I64", (int64_t[]){INT64_MIN, -7}, 8, 2, (double[]){-0x1p63, -7}));
	CHECK(reads("U64", (uint64_t[]){UINT64_MAX}, 8, 1, (double[]){0x1p64}));
	CHECK(reads("F32", (float[]){-0.0f, INFINITY}, 4, 2, (double[]){-0.0, INFINITY}));
	CHECK(reads("F64", (double[]){1e300}, 8, 1, (double[]){1e300}));
	/* every other dtype of the format is listed and not read */
	static const char *const others[] = {
	    "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"};
	for (size_t i = 0; i < 5; i++) {
		char text[256];
		double x;
		snprintf(text, sizeof text,
		    "{\"a\":{\"dtype\":\"%s\",\"shape\":[1],\"data_offsets\":[0,1]}}", others[i]);
		file_of(0, text, strlen(text), zeros, 1);
		struct model *model = model_open(path);
		CHECK(model && model_read_double(model, model_tensor(model, 0), &x) == -1 &&
		      strstr(err_reason(), others[i]));
		model_close(model);
	}
	CHECK(opens(ENTRY("C64", "[1]", "[0,8]"), 8, NULL));
}

static size_t written(unsigned char *bytes, size_t size)
{
	FILE *f = fopen(path, "rb");
	size = fread(bytes, 1, size, f);
	fclose(f);
	return size;
}

static struct model_out *example(bool backwards)
{
	static const float a[2] = {1, 2}, b[1] = {3};
	const size_t shape[] = {1, 2};
	struct model_out *out = model_create();
	for (int i = 0; i < 2; i++) {
		if ((i == 0) != backwards) {
			CHECK(model_add(out, "b.weight", 2, shape, a) == 0);
			CHECK(model_add_meta(out, "seed", "1") == 0);
		} else {
			CHECK(model_add(out, "a", 0, NULL, b) == 0);
			CHECK(model_add_meta(out, "epochs", "20") == 0);
		}
	}
	return out;
}

static void writing(void)
{
	static unsigned char first[4096], second[4096];
	CHECK(model_write(example(false), path) == 0);
	size_t size = written(first, sizeof first);
	CHECK(model_write(example(true), path) == 0);
	CHECK(written(second, sizeof second) == size && memcmp(first, second, size) == 0);
	/* the header: padded by blanks to 8 bytes, metadata first with sorted keys, tensors by name */
	size_t length = first[0] | (size_t)first[1] << 8;
	CHECK(length % 8 == 0 && size == 8 + length + 12);
	const char expected[] =
	    "{\"__metadata__\":{\"epochs\":\"20\",\"seed\":\"1\"},"
	    "\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},"
	    "\"b.weight\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[4,12]}}";
	CHECK(length - (sizeof expected - 1) < 8 &&
	      memcmp(first + 8, expected, sizeof expected - 1) == 0);
	CHECK(memcmp(first + 8 + length, (float[]){3, 1, 2}, 12) == 0);
	struct model *model = model_open(path);
	CHECK(model && model_count(model) == 2 && strcmp(model_meta(model, "epochs"), "20") == 0);
	model_close(model);

	/* what cannot be a model */
	const float x = 1;
	unlink(path);
	struct model_out *out = model_create();
	CHECK(model_add(out, "a", 0, NULL, &x) == 0 && model_add(out, "a", 0, NULL, &x) == 0);
	CHECK(model_write(out, path) == -1 && access(path, F_OK) < 0);
	out = model_create();
	CHECK(model_add(out, "__metadata__", 0, NULL, &x) == -1);
	CHECK(model_add_meta(out, "k", "\xff") == -1 && strstr(err_reason(), "UTF-8"));
	CHECK(model_add(out, "a", 9, (size_t[9]){0}, &x) == -1);
	CHECK(model_add(out, "a", 2, (size_t[]){SIZE_MAX / 2, 4}, &x) == -1);
	model_discard(out);
	out = model_create();
	CHECK(model_add(out, "a\xff", 0, NULL, &x) == 0 && model_write(out, path) == -1);
	/* a header that no reader of ours would take */
	static char large[MODEL_HEADER_MAX + 1];
	memset(large, 'x', MODEL_HEADER_MAX);
	out = model_create();
	CHECK(model_add_meta(out, "k", large) == 0 && model_write(out, path) == -1 &&
	      access(path, F_OK) < 0);
	/* an empty model is a model */
	CHECK(model_write(model_create(), path) == 0);
	model = model_open(path);
	CHECK(model && model_count(model) == 0);
	model_close(model);
}

int main(void)
{
	int descriptor = mkstemp(path);
	if (descriptor < 0)
		return 1;
	close(descriptor);
	checks();
	values();
	dtypes();
	writing();
	unlink(path);
	return check_end();
}
