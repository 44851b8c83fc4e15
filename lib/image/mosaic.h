/*
 * A record of tiles as one picture: tiles side by side in rows, gaps between them, each value a
 * square of pixels. A scale, common to all tiles or one for each, turns values into brightness
 * 0..255.
 */
#ifndef IMAGE_MOSAIC_H
#define IMAGE_MOSAIC_H

#include <stdbool.h>
#include <stddef.h>

struct mosaic_style {
	bool per_tile;  /* each tile its own scale */
	bool diverging; /* colours with zero in the middle, instead of grey */
	bool fixed;     /* low and high are given */
	double low, high;
	double
	    clip; /* share of the values that may lie outside a scale taken from the data, 0..1 */
	size_t columns; /* tiles per row; 0: about as wide as high */
	size_t gap;     /* pixels between tiles */
	size_t zoom;    /* side of the square that stands for a value, >= 1 */
};

struct mosaic {
	struct mosaic_style style;
	size_t tiles, c, h, w; /* c: 1, or 3 for tiles in colour */
	size_t columns, rows;
	size_t height, width, planes; /* of the picture; planes: 1 grey, 3 colour */
	const float *x;               /* (tiles, c, h, w) */
	double *low, *high;           /* (tiles) */
};

/* Lay out the picture and find the scales. If the data set a scale, it is [-m, m] if a value is
 * negative or the colours diverge (zero in the middle), else [least, largest]. The share `clip` of
 * the values is ignored for this: those farthest from zero, or half of it at each end. x must live as
 * long as the mosaic. 0 or -1; free with mosaic_free. */
int mosaic_make(struct mosaic *mosaic, const struct mosaic_style *style, const float *x,
    size_t tiles, size_t c, size_t h, size_t w) __attribute__((warn_unused_result));

/* Row i of the picture: planes (planes, width) of 0..255. Gaps, and places of the last row without
 * a tile, are white, or black among diverging colours. */
void mosaic_row(const struct mosaic *mosaic, size_t i, float *row);

void mosaic_free(struct mosaic *mosaic);

#endif
