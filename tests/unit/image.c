/* Diverging colours, PNM: properties that hold for any picture. */
#include <stdint.h>
#include <unistd.h>
#include "check.h"
#include "image/colours.h"
#include "pnm/pnm.h"

/* sRGB 0..255 to CIELAB, the other way round than colours.c does it */
static void to_lab(const double rgb[3], double lab[3])
{
	double linear[3], f[3];
	for (int i = 0; i < 3; i++) {
		double x = rgb[i] / 255;
		linear[i] = x <= 0.04045 ? x / 12.92 : pow((x + 0.055) / 1.055, 2.4);
	}
	const double m[3][3] = {{0.4124564, 0.3575761, 0.1804375},
	    {0.2126729, 0.7151522, 0.0721750}, {0.0193339, 0.1191920, 0.9503041}};
	const double white[3] = {0.95047, 1, 1.08883};
	for (int i = 0; i < 3; i++) {
		double t =
		    (m[i][0] * linear[0] + m[i][1] * linear[1] + m[i][2] * linear[2]) / white[i];
		f[i] = t > 216.0 / 24389 ? cbrt(t) : t * 841 / 108 + 4.0 / 29;
	}
	lab[0] = 116 * f[1] - 16;
	lab[1] = 500 * (f[0] - f[1]);
	lab[2] = 200 * (f[1] - f[2]);
}

static void colours(void)
{
	double rgb[3], lab[3], before[3], worst = 0, outside = 0, uneven = 0;
	colours_diverging(0, rgb);
	to_lab(rgb, lab);
	CHECK_CLOSE(lab[0], 97, 0.01);
	CHECK_CLOSE(hypot(lab[1], lab[2]), 0, 0.05);
	colours_diverging(1, rgb);
	CHECK(rgb[0] > 1.5 * rgb[2]); /* red above */
	colours_diverging(-1, rgb);
	CHECK(rgb[2] > 1.5 * rgb[0]); /* blue below */
	for (int sign = -1; sign <= 1; sign += 2) {
		colours_diverging(0, rgb);
		to_lab(rgb, before);
		for (int i = 1; i <= 100; i++) {
			colours_diverging(sign * i / 100.0, rgb);
			to_lab(rgb, lab);
			worst = check_largest(worst, fabs(lab[0] - (97 - 0.59 * i)));
			/* a clipped channel would leave the straight line */
			double step = sqrt((lab[0] - before[0]) * (lab[0] - before[0]) +
					   (lab[1] - before[1]) * (lab[1] - before[1]) +
					   (lab[2] - before[2]) * (lab[2] - before[2]));
			uneven = check_largest(uneven, fabs(step - 0.01 * hypot(59, 56)));
			for (int k = 0; k < 3; k++)
				outside += rgb[k] < 0 || rgb[k] > 255;
			memcpy(before, lab, sizeof lab);
		}
	}
	CHECK(worst < 0.02);
	CHECK(uneven < 0.02);
	CHECK(outside <= 0);
	double beyond[3];
	colours_diverging(1, rgb);
	colours_diverging(7, beyond);
	CHECK(memcmp(rgb, beyond, sizeof rgb) == 0);
	colours_diverging(0, rgb);
	colours_diverging((double)NAN, beyond);
	CHECK(memcmp(rgb, beyond, sizeof rgb) == 0);
}

static char path[] = "/tmp/v1pipe-unit-image.XXXXXX";

