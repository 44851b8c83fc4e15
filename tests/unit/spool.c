/* npys_spool and npys_replay: what was written comes back, record after record. */
#include <string.h>
#include "npys/npys.h"
#include "check.h"

int main(void)
{
	struct npys_out *out = npys_spool();
	float x[300][50], y[300][50];
	for (size_t i = 0; i < 300 * 50; i++)
		x[i / 50][i % 50] = (float)i;
	if (!CHECK(out))
		return check_end();
	for (size_t record = 0; record < 20; record++)
		CHECK(npys_put_float(out, 2, (size_t[]){300, 50}, x[0]) == 0);
	struct npys_in *in = npys_replay(out);
	if (!CHECK(in))
		return check_end();
	struct npys_header header;
	size_t records = 0;
	while (npys_next(in, &header) == 1) {
		memset(y, 0, sizeof y);
		CHECK(header.rank == 2 && header.items == 300 && header.item == 50);
		CHECK(npys_read_float(in, y[0], 300) == 0 && !memcmp(x, y, sizeof x));
		records++;
	}
	CHECK(records == 20);
	CHECK(npys_next(in, &header) == 0);
	npys_close_in(in);
	/* a record that is not whole cannot be replayed; nor can a spool of nothing be read */
	out = npys_spool();
	CHECK(out && npys_shape(&header, NPYS_F4, 1, (size_t[]){5}) == 0 &&
	      npys_begin(out, &header) == 0);
	CHECK(!npys_replay(out));
	out = npys_spool();
	in = out ? npys_replay(out) : NULL;
	CHECK(in && npys_next(in, &header) == -1);
	npys_close_in(in);
	return check_end();
}
