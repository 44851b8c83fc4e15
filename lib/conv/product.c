/*
 * Products on rows of lanes: see product.h. Blocks of a few rows by one to four vectors are kept in registers.
 * The inner loops have to be unrolled for the accumulators to stay there, hence the constant block sizes given to
 * always-inlined functions.
 */
#include "conv/vector.h"
#include "conv/product.h"

/* rows of y that are summed together */
#define ROWS_MAX 8

VECTOR_INLINE void complex_block(const size_t ROWS, const bool conjugate, size_t inner,
    const real *x, size_t x_step, const real *w, real *y, size_t y_step)
{
	vector re[ROWS_MAX], im[ROWS_MAX];
	for (size_t r = 0; r < ROWS; r++)
		re[r] = im[r] = (vector){0};
	for (size_t left = inner; left > 0; x += ELEMENT) {
		size_t count = left < LANES ? left : LANES;
		left -= count;
		for (size_t i = 0; i < count; i++, w += ELEMENT) {
			vector w_re = *(const vector *)w, w_im = *(const vector *)(w + LANES);
			for (size_t r = 0; r < ROWS; r++) {
				real x_re = x[x_step * r + i], x_im = x[x_step * r + LANES + i];
				re[r] += x_re * w_re;
				im[r] += x_im * w_re;
				if (conjugate) {
					re[r] += x_im * w_im;
					im[r] -= x_re * w_im;
				} else {
					re[r] -= x_im * w_im;
					im[r] += x_re * w_im;
				}
			}
		}
	}
	for (size_t r = 0; r < ROWS; r++) {
		*(vector *)(y + y_step * r) = re[r];
		*(vector *)(y + y_step * r + LANES) = im[r];
	}
}

VECTOR_INLINE void complex_rows(const bool conjugate, size_t rows, size_t inner, const real *x,
    size_t x_step, const real *w, real *y, size_t y_step)
{
	size_t r = 0;
	for (; r + 8 <= rows; r += 8)
		complex_block(
		    8, conjugate, inner, x + x_step * r, x_step, w, y + y_step * r, y_step);
	if (r + 4 <= rows) {
		complex_block(
		    4, conjugate, inner, x + x_step * r, x_step, w, y + y_step * r, y_step);
		r += 4;
	}
	for (; r < rows; r++)
		complex_block(
		    1, conjugate, inner, x + x_step * r, x_step, w, y + y_step * r, y_step);
}

FOR_AVX512
static void run_complex(size_t rows, size_t inner, const real *x, size_t x_step, const real *w,
    real *y, size_t y_step, bool conjugate)
{
	if (conjugate)
		complex_rows(true, rows, inner, x, x_step, w, y, y_step);
	else
		complex_rows(false, rows, inner, x, x_step, w, y, y_step);
}

void product_complex(size_t rows, size_t inner, const real *x, size_t x_step, const real *w,
    real *y, size_t y_step, bool conjugate)
{
	run_complex(rows, inner, x, x_step, w, y, y_step, conjugate);
}

VECTOR_INLINE void gradient_block(const size_t COUNT, size_t rows, const real *x, const real *x2,
    size_t x_step, const real *g, const real *g2, size_t g_step, real *w, bool add)
{
	vector re[ROWS_MAX], im[ROWS_MAX];
	for (size_t i = 0; i < COUNT; i++) {
		re[i] = add ? *(vector *)(w + ELEMENT * i) : (vector){0};
		im[i] = add ? *(vector *)(w + ELEMENT * i + LANES) : (vector){0};
	}
	for (size_t r = 0; r < rows; r++, x += x_step, g += g_step) {
		vector g_re = *(const vector *)g, g_im = *(const vector *)(g + LANES);
		for (size_t i = 0; i < COUNT; i++) {
			real x_re = x[i], x_im = x[LANES + i];
			re[i] += x_re * g_re;
			im[i] += x_im * g_re;
			re[i] += x_im * g_im;
			im[i] -= x_re * g_im;
		}
	}
	for (size_t r = 0; r < rows; r++, x2 += x_step, g2 += g_step) {
		vector g_re = *(const vector *)g2, g_im = *(const vector *)(g2 + LANES);
		for (size_t i = 0; i < COUNT; i++) {
			real x_re = x2[i], x_im = x2[LANES + i];
			re[i] += x_re * g_re;
			im[i] -= x_im * g_re;
			re[i] += x_im * g_im;
			im[i] += x_re * g_im;
		}
	}
	for (size_t i = 0; i < COUNT; i++) {
		*(vector *)(w + ELEMENT * i) = re[i];
		*(vector *)(w + ELEMENT * i + LANES) = im[i];
	}
}

