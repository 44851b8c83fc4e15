/* Stores past the caches: see stream.h. */
#include <string.h>
#if defined __x86_64__ && defined __SSE2__
#include <immintrin.h>
#endif
#include "conv/vector.h"
#include "conv/stream.h"

#if defined __x86_64__ && defined __SSE2__

__attribute__((target("avx512f"))) static void out_by_lines(
    real *to, size_t to_step, const real *from, size_t from_step, size_t count)
{
	for (size_t i = 0; i < count; i++, to += to_step, from += from_step) {
		_mm512_stream_si512((__m512i *)to, _mm512_load_si512(from));
		_mm512_stream_si512((__m512i *)(to + LANES), _mm512_load_si512(from + LANES));
	}
}

static void out_by_quarters(
    real *to, size_t to_step, const real *from, size_t from_step, size_t count)
{
	for (size_t i = 0; i < count; i++, to += to_step, from += from_step) {
		for (size_t j = 0; j < 8; j++)
			_mm_stream_si128(
			    (__m128i *)to + j, _mm_load_si128((const __m128i *)from + j));
	}
}

void stream_out(real *to, size_t to_step, const real *from, size_t from_step, size_t count)
{
	if (__builtin_cpu_supports("avx512f"))
		out_by_lines(to, to_step, from, from_step, count);
	else
		out_by_quarters(to, to_step, from, from_step, count);
}

void stream_end(void)
{
	_mm_sfence();
}

#else

void stream_out(real *to, size_t to_step, const real *from, size_t from_step, size_t count)
{
	for (size_t i = 0; i < count; i++)
		memcpy(to + i * to_step, from + i * from_step, 2 * LANES * sizeof(real));
}

void stream_end(void)
{
}

#endif
