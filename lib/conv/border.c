/* Borders: see border.h. */
#include "conv/border.h"

size_t border_pixel(enum border border, ptrdiff_t i, size_t n)
{
	if (i >= 0 && (size_t)i < n)
		return (size_t)i;
	if (border == BORDER_ZERO)
		return BORDER_OUTSIDE;
	ptrdiff_t period = (ptrdiff_t)(border == BORDER_MIRROR ? 2 * n : n);
	ptrdiff_t rest = i % period;
	size_t j = (size_t)(rest < 0 ? rest + period : rest);
	return j < n ? j : 2 * n - 1 - j;
}