/* Every kind, plain and raw, and every maxval gives back what was written; two images in a file. */
static void pnm(void)
{
	static const unsigned maxvals[] = {1, 2, 100, 254, 255, 256, 1000, 32767, 65535};
	unsigned wrong = 0;
	for (size_t k = 0; k < 2 * 4 * 9 * 2; k++) {
		struct pnm_header header = {.h = 3,
		    .w = 11,
		    .c = 1,
		    .maxval = maxvals[k / 8 % 9],
		    .kind = (enum pnm_kind)(k / 2 % 4),
		    .plain = k % 2};
		struct pnm_header got = {0};
		if (header.kind == PNM_PBM)
			header.maxval = 1;
		if (header.kind == PNM_PPM || (header.kind == PNM_PAM && k / 72))
			header.c = 3;
		if (header.kind == PNM_PAM)
			header.plain = false;
		float x[3][33], y[33];
		uint32_t state = (uint32_t)k;
		for (size_t i = 0; i < 3 * 33; i++) {
			state = state * 1664525u + 1013904223u;
			x[i / 33][i % 33] =
			    (float)(state >> 8) / 0x1p24f * ((float)header.maxval + 1);
			x[i / 33][i % 33] = floorf(x[i / 33][i % 33]) * 255 / (float)header.maxval;
		}
		struct pnm_out *out = pnm_create(path);
		/* plain images cannot be followed by another on the same line in all readers; ours takes both */
		for (size_t image = 0; image < 2; image++) {
			wrong += pnm_begin(out, &header) < 0;
			for (size_t i = 0; i < 3; i++)
				wrong += pnm_write_row(out, x[i]) < 0;
		}
		wrong += pnm_close(out) < 0;
		struct pnm_in *in = pnm_open(path);
		for (size_t image = 0; image < 2; image++) {
			wrong += pnm_next(in, &got) != 1 || got.h != 3 || got.w != 11 ||
				 got.c != header.c || got.maxval != header.maxval ||
				 got.kind != header.kind || got.plain != header.plain;
			for (size_t i = 0; i < 3; i++)
				wrong += pnm_read_row(in, y) < 0 ||
					 memcmp(y, x[i], header.c * 11 * sizeof *y) != 0;
		}
		wrong += pnm_next(in, &got) != 0;
		pnm_close_in(in);
		if (wrong) {
			printf("# kind %d plain %d maxval %u: %s\n", header.kind, header.plain,
			    header.maxval, err_reason());
			break;
		}
	}
	CHECK(wrong == 0);

	/* rounding and clipping; what is not whole is not left behind */
	struct pnm_header header = {.h = 1, .w = 5, .c = 1, .maxval = 255, .kind = PNM_PGM};
	struct pnm_out *out = pnm_create(path);
	float x[5] = {-3, 0.4f, 254.6f, 300, NAN}, y[5];
	CHECK(pnm_begin(out, &header) == 0 && pnm_write_row(out, x) == 0);
	CHECK(pnm_write_row(out, x) == -1 && pnm_close(out) == 0);
	struct pnm_in *in = pnm_open(path);
	CHECK(pnm_next(in, &header) == 1 && pnm_read_row(in, y) == 0);
	const float expected[5] = {0, 0, 255, 255, 0};
	CHECK(memcmp(y, expected, sizeof y) == 0);
	pnm_close_in(in);
	unlink(path);
	out = pnm_create(path);
	CHECK(pnm_begin(out, &header) == 0 && pnm_close(out) == -1 && access(path, F_OK) < 0);
	out = pnm_create(path);
	header.kind = PNM_PPM;
	CHECK(pnm_begin(out, &header) == -1);
	header.kind = PNM_PGM;
	header.maxval = 65536;
	CHECK(pnm_begin(out, &header) == -1);
	header.maxval = 255;
	header.w = 0;
	CHECK(pnm_begin(out, &header) == -1);
	header.w = PNM_SIDE_MAX + 1;
	CHECK(pnm_begin(out, &header) == -1);
	pnm_abandon(out);
}

int main(void)
{
	int descriptor = mkstemp(path);
	if (descriptor < 0)
		return 1;
	close(descriptor);
	TEST(colours, "diverging colours are a straight line in CIELAB, lightness falling alike to "
		      "both sides");
	TEST(pnm, "every kind and maximum value of PNM gives back what was written; nothing "
		  "unfinished is left");
	unlink(path);
	return check_end();
}
