/* Tiles as one picture: see mosaic.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "image/colours.h"
#include "image/mosaic.h"

/* The value of rank k (from 0) of n; x is rearranged. Hoare's FIND (1961). */
static float ranked(float *x, size_t n, size_t k)
{
	size_t left = 0, right = n - 1;
	while (left < right) {
		float pivot = x[left + (right - left) / 2];
		size_t i = left, j = right;
		for (;;) {
			while (x[i] < pivot)
				i++;
			while (pivot < x[j])
				j--;
			if (i >= j)
				break;
			float swap = x[i];
			x[i++] = x[j];
			x[j--] = swap;
		}
		/* x[left..j] <= pivot <= x[j + 1..right], and both parts are smaller than the whole */
		if (k <= j)
			right = j;
		else
			left = j + 1;
	}
	return x[k];
}

/* The scale of n values, all finite; copy: room for them. */
static void find_scale(const struct mosaic_style *style, const float *x, size_t n, float *copy,
    double *low, double *high)
{
	bool negative = style->diverging;
	size_t off;
	for (size_t i = 0; i < n && !negative; i++)
		negative = x[i] < 0;
	for (size_t i = 0; i < n; i++)
		copy[i] = negative ? fabsf(x[i]) : x[i];
	/* if nearly all values are equal, the scale must still show the others */
	if (negative) {
		off = (size_t)(style->clip * (double)(n - 1));
		*high = (double)ranked(copy, n, n - 1 - off);
		if (!(*high > 0))
			*high = (double)ranked(copy, n, n - 1);
		*low = -*high;
	} else {
		off = (size_t)(style->clip / 2 * (double)(n - 1));
		*low = (double)ranked(copy, n, off);
		*high = (double)ranked(copy, n, n - 1 - off);
		if (!(*high > *low)) {
			*low = (double)ranked(copy, n, 0);
			*high = (double)ranked(copy, n, n - 1);
		}
	}
}

static int find_scales(struct mosaic *m, size_t tile)
{
	size_t scales = m->style.per_tile ? m->tiles : 1,
	       n = m->style.per_tile ? tile : m->tiles * tile;
	m->low = mem_alloc(m->tiles, sizeof *m->low);
	m->high = mem_alloc(m->tiles, sizeof *m->high);
	void *copy = NULL;
	if (!m->low || !m->high ||
	    (!m->style.fixed && mem_grow(&copy, &(size_t){0}, n, sizeof(float)) < 0))
		return -1;
	for (size_t i = 0; i < m->tiles; i++) {
		if (m->style.fixed) {
			m->low[i] = m->style.low;
			m->high[i] = m->style.high;
		} else if (i < scales) {
			find_scale(&m->style, m->x + i * n, n, copy, &m->low[i], &m->high[i]);
		} else {
			m->low[i] = m->low[0];
			m->high[i] = m->high[0];
		}
	}
	free(copy);
	return 0;
}

/* tiles * (side * zoom + gap) - gap */
static int picture_side(size_t tiles, size_t side, const struct mosaic_style *style, size_t *pixels)
{
	size_t step;
	if (mem_multiply(side, style->zoom, &step) < 0 ||
	    mem_multiply(tiles, step + style->gap, pixels) < 0)
		return -1;
	*pixels -= style->gap;
	return 0;
}

int mosaic_make(struct mosaic *m, const struct mosaic_style *style, const float *x, size_t tiles,
    size_t c, size_t h, size_t w)
{
	size_t tile;
	*m = (struct mosaic){.style = *style, .tiles = tiles, .c = c, .h = h, .w = w, .x = x};
	if (tiles == 0 || c == 0 || h == 0 || w == 0)
		return err_set("the record has no pixels");
	if (style->diverging && c == 3)
		return err_set("images in colour cannot be drawn in diverging colours");
	m->columns = style->columns;
	if (m->columns == 0) {
		double square = sqrt((double)tiles * (double)h / (double)w);
		m->columns = (size_t)ceil(square - 1e-9);
	}
	m->columns = m->columns < 1 ? 1 : m->columns > tiles ? tiles : m->columns;
	m->rows = (tiles - 1) / m->columns + 1;
	m->planes = c == 3 || style->diverging ? 3 : 1;
	if (picture_side(m->columns, w, style, &m->width) < 0 ||
	    picture_side(m->rows, h, style, &m->height) < 0 || mem_multiply(c * h, w, &tile) < 0)
		return -1;
	if (find_scales(m, tile) < 0) {
		mosaic_free(m);
		return -1;
	}
	return 0;
}

void mosaic_free(struct mosaic *m)
{
	free(m->low);
	free(m->high);
	m->low = m->high = NULL;
}

/* One value of tile t as `planes` brightnesses at row[0], row[width], ... */
static void paint(const struct mosaic *m, size_t t, double value, double brightness[3])
{
	double low = m->low[t], high = m->high[t], half = (high - low) / 2;
	if (m->style.diverging) {
		colours_diverging(half > 0 ? (value - low - half) / half : 0, brightness);
		return;
	}
	double share = high > low ? (value - low) / (high - low) : 0.5;
	brightness[0] = 255 * fmin(fmax(share, 0), 1);
}

void mosaic_row(const struct mosaic *m, size_t i, float *row)
{
	const size_t zoom = m->style.zoom, step_y = m->h * zoom + m->style.gap;
	const size_t step_x = m->w * zoom + m->style.gap;
	const float gap = m->style.diverging ? 0 : 255;
	size_t r = i / step_y, y = i % step_y / zoom;
	for (size_t j = 0; j < m->planes * m->width; j++)
		row[j] = gap;
	if (i % step_y >= m->h * zoom)
		return;
	for (size_t column = 0; column < m->columns; column++) {
		size_t t = r * m->columns + column;
		if (t >= m->tiles)
			break;
		for (size_t k = 0; k < m->c; k++) {
			const float *line = m->x + ((t * m->c + k) * m->h + y) * m->w;
			for (size_t x = 0; x < m->w; x++) {
				double brightness[3];
				size_t painted = m->style.diverging ? 3 : 1;
				paint(m, t, (double)line[x], brightness);
				for (size_t p = 0; p < painted; p++) {
					float *to =
					    row + (k + p) * m->width + column * step_x + x * zoom;
					for (size_t z = 0; z < zoom; z++)
						to[z] = (float)brightness[p];
				}
			}
		}
	}
}
