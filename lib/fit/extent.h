/* The height and width of a profile's array: receptive fields need not be square. */
#ifndef FIT_EXTENT_H
#define FIT_EXTENT_H

#include <stdbool.h>
#include <stddef.h>

struct extent {
	size_t h, w; /* rows, columns */
};

static inline struct extent extent_square(size_t k)
{
	return (struct extent){k, k};
}

static inline size_t extent_pixels(struct extent e)
{
	return e.h * e.w;
}

/* The longer side: what bounds widths and resolves frequencies. */
static inline size_t extent_long(struct extent e)
{
	return e.h > e.w ? e.h : e.w;
}

static inline size_t extent_short(struct extent e)
{
	return e.h > e.w ? e.w : e.h;
}

static inline bool extent_same(struct extent a, struct extent b)
{
	return a.h == b.h && a.w == b.w;
}

#endif
