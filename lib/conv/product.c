/*
 * Products on rows of lanes: see product.h. Blocks of a few rows by two or four vectors are kept in registers.
 * The inner loops have to be unrolled for the accumulators to stay there, hence the constant block sizes given to
 * always-inlined functions.
 */
#include "conv/lanes.h"
#include "conv/product.h"

/* rows x 2 vectors of y, complex; ROWS and CONJUGATE are constants at each call */
LANES_INLINE void complex_block(const size_t ROWS, const size_t VECTORS, const bool conjugate,
    size_t inner, size_t c, size_t d, const real *x, const real *w, real *y)
{
	lanes re[4][2], im[4][2];
	for (size_t r = 0; r < ROWS; r++) {
		for (size_t v = 0; v < VECTORS; v++)
			re[r][v] = im[r][v] = (lanes){0};
	}
	for (size_t i = 0; i < inner; i++) {
		lanes w_re[2], w_im[2];
		for (size_t v = 0; v < VECTORS; v++) {
			w_re[v] = *(const lanes *)(w + 2 * d * i + v * LANES);
			w_im[v] = *(const lanes *)(w + 2 * d * i + d + v * LANES);
		}
		for (size_t r = 0; r < ROWS; r++) {
			const real *row = x + 2 * c * r + i;
			real x_re = row[0], x_im = row[c];
			for (size_t v = 0; v < VECTORS; v++) {
				re[r][v] += x_re * w_re[v];
				im[r][v] += x_im * w_re[v];
				if (conjugate) {
					re[r][v] += x_im * w_im[v];
					im[r][v] -= x_re * w_im[v];
				} else {
					re[r][v] -= x_im * w_im[v];
					im[r][v] += x_re * w_im[v];
				}
			}
		}
	}
	for (size_t r = 0; r < ROWS; r++) {
		for (size_t v = 0; v < VECTORS; v++) {
			*(lanes *)(y + 2 * d * r + v * LANES) = re[r][v];
			*(lanes *)(y + 2 * d * r + d + v * LANES) = im[r][v];
		}
	}
}

LANES_INLINE void complex_columns(const size_t VECTORS, const bool conjugate, size_t rows,
    size_t inner, size_t c, size_t d, const real *x, const real *w, real *y)
{
	size_t r = 0;
	for (; r + 4 <= rows; r += 4)
		complex_block(4, VECTORS, conjugate, inner, c, d, x + 2 * c * r, w, y + 2 * d * r);
	for (; r + 2 <= rows; r += 2)
		complex_block(2, VECTORS, conjugate, inner, c, d, x + 2 * c * r, w, y + 2 * d * r);
	for (; r < rows; r++)
		complex_block(1, VECTORS, conjugate, inner, c, d, x + 2 * c * r, w, y + 2 * d * r);
}

LANES_INLINE void complex_rows(const bool conjugate, size_t rows, size_t inner, size_t c, size_t d,
    const real *x, const real *w, real *y)
{
	size_t column = 0;
	for (; column + 2 * LANES <= d; column += 2 * LANES)
		complex_columns(2, conjugate, rows, inner, c, d, x, w + column, y + column);
	if (column < d)
		complex_columns(1, conjugate, rows, inner, c, d, x, w + column, y + column);
}

LANES_CLONES
static void run_complex(size_t rows, size_t inner, size_t c, size_t d, const real *x, const real *w,
    real *y, bool conjugate)
{
	if (conjugate)
		complex_rows(true, rows, inner, c, d, x, w, y);
	else
		complex_rows(false, rows, inner, c, d, x, w, y);
}

void product_complex(size_t rows, size_t inner, size_t c, size_t d, const real *x, const real *w,
    real *y, bool conjugate)
{
	run_complex(rows, inner, c, d, x, w, y, conjugate);
}