FOR_AVX512
static void run_gradient(size_t rows, size_t inner, const real *x, const real *x2, size_t x_step,
    const real *g, const real *g2, size_t g_step, real *w, bool add)
{
	size_t i = 0;
	for (; i + 8 <= inner; i += 8) {
		size_t at = i / LANES * ELEMENT + i % LANES;
		gradient_block(
		    8, rows, x + at, x2 + at, x_step, g, g2, g_step, w + ELEMENT * i, add);
	}
	for (; i < inner; i++) {
		size_t at = i / LANES * ELEMENT + i % LANES;
		gradient_block(
		    1, rows, x + at, x2 + at, x_step, g, g2, g_step, w + ELEMENT * i, add);
	}
}

void product_gradient(size_t rows, size_t inner, const real *x, const real *x2, size_t x_step,
    const real *g, const real *g2, size_t g_step, real *w, bool add)
{
	run_gradient(rows, inner, x, x2, x_step, g, g2, g_step, w, add);
}

VECTOR_INLINE void taps_block(const size_t POINTS, const size_t VECTORS, size_t taps, size_t d,
    const real *x, size_t step, const size_t *offset, const real *w, real *y)
{
	vector sum[6][4];
	for (size_t p = 0; p < POINTS; p++) {
		for (size_t v = 0; v < VECTORS; v++)
			sum[p][v] = (vector){0};
	}
	for (size_t t = 0; t < taps; t++) {
		vector weight[4];
		for (size_t v = 0; v < VECTORS; v++)
			weight[v] = *(const vector *)(w + d * t + v * LANES);
		for (size_t p = 0; p < POINTS; p++) {
			real value = x[offset[t] + p * step];
			for (size_t v = 0; v < VECTORS; v++)
				sum[p][v] += value * weight[v];
		}
	}
	for (size_t p = 0; p < POINTS; p++) {
		for (size_t v = 0; v < VECTORS; v++)
			*(vector *)(y + d * p + v * LANES) = sum[p][v];
	}
}

VECTOR_INLINE void taps_columns(const size_t VECTORS, size_t count, size_t taps, size_t d,
    const real *x, size_t step, const size_t *offset, const real *w, real *y)
{
	size_t p = 0;
	for (; p + 6 <= count; p += 6)
		taps_block(6, VECTORS, taps, d, x + p * step, step, offset, w, y + d * p);
	for (; p < count; p++)
		taps_block(1, VECTORS, taps, d, x + p * step, step, offset, w, y + d * p);
}

FOR_AVX512
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

VECTOR_INLINE void taps_gradient_block(const size_t TAPS, const size_t VECTORS, size_t count,
    size_t d, const real *x, const size_t *offset, const real *g, real *w)
{
	vector sum[6][4];
	const real *shifted[6];
	for (size_t t = 0; t < TAPS; t++) {
		shifted[t] = x + offset[t];
		for (size_t v = 0; v < VECTORS; v++)
			sum[t][v] = *(vector *)(w + d * t + v * LANES);
	}
	for (size_t p = 0; p < count; p++) {
		vector gradient[4];
		for (size_t v = 0; v < VECTORS; v++)
			gradient[v] = *(const vector *)(g + d * p + v * LANES);
		for (size_t t = 0; t < TAPS; t++) {
			real value = shifted[t][p];
			for (size_t v = 0; v < VECTORS; v++)
				sum[t][v] += value * gradient[v];
		}
	}
	for (size_t t = 0; t < TAPS; t++) {
		for (size_t v = 0; v < VECTORS; v++)
			*(vector *)(w + d * t + v * LANES) = sum[t][v];
	}
}

VECTOR_INLINE void taps_gradient_columns(const size_t VECTORS, size_t count, size_t taps, size_t d,
    const real *x, const size_t *offset, const real *g, real *w)
{
	size_t t = 0;
	for (; t + 6 <= taps; t += 6)
		taps_gradient_block(6, VECTORS, count, d, x, offset + t, g, w + d * t);
	for (; t < taps; t++)
		taps_gradient_block(1, VECTORS, count, d, x, offset + t, g, w + d * t);
}

FOR_AVX512
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
