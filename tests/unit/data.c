/* Training images: parts, moments, crops and mirroring, against the arrays they were made from. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/memory.h"
#include "base/random.h"
#include "image/split.h"
#include "net/crops.h"
#include "check.h"

enum { IMAGES = 60, H = 11, W = 9, CLASSES = 3, SIDE = 6 };

static uint8_t pixels[IMAGES][H][W];
static int64_t labels[IMAGES];

/* Every pixel of an image is another number, so a window tells where it is from. */
static bool make(struct data *data)
{
	char path[] = "/tmp/v1pipe-data.XXXXXX";
	int descriptor = mkstemp(path);
	struct npys_out *out = descriptor < 0 ? NULL : npys_create(path);
	for (size_t i = 0; i < IMAGES; i++) {
		labels[i] = (int64_t)(i * i % CLASSES);
		for (size_t p = 0; p < H * W; p++)
			pixels[i][p / W][p % W] = (uint8_t)((p + 37 * i) % 256);
	}
	struct npys_header images, classes;
	bool well = out && npys_shape(&images, NPYS_U1, 3, (size_t[]){IMAGES, H, W}) == 0 &&
		    npys_begin(out, &images) == 0 && npys_write_raw(out, pixels, IMAGES) == 0 &&
		    npys_shape(&classes, NPYS_I8, 1, (size_t[]){IMAGES}) == 0 &&
		    npys_begin(out, &classes) == 0 && npys_write_int(out, labels, IMAGES) == 0 &&
		    npys_close(out) == 0;
	struct npys_in *in = well ? npys_open_file(path) : NULL;
	well = in && data_read(in, &comm_alone, data) == 0;
	npys_close_in(in);
	close(descriptor);
	unlink(path);
	return well;
}

static void parts(const struct data *data)
{
	struct data_part part, held_out;
	CHECK(data->images == IMAGES && data->h == H && data->w == W && data->classes == 2 &&
	      data->bytes);
	CHECK(data_split(data, 10, &part, &held_out) == 0);
	size_t seen[CLASSES] = {0}, at[2] = {0}, wrong = 0;
	for (size_t i = 0; i < IMAGES; i++) {
		size_t class = (size_t)labels[i];
		bool out = split_is_validation(class, seen[class]++, 10);
		const struct data_part *of = out ? &held_out : &part;
		wrong += at[out] >= of->count || of->image[at[out]] != i;
		at[out]++;
	}
	CHECK(wrong == 0 && at[0] == part.count && at[1] == held_out.count && at[1] > 0);
	double sum = 0, square = 0, mean, sd, n = (double)(part.count * H * W);
	for (size_t i = 0; i < part.count; i++) {
		for (size_t p = 0; p < H * W; p++)
			sum += pixels[part.image[i]][p / W][p % W];
	}
	for (size_t i = 0; i < part.count; i++) {
		for (size_t p = 0; p < H * W; p++)
			square += pow(pixels[part.image[i]][p / W][p % W] - sum / n, 2);
	}
	CHECK(data_moments(&part, &mean, &sd) == 0);
	CHECK_CLOSE(mean, sum / n, 1e-9);
	CHECK_CLOSE(sd, sqrt(square / n), 1e-9);
	CHECK(data_needs_classes(&part, 2, "training") == 0);
	CHECK(data_needs_classes(&part, 3, "training") < 0);
	data_part_free(&part);
	data_part_free(&held_out);
}

/* Where crop x (SIDE, SIDE) of image i is from; false where it is no window of it, mirrored or not. */
static bool locate(size_t i, const real *x, size_t *top, size_t *left, bool *mirrored)
{
	for (int m = 0; m < 2; m++) {
		for (size_t at = 0; at < (H - SIDE + 1) * (W - SIDE + 1); at++) {
			size_t t = at / (W - SIDE + 1), l = at % (W - SIDE + 1), same = 0;
			for (size_t p = 0; p < SIDE * SIDE; p++) {
				size_t r = p / SIDE, c = m ? SIDE - 1 - p % SIDE : p % SIDE;
				same += x[p] == (real)pixels[i][t + r][l + c];
			}
			if (same == SIDE * SIDE) {
				*top = t, *left = l, *mirrored = m;
				return true;
			}
		}
	}
	return false;
}