/* ROWS x 2 vectors of w */
LANES_INLINE void gradient_block(const size_t ROWS, const size_t VECTORS, size_t rows, size_t c,
    size_t d, const real *x, const real *g, const real *x2, const real *g2, real *w, bool add)
{
	lanes re[4][2], im[4][2];
	for (size_t i = 0; i < ROWS; i++) {
		for (size_t v = 0; v < VECTORS; v++) {
			re[i][v] = add ? *(lanes *)(w + 2 * d * i + v * LANES) : (lanes){0};
			im[i][v] = add ? *(lanes *)(w + 2 * d * i + d + v * LANES) : (lanes){0};
		}
	}
	for (size_t r = 0; r < rows; r++) {
		lanes g_re[2], g_im[2];
		for (size_t v = 0; v < VECTORS; v++) {
			g_re[v] = *(const lanes *)(g + 2 * d * r + v * LANES);
			g_im[v] = *(const lanes *)(g + 2 * d * r + d + v * LANES);
		}
		for (size_t i = 0; i < ROWS; i++) {
			real x_re = x[2 * c * r + i], x_im = x[2 * c * r + c + i];
			for (size_t v = 0; v < VECTORS; v++) {
				re[i][v] += x_re * g_re[v];
				im[i][v] += x_im * g_re[v];
				re[i][v] += x_im * g_im[v];
				im[i][v] -= x_re * g_im[v];
			}
		}
	}
	for (size_t r = 0; x2 && r < rows; r++) {
		lanes g_re[2], g_im[2];
		for (size_t v = 0; v < VECTORS; v++) {
			g_re[v] = *(const lanes *)(g2 + 2 * d * r + v * LANES);
			g_im[v] = *(const lanes *)(g2 + 2 * d * r + d + v * LANES);
		}
		for (size_t i = 0; i < ROWS; i++) {
			real x_re = x2[2 * c * r + i], x_im = x2[2 * c * r + c + i];
			for (size_t v = 0; v < VECTORS; v++) {
				re[i][v] += x_re * g_re[v];
				im[i][v] -= x_im * g_re[v];
				re[i][v] += x_im * g_im[v];
				im[i][v] += x_re * g_im[v];
			}
		}
	}
	for (size_t i = 0; i < ROWS; i++) {
		for (size_t v = 0; v < VECTORS; v++) {
			*(lanes *)(w + 2 * d * i + v * LANES) = re[i][v];
			*(lanes *)(w + 2 * d * i + d + v * LANES) = im[i][v];
		}
	}
}

LANES_INLINE void gradient_columns(const size_t VECTORS, size_t rows, size_t inner, size_t c,
    size_t d, const real *x, const real *g, const real *x2, const real *g2, real *w, bool add)
{
	size_t i = 0;
	for (; i + 4 <= inner; i += 4)
		gradient_block(
		    4, VECTORS, rows, c, d, x + i, g, x2 ? x2 + i : NULL, g2, w + 2 * d * i, add);
	for (; i < inner; i++)
		gradient_block(
		    1, VECTORS, rows, c, d, x + i, g, x2 ? x2 + i : NULL, g2, w + 2 * d * i, add);
}

LANES_CLONES
static void run_gradient(size_t rows, size_t inner, size_t c, size_t d, const real *x,
    const real *g, const real *x2, const real *g2, real *w, bool add)
{
	size_t column = 0;
	for (; column + 2 * LANES <= d; column += 2 * LANES)
		gradient_columns(
		    2, rows, inner, c, d, x, g + column, x2, g2 + column, w + column, add);
	if (column < d)
		gradient_columns(
		    1, rows, inner, c, d, x, g + column, x2, g2 + column, w + column, add);
}

void product_gradient(size_t rows, size_t inner, size_t c, size_t d, const real *x, const real *g,
    const real *x2, const real *g2, real *w, bool add)
{
	run_gradient(rows, inner, c, d, x, g, x2, g2, w, add);
}

/* out (LANES, LANES; stride c) = in (LANES, LANES; stride d) transposed */
LANES_CLONES
static void run_transpose(size_t c, size_t d, const real *w, real *out)
{
	for (size_t part = 0; part < 2; part++) {
		const real *from = w + part * d;
		real *to = out + part * c;
		for (size_t i = 0; i < c; i += LANES) {
			for (size_t j = 0; j < d; j += LANES) {
				for (size_t a = 0; a < LANES; a++) {
					for (size_t b = 0; b < LANES; b++)
						to[2 * c * (j + a) + i + b] =
						    from[2 * d * (i + b) + j + a];
				}
			}
		}
	}
}

void product_transpose(size_t c, size_t d, const real *w, real *out)
{
	run_transpose(c, d, w, out);
}

