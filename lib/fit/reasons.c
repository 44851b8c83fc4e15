/* Reasons as text: see reasons.h. */
#include <string.h>
#include "fit/reasons.h"

const char *reasons_text(
    unsigned reasons, const char *const *words, size_t count, char text[static REASONS_SIZE])
{
	strcpy(text, reasons ? "" : "-");
	for (size_t i = 0; i < count; i++) {
		if (!(reasons >> i & 1))
			continue;
		if (*text)
			strcat(text, ",");
		strcat(text, words[i]);
	}
	return text;
}
