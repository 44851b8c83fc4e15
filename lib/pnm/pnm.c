/* The only place that knows libnetpbm: see pnm.h. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <netpbm/pam.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/output.h"
#include "base/spool.h"
#include "pnm/convert.h"
#include "pnm/pnm.h"

struct pnm_in {
	FILE *file;
	char *name;
	struct pam pam;
	tuple *tuples; /* one row */
	size_t images; /* begun */
	size_t row;    /* next to be read */
};

struct pnm_out {
	struct output *output;
	FILE *
	    pnm; /* what libnetpbm writes: the output's stream, or for PNG a file that is converted at the end */
	size_t images; /* begun */
	struct pam pam;
	struct pnm_header header;
	tuple *tuples;
	size_t row; /* next to be written */
};

/* libnetpbm reports a failure by a message and a jump; both are process-wide */
static char last_message[512];

static void keep_message(const char *message)
{
	size_t length = strlen(message);
	if (length >= sizeof last_message)
		length = sizeof last_message - 1;
	memcpy(last_message, message, length);
	while (length > 0 && strchr(" \t\n.", message[length - 1]))
		length--;
	last_message[length] = '\0';
	for (char *newline = last_message; (newline = strchr(newline, '\n'));)
		*newline = ' ';
}

static void drop_message(const char *message)
{
	(void)message;
}

static void start_library(void)
{
	static bool started;
	if (started)
		return;
	started = true;
	pm_init("v1pipe", 0);
	pm_setusererrormsgfn(keep_message);
	pm_setusermessagefn(drop_message);
}

/* Call step(argument). If libnetpbm gives up inside it, return -1 with its message as reason.
 * After a failure the variables that step changes are only freed, so the jump leaves none of them
 * indeterminate. */
static int guarded(void (*step)(void *), void *argument)
{
	jmp_buf here;
	last_message[0] = '\0';
	if (setjmp(here) != 0) {
		pm_setjmpbuf(NULL);
		return err_set("%s", last_message[0] ? last_message : "not a PNM image");
	}
	pm_setjmpbuf(&here);
	step(argument);
	pm_setjmpbuf(NULL);
	return 0;
}

/* ---- reading ---- */

struct pnm_in *pnm_open(const char *path)
{
	start_library();
	struct pnm_in *in = calloc(1, sizeof *in);
	bool standard = strcmp(path, "-") == 0;
	char *name = mem_text("%s", standard ? "standard input" : path);
	struct stat status;
	if (!in || !name) {
		err_set("memory: no room for a file");
		goto fail;
	}
	in->name = name;
	in->file = standard ? stdin : fopen(path, "rb");
	if (!in->file) {
		err_errno("%s", name);
		goto fail;
	}
	if (fstat(fileno(in->file), &status) == 0 && S_ISDIR(status.st_mode)) {
		errno = EISDIR;
		err_errno("%s", name);
		if (!standard)
			fclose(in->file);
		goto fail;
	}
	in->file = pnm_decode(in->file);
	if (!in->file) {
		err_context("%s", name);
		goto fail;
	}
	return in;
fail:
	free(name);
	free(in);
	return NULL;
}

void pnm_close_in(struct pnm_in *in)
{
	if (!in)
		return;
	if (in->file != stdin)
		fclose(in->file);
	free(in->tuples);
	free(in->name);
	free(in);
}

size_t pnm_number(const struct pnm_in *in)
{
	return in->images - 1;
}

/* PAM_STRUCT_SIZE(raster_pos), which goes through a null pointer */
#define PAM_SIZE (offsetof(struct pam, raster_pos) + sizeof((struct pam *)NULL)->raster_pos)

static void step_to_next(void *argument)
{
	struct pnm_in *in = argument;
	int end;
	pm_nextimage(in->file, &end);
	in->pam.size = end ? 0 : sizeof in->pam; /* 0 marks the end */
}

static void step_header(void *argument)
{
	struct pnm_in *in = argument;
	pnm_readpaminit(in->file, &in->pam, PAM_SIZE);
}

static void step_read_row(void *argument)
{
	struct pnm_in *in = argument;
	pnm_readpamrow(&in->pam, in->tuples);
}

/* A row of tuples in one block, freed with free(): pnm_allocpamrow's layout, with the sizes checked by us. */
static tuple *tuple_row(size_t w, size_t depth)
{
	size_t samples, numbers, pointers;
	if (mem_multiply(w, depth, &samples) < 0 ||
	    mem_multiply(samples, sizeof(sample), &numbers) < 0 ||
	    mem_multiply(w, sizeof(tuple), &pointers) < 0)
		return NULL;
	tuple *row = mem_alloc(1, pointers + numbers);
	if (!row)
		return NULL;
	sample *first = (sample *)(row + w);
	for (size_t i = 0; i < w; i++)
		row[i] = first + i * depth;
	return row;
}