LANES_INLINE void taps_block(const size_t POINTS, const size_t VECTORS, size_t taps, size_t d,
    const real *x, size_t step, const size_t *offset, const real *w, real *y)
{
	lanes sum[6][4];
	for (size_t p = 0; p < POINTS; p++) {
		for (size_t v = 0; v < VECTORS; v++)
			sum[p][v] = (lanes){0};
	}
	for (size_t t = 0; t < taps; t++) {
		lanes weight[4];
		for (size_t v = 0; v < VECTORS; v++)
			weight[v] = *(const lanes *)(w + d * t + v * LANES);
		for (size_t p = 0; p < POINTS; p++) {
			real value = x[offset[t] + p * step];
			for (size_t v = 0; v < VECTORS; v++)
				sum[p][v] += value * weight[v];
		}
	}
	for (size_t p = 0; p < POINTS; p++) {
		for (size_t v = 0; v < VECTORS; v++)
			*(lanes *)(y + d * p + v * LANES) = sum[p][v];
	}
}

LANES_INLINE void taps_columns(const size_t VECTORS, size_t count, size_t taps, size_t d,
    const real *x, size_t step, const size_t *offset, const real *w, real *y)
{
	size_t p = 0;
	for (; p + 6 <= count; p += 6)
		taps_block(6, VECTORS, taps, d, x + p * step, step, offset, w, y + d * p);
	for (; p < count; p++)
		taps_block(1, VECTORS, taps, d, x + p * step, step, offset, w, y + d * p);
}

LANES_CLONES
static void run_taps(size_t count, size_t taps, size_t d, const real *x, size_t step,
    const size_t *offset, const real *w, real *y)
{
	size_t column = 0;
	for (; column + 4 * LANES <= d; column += 4 * LANES)
		taps_columns(4, count, taps, d, x, step, offset, w + column, y + column);
	for (; column + 2 * LANES <= d; column += 2 * LANES)
		taps_columns(2, count, taps, d, x, step, offset, w + column, y + column);
	if (column < d)
		taps_columns(1, count, taps, d, x, step, offset, w + column, y + column);
}

void product_taps(size_t count, size_t taps, size_t d, const real *x, size_t step,
    const size_t *offset, const real *w, real *y)
{
	run_taps(count, taps, d, x, step, offset, w, y);
}

LANES_INLINE void taps_gradient_block(const size_t TAPS, const size_t VECTORS, size_t count,
    size_t d, const real *x, const size_t *offset, const real *g, real *w)
{
	lanes sum[6][4];
	const real *shifted[6];
	for (size_t t = 0; t < TAPS; t++) {
		shifted[t] = x + offset[t];
		for (size_t v = 0; v < VECTORS; v++)
			sum[t][v] = *(lanes *)(w + d * t + v * LANES);
	}
	for (size_t p = 0; p < count; p++) {
		lanes gradient[4];
		for (size_t v = 0; v < VECTORS; v++)
			gradient[v] = *(const lanes *)(g + d * p + v * LANES);
		for (size_t t = 0; t < TAPS; t++) {
			real value = shifted[t][p];
			for (size_t v = 0; v < VECTORS; v++)
				sum[t][v] += value * gradient[v];
		}
	}
	for (size_t t = 0; t < TAPS; t++) {
		for (size_t v = 0; v < VECTORS; v++)
			*(lanes *)(w + d * t + v * LANES) = sum[t][v];
	}
}

LANES_INLINE void taps_gradient_columns(const size_t VECTORS, size_t count, size_t taps, size_t d,
    const real *x, const size_t *offset, const real *g, real *w)
{
	size_t t = 0;
	for (; t + 6 <= taps; t += 6)
		taps_gradient_block(6, VECTORS, count, d, x, offset + t, g, w + d * t);
	for (; t < taps; t++)
		taps_gradient_block(1, VECTORS, count, d, x, offset + t, g, w + d * t);
}

LANES_CLONES
static void run_taps_gradient(size_t count, size_t taps, size_t d, const real *x,
    const size_t *offset, const real *g, real *w)
{
	size_t column = 0;
	for (; column + 4 * LANES <= d; column += 4 * LANES)
		taps_gradient_columns(4, count, taps, d, x, offset, g + column, w + column);
	for (; column + 2 * LANES <= d; column += 2 * LANES)
		taps_gradient_columns(2, count, taps, d, x, offset, g + column, w + column);
	if (column < d)
		taps_gradient_columns(1, count, taps, d, x, offset, g + column, w + column);
}

void product_taps_gradient(size_t count, size_t taps, size_t d, const real *x, const size_t *offset,
    const real *g, real *w)
{
	run_taps_gradient(count, taps, d, x, offset, g, w);
}
