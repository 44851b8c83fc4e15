/* Readers of foreign bytes on damaged input: whatever comes, they give an answer and no crash. Under SAN=1 this finds
 * what a valid file never shows. Damage is drawn from the suite's own generator, so a failure can be repeated. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "check.h"
#include "base/random.h"
#include "npys/batch.h"
#include "pnm/pnm.h"
#include "table/table.h"
#include "tensor/slice.h"
#include "tensor/summary.h"
#include "tensor/tensors.h"

#define ROUNDS 400

static char path[] = "/tmp/v1pipe-unit-mutate.XXXXXX";
static unsigned char seed_bytes[4096], bytes[8192];
static size_t seed_size, size;

static void store(void)
{
	FILE *f = fopen(path, "wb");
	if (!f || fwrite(bytes, 1, size, f) != size || fclose(f))
		abort();
}

/* One to four changes: a bit, a byte, a digit, a cut, a repeated or removed stretch. */
static void damage(uint64_t round)
{
	struct rng rng = rng_start(1, RNG_TEST, 0, round);
	memcpy(bytes, seed_bytes, seed_size);
	size = seed_size;
	for (uint32_t changes = 1 + rng_below(&rng, 4); changes > 0 && size > 0; changes--) {
		size_t at = rng_below(&rng, (uint32_t)size), n = 1 + rng_below(&rng, 16);
		n = n < size - at ? n : size - at;
		switch (rng_below(&rng, 6)) {
		case 0:
			bytes[at] ^= (unsigned char)(1u << rng_below(&rng, 8));
			break;
		case 1:
			bytes[at] = (unsigned char)rng_below(&rng, 256);
			break;
		case 2:
			bytes[at] = (unsigned char)"0123456789-,:()[]{}' \""[rng_below(&rng, 22)];
			break;
		case 3:
			size = at;
			break;
		case 4:
			if (size + n <= sizeof bytes) {
				memmove(bytes + at + n, bytes + at, size - at);
				size += n;
			}
			break;
		default:
			memmove(bytes + at, bytes + at + n, size - at - n);
			size -= n;
		}
	}
}

static void seed_from_file(void)
{
	FILE *f = fopen(path, "rb");
	seed_size = fread(seed_bytes, 1, sizeof seed_bytes, f);
	fclose(f);
}

/* Every tensor of the file: read if it is small. -1 on an error. */
static int read_tensors(void)
{
	static double x[4096];
	struct tensor tensor;
	struct tensors *in = tensors_open(path);
	int status = in ? 1 : -1;
	while (status > 0 && (status = tensors_next(in, &tensor)) > 0) {
		struct summary summary = summary_start();
		if (tensor.readable && tensor.header.elements <= 4096) {
			status = tensors_read(in, x, tensor.header.items) < 0 ? -1 : 1;
			if (status > 0)
				summary_add(&summary, x, tensor.header.elements);
		}
	}
	tensors_close(in);
	return status;
}

static int read_batches(void)
{
	static float x[4096];
	struct batch batch = {0};
	int64_t y[4096];
	struct npys_in *in = npys_open_file(path);
	int status;
	while ((status = batch_next(in, &batch)) > 0) {
		if (batch.header.elements > 4096)
			continue;
		status = batch.labels ? batch_read_labels(in, &batch, y)
				      : batch_read(in, &batch, x, batch.n);
		if (status < 0)
			break;
	}
	npys_close_in(in);
	return status;
}

static int read_images(void)
{
	struct pnm_header header;
	struct pnm_in *in = pnm_open(path);
	int status;
	while ((status = pnm_next(in, &header)) > 0) {
		float *row = malloc(header.w * header.c * sizeof *row);
		for (size_t i = 0; row && i < header.h && status >= 0; i++)
			status = pnm_read_row(in, row);
		free(row);
		if (status < 0)
			break;
	}
	pnm_close_in(in);
	return status;
}

static int read_table(void)
{
	struct table table;
	double x[4096];
	int status = table_read(path, &table);
	if (status == 0) {
		for (size_t i = 0; i < table.columns && table.rows <= 4096; i++)
			status |= table_reals(&table, table.names[i], x);
		table_free(&table);
	}
	return status;
}