/* Planes of brightness in an image of this depth; 0 if they cannot be told. */
static size_t channels(const struct pam *pam)
{
	if (pam->depth == 1 || pam->depth == 3)
		return pam->depth;
	if (pam->depth == 2 && strcmp(pam->tuple_type, "BLACKANDWHITE_ALPHA") == 0)
		return 1;
	if (pam->visual && pam->have_opacity && pam->depth == pam->color_depth + 1)
		return pam->color_depth;
	return 0;
}

/* Whether the header that was just read ended in CR LF: one byte ends it, so the LF would be the first pixel. Of a pipe it cannot be
 * told. */
static bool ends_in_crlf(FILE *file)
{
	off_t at = ftello(file);
	if (at < 1 || fseeko(file, at - 1, SEEK_SET) < 0)
		return false;
	bool crlf = getc(file) == '\r' && getc(file) == '\n';
	return fseeko(file, at, SEEK_SET) < 0 || crlf;
}

static int read_header(struct pnm_in *in, struct pnm_header *header)
{
	if (guarded(step_to_next, in) < 0)
		return -1;
	if (in->pam.size == 0)
		return in->images ? 0 : err_set("no image");
	memset(&in->pam, 0, sizeof in->pam);
	if (guarded(step_header, in) < 0)
		return -1;
	const struct pam *pam = &in->pam;
	if (pam->height <= 0 || pam->width <= 0)
		return err_set("it has no pixels");
	size_t h = (size_t)pam->height, w = (size_t)pam->width;
	if (h > PNM_SIDE_MAX || w > PNM_SIDE_MAX || h * w > PNM_PIXELS_MAX)
		return err_set(
		    "%zu rows of %zu pixels are more than the %zu pixels an image may have", h, w,
		    PNM_PIXELS_MAX);
	size_t c = channels(pam);
	if (c == 0)
		return err_set("PAM of depth %u and type '%.40s' is neither grey nor RGB",
		    pam->depth, pam->tuple_type);
	in->row = 0;
	in->tuples = tuple_row(w, pam->depth);
	if (!in->tuples)
		return -1;
	int type = PAM_FORMAT_TYPE(pam->format);
	*header = (struct pnm_header){
	    .h = h,
	    .w = w,
	    .c = c,
	    .maxval = (unsigned)pam->maxval,
	    .kind = type == PAM_TYPE   ? PNM_PAM
		    : type == PPM_TYPE ? PNM_PPM
		    : type == PGM_TYPE ? PNM_PGM
				       : PNM_PBM,
	    .plain =
		pam->format == PBM_FORMAT || pam->format == PGM_FORMAT || pam->format == PPM_FORMAT,
	};
	if (!header->plain && header->kind != PNM_PAM && ends_in_crlf(in->file))
		return err_set("its header ends in CR LF, which would shift the pixels by a byte; "
			       "write it with LF alone");
	return 1;
}

static int read_tuples(struct pnm_in *in)
{
	if (guarded(step_read_row, in) < 0) {
		err_context("row %zu of %d", in->row, in->pam.height);
		return err_context("%s: image %zu", in->name, in->images - 1);
	}
	in->row++;
	return 0;
}

int pnm_next(struct pnm_in *in, struct pnm_header *header)
{
	if (in->images > 0) {
		while (in->row < (size_t)in->pam.height) {
			if (read_tuples(in) < 0)
				return -1;
		}
	}
	free(in->tuples);
	in->tuples = NULL;
	int status = read_header(in, header);
	if (status < 0)
		return err_context("%s: image %zu", in->name, in->images);
	in->images += (size_t)status;
	return status;
}

int pnm_read_row(struct pnm_in *in, float *row)
{
	if (read_tuples(in) < 0)
		return -1;
	size_t w = (size_t)in->pam.width, c = channels(&in->pam);
	float maxval = (float)in->pam.maxval;
	for (size_t k = 0; k < c; k++) {
		for (size_t i = 0; i < w; i++)
			row[k * w + i] = (float)(in->tuples[i][k] * 255) / maxval;
	}
	return 0;
}

/* ---- writing ---- */

struct pnm_out *pnm_create(const char *path)
{
	static const char *const others[] = {
	    ".jpg", ".jpeg", ".gif", ".tif", ".tiff", ".bmp", ".webp", ".svg", ".pdf", ".eps"};
	start_library();
	struct pnm_out *out = calloc(1, sizeof *out);
	if (!out) {
		err_set("memory: no room for a file");
		return NULL;
	}
	const char *dot = path ? strrchr(path, '.') : NULL;
	for (size_t i = 0; dot && i < sizeof others / sizeof *others; i++) {
		if (strcasecmp(dot, others[i]) == 0) {
			err_set("%s: PNM and PNG are written; netpbm's and other programs make "
				"other formats of "
				"them",
			    path);
			free(out);
			return NULL;
		}
	}
	out->output = output_open(path, true);
	bool png = dot && strcasecmp(dot, ".png") == 0;
	out->pnm = !out->output ? NULL : png ? spool_open() : output_stream(out->output);
	if (!out->pnm) {
		output_abandon(out->output);
		free(out);
		return NULL;
	}
	return out;
}