/* Each place equally often and half of the crops mirrored, by chi squared; --no-flip: the same places, none mirrored. */
static void augmentation(const struct data *data)
{
	enum { EPOCHS = 100, PLACES = (H - SIDE + 1) * (W - SIDE + 1), DRAWS = EPOCHS * IMAGES };
	const struct crops_options flip = {.seed = 3, .side = SIDE, .batch = 8, .flip = true};
	struct crops_options plain = flip;
	plain.flip = false;
	size_t counts[PLACES] = {0}, mirrored = 0, lost = 0, differ = 0, top, left, t, l;
	real x[SIDE * SIDE];
	float room[SIDE * SIDE];
	for (size_t draw = 0; draw < DRAWS; draw++) {
		size_t epoch = draw / IMAGES, i = draw % IMAGES;
		bool m, still;
		if (crops_cut(data, &flip, epoch, i, room, x) < 0 ||
		    !locate(i, x, &top, &left, &m)) {
			lost++;
			continue;
		}
		counts[top * (W - SIDE + 1) + left]++;
		mirrored += m;
		differ += crops_cut(data, &plain, epoch, i, room, x) < 0 ||
			  !locate(i, x, &t, &l, &still) || still || t != top || l != left;
	}
	double square = 0, expected = (double)DRAWS / PLACES;
	for (size_t p = 0; p < PLACES; p++)
		square +=
		    ((double)counts[p] - expected) * ((double)counts[p] - expected) / expected;
	printf("# chi squared of %d places: %.1f; mirrored %zu of %d\n", PLACES, square, mirrored,
	    DRAWS);
	CHECK(lost == 0 && differ == 0);
	CHECK(square < 49.7); /* 99.9 % of chi squared with 23 degrees of freedom */
	CHECK(fabs((double)mirrored - DRAWS / 2.0) < 3.29 * sqrt(DRAWS / 4.0));
}

/* A linear image is interpolated exactly: a turned crop of it is linear, with the gradient turned by the crop's angle. */
static void turned(void)
{
	enum { DRAWS = 2000, SIDE_TURNED = 5, SIZE = 8 };
	float image[SIZE * SIZE], crop[SIDE_TURNED * SIDE_TURNED];
	double worst = 0, length = 0, low = 1e9, high = -1e9, sums[2] = {0};
	for (size_t p = 0; p < SIZE * SIZE; p++)
		image[p] = (float)(3 * (double)(p % SIZE) + 4 * (double)(p / SIZE));
	for (uint64_t draw = 0; draw < DRAWS; draw++) {
		struct rng rng = rng_start(5, RNG_TEST, 0, draw);
		degrade_turned_crop(&rng, image, SIZE, SIZE, SIDE_TURNED, crop);
		double gx = crop[1] - crop[0], gy = crop[SIDE_TURNED] - crop[0],
		       angle = atan2(gy, gx);
		length = check_largest(length, fabs(hypot(gx, gy) - 5));
		for (size_t p = 0; p < SIDE_TURNED * SIDE_TURNED; p++) {
			double e = crop[0] + gx * (double)(p % SIDE_TURNED) +
				   gy * (double)(p / SIDE_TURNED);
			worst = check_largest(worst, fabs(e - crop[p]));
			low = fmin(low, crop[p]);
			high = check_largest(high, crop[p]);
		}
		sums[0] += cos(angle);
		sums[1] += sin(angle);
	}
	CHECK(worst < 1e-4 && length < 1e-4);
	CHECK(low >= 0 && high <= 7 * (SIZE - 1));
	CHECK(hypot(sums[0], sums[1]) < sqrt(DRAWS * 6.9)); /* Rayleigh: p = .001 */
	CHECK(degrade_turns(5, 8, 9) && !degrade_turns(6, 8, 9) && degrade_turns(45, 64, 64) &&
	      !degrade_turns(46, 64, 64));
}

/* Batches of an epoch: every image at most once, another order in each, and after an interruption the same. */
static void batches(const struct data *data)
{
	enum { BATCH = 8, STEPS = IMAGES / BATCH };
	const struct crops_options options = {
	    .seed = 3, .side = SIDE, .batch = BATCH, .flip = true};
	struct data_part part;
	CHECK(data_all(data, &part) == 0);
	struct crops *crops = crops_create(&part, &options), *again = crops_create(&part, &options);
	uint64_t order[2][STEPS * BATCH];
	size_t wrong = 0, twice = 0, same = 0;
	for (size_t epoch = 0; epoch < 2; epoch++) {
		bool seen[IMAGES] = {false};
		for (size_t step = 0; step < STEPS; step++) {
			CHECK(crops_take(crops, epoch, step * BATCH) == 0);
			for (size_t i = 0; i < BATCH; i++) {
				size_t image = (size_t)crops->image[i];
				real x[SIDE * SIDE];
				float room[SIDE * SIDE];
				wrong += crops_cut(data, &options, epoch, image, room, x) < 0 ||
					 memcmp(x, crops->x + i * SIDE * SIDE, sizeof x) != 0 ||
					 crops->labels[i] != (int32_t)labels[image];
				twice += seen[image];
				seen[image] = true;
				order[epoch][step * BATCH + i] = image;
			}
		}
	}
	for (size_t i = 0; i < STEPS * BATCH; i++)
		same += order[0][i] == order[1][i];
	CHECK(wrong == 0 && twice == 0 && same < STEPS * BATCH / 4);
	/* begun in the middle of the second epoch */
	CHECK(crops_take(again, 1, (STEPS - 1) * BATCH) == 0 &&
	      memcmp(again->image, order[1] + (STEPS - 1) * BATCH, BATCH * sizeof *again->image) ==
		  0);
	crops_free(crops);
	crops_free(again);
	data_part_free(&part);
}

int main(void)
{
	struct data data;
	if (!CHECK(make(&data)))
		return check_end();
	parts(&data);
	augmentation(&data);
	turned();
	batches(&data);
	data_free(&data);
	return check_end();
}
