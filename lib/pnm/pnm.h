/*
 * PNM and PAM images through libnetpbm: PBM, PGM, PPM (plain and raw) and PAM, any maxval, several images one after
 * the other in a file. A row at a time; what libnetpbm would print or exit for becomes a reason.
 *
 * Values are brightness in 0..255 whatever the maxval: sample * 255 / maxval in float, so samples of maxval 255 are
 * themselves and black and white of a bitmap are 0 and 255.
 */
#ifndef PNM_PNM_H
#define PNM_PNM_H

#include <stdbool.h>
#include <stddef.h>

#define PNM_SIDE_MAX ((size_t)1 << 20)   /* rows and columns */
#define PNM_PIXELS_MAX ((size_t)1 << 28) /* rows times columns */

enum pnm_kind { PNM_PBM, PNM_PGM, PNM_PPM, PNM_PAM };

struct pnm_header {
	size_t h, w, c;  /* c: 1 grey, 3 colour; an opacity plane is left out */
	unsigned maxval; /* 1..65535 */
	enum pnm_kind kind;
	bool plain;
};

struct pnm_in;
struct pnm_out;

/* Open a file ("-": standard input); JPEG and PNG go through Netpbm's programs first. NULL with a reason. */
struct pnm_in *pnm_open(const char *path) __attribute__((warn_unused_result));

/* The next image's header: 1, 0 at a clean end (white space is passed over), -1 with a reason ("file: image 2: ...").
 * Sizes beyond PNM_SIDE_MAX and PNM_PIXELS_MAX are refused here, before anything is allocated for them. Rows of the
 * current image that were not read are read and checked. An empty file is an error. */
int pnm_next(struct pnm_in *in, struct pnm_header *header) __attribute__((warn_unused_result));

/* The next row as planes (c, w). 0 or -1. */
int pnm_read_row(struct pnm_in *in, float *row) __attribute__((warn_unused_result));

/* Number of the current image from 0 within its file. */
size_t pnm_number(const struct pnm_in *in);
void pnm_close_in(struct pnm_in *in);

/* Write to a file (atomic), FIFO or standard output (NULL, "-"); a terminal is refused. A name that ends in .png gets PNG,
 * by pnmtopng, of one picture; other formats' names are refused. NULL with a reason. */
struct pnm_out *pnm_create(const char *path) __attribute__((warn_unused_result));

/* Begin an image; PBM needs maxval 1, PBM and PGM one channel, PPM three. 0 or -1. */
int pnm_begin(struct pnm_out *out, const struct pnm_header *header)
    __attribute__((warn_unused_result));

/* Append a row of planes (c, w): values are rounded to the nearest sample, those outside 0..255
 * are clipped, NaN is black. 0 or -1. */
int pnm_write_row(struct pnm_out *out, const float *row) __attribute__((warn_unused_result));

/* Check that the last image is whole and every write came through; rename; free. 0 or -1. */
int pnm_close(struct pnm_out *out) __attribute__((warn_unused_result));
void pnm_abandon(struct pnm_out *out);

#endif
