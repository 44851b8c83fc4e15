/* Any bytes as images: every row of every image is read, or the file refused with a reason. */
#define FUZZ_NAME "pnm"
#include "fuzz.h"
#include "base/error.h"
#include "pnm/pnm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pnm_in *in = pnm_open(fuzz_file(data, size));
	struct pnm_header header;
	int status;
	FUZZ_CHECK(in);
	err_set("%s", "");
	while ((status = pnm_next(in, &header)) > 0) {
		FUZZ_CHECK(
		    header.w >= 1 && header.h >= 1 && header.maxval >= 1 && header.maxval <= 65535);
		float *row = malloc(header.w * header.c * sizeof *row);
		FUZZ_CHECK(row);
		for (size_t i = 0; i < header.h && status >= 0; i++)
			status = pnm_read_row(in, row);
		free(row);
		if (status < 0)
			break;
	}
	FUZZ_CHECK(status == 0 || err_reason()[0]);
	pnm_close_in(in);
	return 0;
}
