/* STL-10: column order, colour planes and labels of a written file. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "image/stl10.h"
#include "check.h"

enum { SIDE = 5, PLANE = SIDE * SIDE };

static char folder[] = "/tmp/stl10-XXXXXX";

static const char *write_file(char *path, const char *name, const uint8_t *bytes, size_t n)
{
	sprintf(path, "%s/%s", folder, name);
	FILE *file = fopen(path, "wb");
	CHECK(file && fwrite(bytes, 1, n, file) == n && !fclose(file));
	return path;
}

int main(void)
{
	char x[64], y[64];
	uint8_t images[2 * 3 * PLANE], labels[3] = {1, 10, 11};
	float grey[PLANE];
	int label;
	CHECK(mkdtemp(folder));
	/* image k: red = 10 row, green = 10 column, blue = 100 k; a column's pixels are neighbours */
	for (size_t i = 0; i < sizeof images; i++) {
		size_t k = i / (3 * PLANE), plane = i / PLANE % 3, column = i / SIDE % SIDE,
		       row = i % SIDE;
		images[i] = (uint8_t)(plane == 0 ? 10 * row : plane == 1 ? 10 * column : 100 * k);
	}
	write_file(x, "x", images, sizeof images);
	write_file(y, "y", labels, 2);
	struct stl10_in *in = stl10_open(x, y, SIDE);
	CHECK(in != NULL);
	for (int k = 0; k < 2; k++) {
		CHECK(stl10_next(in, grey, &label) == 1);
		CHECK(label == (k ? 9 : 0));
		double worst = 0;
		for (size_t i = 0; i < PLANE; i++)
			worst = fmax(worst,
			    fabs((double)grey[i] - (2.99 * (double)(i / SIDE) +
						       5.87 * (double)(i % SIDE) + 11.4 * k)));
		CHECK(worst < 1e-5);
	}
	CHECK(stl10_next(in, grey, &label) == 0);
	stl10_close(in);

	in = stl10_open(x, NULL, SIDE);
	CHECK(in && stl10_next(in, grey, &label) == 1 && label == -1);
	stl10_close(in);

	/* a label that does not exist, a cut image, numbers that differ */
	write_file(y, "y", labels + 1, 2);
	in = stl10_open(x, y, SIDE);
	CHECK(in && stl10_next(in, grey, &label) == 1 && stl10_next(in, grey, &label) == -1);
	stl10_close(in);
	write_file(y, "y", labels, 3);
	CHECK(!stl10_open(x, y, SIDE));
	write_file(x, "x", images, sizeof images - 1);
	in = stl10_open(x, NULL, SIDE);
	CHECK(in && stl10_next(in, grey, &label) == 1 && stl10_next(in, grey, &label) == -1);
	stl10_close(in);
	write_file(x, "x", images, 0);
	in = stl10_open(x, NULL, SIDE);
	CHECK(in && stl10_next(in, grey, &label) == -1);
	stl10_close(in);
	unlink(x);
	unlink(y);
	rmdir(folder);
	return check_end();
}