/* The undamaged file is read; damaged ones are read or refused with a reason. */
static void attack(const char *name, int (*read_all)(void))
{
	unsigned refused = 0, mute = 0;
	CHECK(read_all() == 0);
	for (uint64_t round = 0; round < ROUNDS; round++) {
		damage(round);
		store();
		err_set("%s", "");
		if (read_all() < 0) {
			refused++;
			mute += !err_reason()[0];
		}
	}
	printf("# %s: %u of %d refused\n", name, refused, ROUNDS);
	CHECK(refused > ROUNDS / 10);
	CHECK(mute == 0);
}

static void write_npys(void)
{
	static const float x[24] = {1, 2, 3};
	struct npys_header h;
	struct npys_out *out = npys_create(path);
	CHECK(npys_put_float(out, 3, (size_t[]){4, 2, 3}, x) == 0);
	CHECK(npys_shape(&h, NPYS_U1, 1, (size_t[]){4}) == 0 && npys_begin(out, &h) == 0);
	CHECK(npys_write_int(out, (int64_t[]){0, 1, 2, 3}, 4) == 0);
	CHECK(npys_put_float(out, 2, (size_t[]){2, 3}, x) == 0 && npys_close(out) == 0);
	seed_from_file();
}

static void write_model(void)
{
	static const float x[24] = {1, 2, 3};
	struct model_out *out = model_create();
	CHECK(model_add(out, "v1.weight", 4, (size_t[]){2, 1, 3, 3}, x) == 0);
	CHECK(model_add(out, "rms", 1, (size_t[]){2}, x) == 0);
	CHECK(model_add_meta(out, "epochs", "20") == 0 && model_write(out, path) == 0);
	seed_from_file();
}

static void write_images(void)
{
	static const float row[15] = {0, 50, 255};
	static const struct pnm_header headers[] = {
	    {.h = 2, .w = 5, .c = 1, .maxval = 255, .kind = PNM_PGM},
	    {.h = 2, .w = 5, .c = 3, .maxval = 65535, .kind = PNM_PPM},
	    {.h = 2, .w = 5, .c = 3, .maxval = 255, .kind = PNM_PAM},
	    {.h = 2, .w = 5, .c = 1, .maxval = 1, .kind = PNM_PBM},
	    {.h = 2, .w = 5, .c = 3, .maxval = 100, .kind = PNM_PPM, .plain = true},
	};
	struct pnm_out *out = pnm_create(path);
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
		CHECK(pnm_begin(out, &headers[i]) == 0);
		CHECK(pnm_write_row(out, row) == 0 && pnm_write_row(out, row) == 0);
	}
	CHECK(pnm_close(out) == 0);
	seed_from_file();
}

static void write_table(void)
{
	struct table_out *out = table_create(path, "theta_deg sf_cpp reason");
	for (int i = 0; i < 3; i++) {
		table_int(out, i);
		table_real(out, 0.1 * i);
		table_real(out, (double)NAN);
	}
	CHECK(table_close(out) == 0);
	seed_from_file();
}

/* Slices of random text: refused, or a plan whose items add up. */
static void slices(void)
{
	struct npys_header h;
	unsigned planned = 0, wrong = 0;
	CHECK(npys_shape(&h, NPYS_I4, 3, (size_t[]){4, 3, 5}) == 0);
	for (uint64_t round = 0; round < 20000; round++) {
		struct rng rng = rng_start(2, RNG_TEST, 0, round);
		char text[12];
		int32_t item[15] = {0}, out[15];
		struct slice slice;
		struct slice_plan plan;
		size_t length = rng_below(&rng, sizeof text), numbers = 0;
		for (size_t i = 0; i < length; i++)
			text[i] = "0123:::,,-.. "[rng_below(&rng, 13)];
		text[length] = '\0';
		if (slice_parse(text, &slice) < 0 || slice_plan(&slice, &h, &plan) < 0)
			continue;
		planned++;
		for (size_t i = 0; i < h.items; i++)
			numbers += slice_takes(&plan, i) ? slice_item(&plan, item, out) : 0;
		wrong += numbers != plan.out.elements;
	}
	CHECK(planned > 500);
	CHECK(wrong == 0);
}

int main(void)
{
	int descriptor = mkstemp(path);
	if (descriptor < 0)
		return 1;
	close(descriptor);
	write_npys();
	attack("npys", read_tensors);
	write_npys();
	attack("batches", read_batches);
	write_model();
	attack("safetensors", read_tensors);
	write_images();
	attack("PNM", read_images);
	write_table();
	attack("table", read_table);
	slices();
	unlink(path);
	return check_end();
}