static int incomplete(const struct pnm_out *out)
{
	if (out->row < out->header.h)
		return err_set("%s: an image has %zu of %zu rows", output_name(out->output),
		    out->row, out->header.h);
	return 0;
}

static void step_write_header(void *argument)
{
	struct pnm_out *out = argument;
	pnm_writepaminit(&out->pam);
}

static void step_write_row(void *argument)
{
	struct pnm_out *out = argument;
	pnm_writepamrow(&out->pam, out->tuples);
}

/* libnetpbm says that a write failed, errno says why */
static int write_guarded(struct pnm_out *out, void (*step)(void *))
{
	errno = 0;
	if (guarded(step, out) == 0)
		return 0;
	if (ferror(out->pnm) && errno)
		return err_errno("%s", output_name(out->output));
	return err_context("%s", output_name(out->output));
}

int pnm_begin(struct pnm_out *out, const struct pnm_header *header)
{
	static const int formats[] = {PBM_FORMAT, PGM_FORMAT, PPM_FORMAT, PAM_FORMAT};
	if (incomplete(out) < 0)
		return -1;
	if (out->pnm != output_stream(out->output) && out->images++ > 0)
		return err_set(
		    "%s: a PNG file holds one picture, this stream makes several; PNM holds all",
		    output_name(out->output));
	size_t h = header->h, w = header->w, c = header->c;
	if (h == 0 || w == 0 || h > PNM_SIDE_MAX || w > PNM_SIDE_MAX || h * w > PNM_PIXELS_MAX)
		return err_set("%s: an image of %zu rows and %zu columns cannot be written",
		    output_name(out->output), h, w);
	if ((c != 1 && c != 3) || (header->kind == PNM_PPM && c != 3) ||
	    (header->kind < PNM_PPM && c != 1) || header->maxval < 1 || header->maxval > 65535 ||
	    (header->kind == PNM_PBM && header->maxval != 1))
		return err_set("%s: no such kind of image", output_name(out->output));
	free(out->tuples);
	out->tuples = tuple_row(w, c);
	if (!out->tuples)
		return -1;
	out->header = *header;
	out->row = 0;
	out->pam = (struct pam){
	    .size = sizeof out->pam,
	    .len = PAM_SIZE,
	    .file = out->pnm,
	    .format = formats[header->kind],
	    .plainformat = header->plain,
	    .height = (int)h,
	    .width = (int)w,
	    .depth = (unsigned)c,
	    .maxval = header->maxval,
	    .bytes_per_sample = header->maxval > 255 ? 2 : 1,
	};
	strcpy(out->pam.tuple_type, c == 3 ? PAM_PPM_TUPLETYPE : PAM_PGM_TUPLETYPE);
	return write_guarded(out, step_write_header);
}

int pnm_write_row(struct pnm_out *out, const float *row)
{
	const struct pnm_header *header = &out->header;
	if (out->row >= header->h)
		return err_set(
		    "%s: an image of %zu rows gets one more", output_name(out->output), header->h);
	double maxval = (double)header->maxval;
	for (size_t k = 0; k < header->c; k++) {
		for (size_t i = 0; i < header->w; i++) {
			double value = (double)row[k * header->w + i] * maxval / 255;
			value = value > 0 ? fmin(value, maxval) : 0;
			out->tuples[i][k] = (sample)rint(value);
		}
	}
	out->row++;
	return write_guarded(out, step_write_row);
}

int pnm_close(struct pnm_out *out)
{
	if (incomplete(out) < 0) {
		pnm_abandon(out);
		return -1;
	}
	static char *const png[] = {"pnmtopng", NULL};
	bool convert = out->pnm != output_stream(out->output);
	if (convert &&
	    (fflush(out->pnm) != 0 ? err_errno("%s", spool_name())
				   : pnm_convert(png, out->pnm, output_stream(out->output))) != 0) {
		err_context("%s", output_name(out->output));
		pnm_abandon(out);
		return -1;
	}
	int status = output_close(out->output);
	if (convert)
		fclose(out->pnm);
	free(out->tuples);
	free(out);
	return status;
}

void pnm_abandon(struct pnm_out *out)
{
	if (!out)
		return;
	if (out->pnm != output_stream(out->output))
		fclose(out->pnm);
	output_abandon(out->output);
	free(out->tuples);
	free(out);
}
