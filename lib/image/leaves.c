/*
 * Dead leaves: see leaves.h.
 *
 * Fixed point: lengths in px/256 ("q8"), cosines in 1/2^15, grey levels in 1/16. The image plane (x
 * right, y down) maps to the leaf plane by x / a, y a with a = sqrt(stretch); there everything is
 * isotropic. (u, v) are a leaf's own coordinates: leaf plane, about its centre, turned by its angle.
 * Signed numbers are shifted by floor_shift only, so that nothing is left to the implementation.
 */
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "image/leaves.h"

#define PX 256          /* q8 per px */
#define ONE 32768       /* 1 in a sine table */
#define SUBSAMPLES 4    /* a pixel has 4 x 4 samples for antialiasing ... */
#define COVERED 0xffffu /* ... one bit each */
#define OCTAVES 5       /* of the texture, lattices of 4/3, 8/3, ... 64/3 px */
#define OCTAVE_TURN                                                                                \
	391 /* each lattice is turned by the golden section of 90 degrees from the last */
#define NOISE_RMS 62857          /* of noise_at: 256 sqrt(5) 52/70 sqrt((2^16 - 1)/3) */
#define GRATING_PERIOD (4 * PX)  /* shortest, and ... */
#define GRATING_PERIODS (8 * PX) /* ... range above it */

enum leaves_epoch { EPOCH_IMAGE, EPOCH_ORDER, EPOCH_TEXTURE };

struct leaves {
	uint64_t seed;
	size_t size;
	unsigned classes;
	uint32_t purity;              /* of 65536 */
	uint32_t across_x, across_y;  /* leaf plane per image plane, 1/2^15: 1/a and a */
	uint32_t radius[2], front[2]; /* q8 */
	uint32_t grey[2], shading;    /* 1/16 grey level */
	uint32_t gratings;            /* 1/16 grey level */
	int32_t gain;                 /* noise_at to 1/16 grey level, times 65536 */
	uint32_t width, height;       /* of the image on the leaf plane, q8 */
	uint32_t border;              /* what no leaf reaches from farther away, q8 */
	int32_t margin; /* from a pixel's centre to its samples on the leaf plane, at most, q8 */
	int32_t sine[LEAVES_TURN];
};

struct leaves_canvas {
	size_t words;      /* of 64 pixels in a row of `open` */
	uint64_t *open;    /* (size, words): pixels that are not covered yet */
	uint16_t *covered; /* (size, size): their samples that are */
	int32_t *sum;      /* (size, size): grey levels of the covered samples, 1/16 */
};

/* A lattice: position at (u, v) in 1/65536 of its spacing. */
struct lattice {
	int64_t x, y, xu, xv, yu, yv;
};

struct leaf {
	enum leaf_shape shape;
	int32_t radius;
	int32_t a, b;           /* the shape's two lengths, q8 */
	int64_t u, v;           /* of the image's corner, 1/2^23 px */
	int32_t ux, uy, vx, vy; /* (u, v) per image plane, 1/2^15 */
	/* what it looks like, drawn when it is first seen */
	bool seen;
	uint32_t key;
	int32_t grey, shade_u, shade_v, wave_u, wave_v, wave_start;
	struct lattice lattice[OCTAVES];
};

/* A shape of radius r: its two lengths, and how far it reaches, times 65536 / r; from area = pi r^2. */
static const struct {
	uint32_t a, b, reach;
} shapes[LEAF_SHAPES] = {
    [LEAF_DISC] = {65536, 0, 65536},      /* radius 1 */
    [LEAF_SQUARE] = {58081, 0, 82138},    /* half side sqrt(pi)/2 */
    [LEAF_STAR] = {33879, 0, 109635},     /* its five lines at .51695, tips at 1.67289 */
    [LEAF_CROSS] = {77922, 25974, 82138}, /* half length sqrt(9 pi/20), half width a third of it */
    [LEAF_RING] = {81920, 49152, 81920},  /* radii 1.25 and .75 */
    [LEAF_BAR] = {116159, 29040, 119734}, /* half length sqrt(pi), half width sqrt(pi)/4 */
};

static int64_t floor_shift(int64_t x, unsigned bits)
{
	const uint64_t bias = UINT64_C(1) << 62;
	return (int64_t)(((uint64_t)x + bias) >> bits) - (int64_t)(bias >> bits);
}

static unsigned lowest_bit(uint64_t x)
{
	return (unsigned)__builtin_ctzll(x);
}

static unsigned highest_bit(uint64_t x)
{
	return 63 - (unsigned)__builtin_clzll(x);
}

/* The largest integer whose square is at most x. */
static uint32_t root(uint64_t x)
{
	uint64_t result = 0;
	for (uint64_t bit = UINT64_C(1) << (highest_bit(x | 1) & ~1u); bit; bit >>= 2) {
		if (x >= result + bit) {
			x -= result + bit;
			result = (result >> 1) + bit;
		} else {
			result >>= 1;
		}
	}
	return (uint32_t)result;
}

void leaves_sines(int32_t sine[LEAVES_TURN])
{
	enum { QUARTER = LEAVES_TURN / 4 };
	/* bisection: sin((a+b)/2) = (sin a + sin b) / (2 cos((b-a)/2)), cos(h/2) = sqrt((1 + cos h)/2), 1/2^30 */
	const int64_t one = INT64_C(1) << 30;
	int64_t quarter[QUARTER + 1] = {[QUARTER] = one};
	int64_t cosine = 0;
	for (size_t step = QUARTER / 2; step; step /= 2) {
		cosine = root((uint64_t)((one + cosine) << 29));
		for (size_t i = step; i < QUARTER; i += 2 * step)
			quarter[i] =
			    ((quarter[i - step] + quarter[i + step]) * (one / 2) + cosine / 2) /
			    cosine;
	}
	for (size_t i = 0; i < LEAVES_TURN; i++) {
		size_t j = i % (2 * QUARTER);
		int32_t s =
		    (int32_t)((quarter[j <= QUARTER ? j : 2 * QUARTER - j] + (1 << 14)) >> 15);
		sine[i] = i < 2 * QUARTER ? s : -s;
	}
}

uint32_t leaves_radius(uint32_t r_min, uint32_t r_max, uint32_t u)
{
	/* 1/r^2 is uniform: r = r_min r_max / sqrt(r_min^2 + u (r_max^2 - r_min^2)) */
	uint64_t low = (uint64_t)r_min * r_min, high = (uint64_t)r_max * r_max;
	uint64_t square = low + (((high - low) * (u & 0x7fffffff)) >> 31);
	uint64_t denominator = root(square << 24); /* q20 */
	return (uint32_t)((((uint64_t)r_min * r_max << 12) + denominator / 2) / denominator);
}

static uint32_t fixed(double x, double scale)
{
	return (uint32_t)(x * scale + .5);
}

/* within `low` and `high`, in order; false for NaN */
static bool range_fits(const double range[2], double low, double high)
{
	return range[0] >= low && range[0] <= range[1] && range[1] <= high;
}

int leaves_check(const struct leaves_options *options)
{
	if (options->size < 1 || options->size > LEAVES_SIZE_MAX)
		return err_set("size: not in 1..%d px", LEAVES_SIZE_MAX);
	if (options->classes < 1 || options->classes > LEAF_SHAPES)
		return err_set("classes: not in 1..%d", LEAF_SHAPES);
	if (!(options->purity >= 0 && options->purity <= 1))
		return err_set("purity: not in 0..1");
	if (!(options->stretch >= 1. / 16 && options->stretch <= 16))
		return err_set("stretch: not in 1/16..16");
	if (!range_fits(options->radius, 1, LEAVES_RADIUS_MAX))
		return err_set("radius: not a range within 1..%d px", LEAVES_RADIUS_MAX);
	if (!range_fits(options->front, 0, LEAVES_RADIUS_MAX) ||
	    (options->front[0] < 1 && options->front[1] > 0))
		return err_set("front: not a range within 1..%d px, nor 0,0", LEAVES_RADIUS_MAX);
	if (!range_fits(options->grey, 0, 255))
		return err_set("grey: not a range within 0..255");
	if (!range_fits((double[]){options->shading, 255}, 0, 255) ||
	    !range_fits((double[]){options->texture, 255}, 0, 255) ||
	    !range_fits((double[]){options->gratings, 255}, 0, 255))
		return err_set("shading, texture and gratings: not in 0..255 grey levels");
	return 0;
}

struct leaves *leaves_start(const struct leaves_options *options, uint64_t seed)
{
	if (leaves_check(options) < 0)
		return NULL;

	struct leaves *leaves = mem_alloc(1, sizeof *leaves);
	if (!leaves)
		return NULL;
	leaves->seed = seed;
	leaves->size = options->size;
	leaves->classes = (unsigned)options->classes;
	leaves->purity = options->classes > 1 ? fixed(options->purity, 65536) : 65536;
	for (size_t i = 0; i < 2; i++) {
		leaves->radius[i] = fixed(options->radius[i], PX);
		leaves->front[i] = fixed(options->front[i], PX);
		leaves->grey[i] = fixed(options->grey[i], 16);
	}
	leaves->shading = fixed(options->shading, 16);
	leaves->gratings = fixed(options->gratings, 16);
	leaves->gain =
	    (int32_t)((fixed(options->texture, 16) * UINT64_C(65536) + NOISE_RMS / 2) / NOISE_RMS);
	leaves->across_y = root((uint64_t)fixed(options->stretch, 65536) << 14);
	leaves->across_x = (ONE * (uint32_t)ONE + leaves->across_y / 2) / leaves->across_y;
	leaves->width = (uint32_t)((uint64_t)leaves->size * PX * leaves->across_x / ONE);
	leaves->height = (uint32_t)((uint64_t)leaves->size * PX * leaves->across_y / ONE);
	uint32_t across = leaves->across_x > leaves->across_y ? leaves->across_x : leaves->across_y;
	leaves->margin = (int32_t)(136 * across / ONE + 3); /* 96 sqrt(2), and rounding */
	for (size_t shape = 0; shape < leaves->classes; shape++) {
		uint32_t reach =
		    (uint32_t)((uint64_t)leaves->radius[1] * shapes[shape].reach >> 16) + 2;
		if (leaves->border < reach)
			leaves->border = reach;
	}
	leaves_sines(leaves->sine);
	return leaves;
}

void leaves_free(struct leaves *leaves)
{
	free(leaves);
}

struct leaves_canvas *leaves_canvas(const struct leaves *leaves)
{
	struct leaves_canvas *canvas = mem_alloc(1, sizeof *canvas);
	if (!canvas)
		return NULL;
	canvas->words = (leaves->size + 63) / 64;
	canvas->open = mem_alloc(leaves->size * canvas->words, sizeof *canvas->open);
	canvas->covered = mem_alloc(leaves->size * leaves->size, sizeof *canvas->covered);
	canvas->sum = mem_alloc(leaves->size * leaves->size, sizeof *canvas->sum);
	if (!canvas->open || !canvas->covered || !canvas->sum) {
		leaves_canvas_free(canvas);
		return NULL;
	}
	return canvas;
}

void leaves_canvas_free(struct leaves_canvas *canvas)
{
	if (!canvas)
		return;
	free(canvas->open);
	free(canvas->covered);
	free(canvas->sum);
	free(canvas);
}

unsigned leaves_class(const struct leaves *leaves, uint64_t index)
{
	unsigned order[LEAF_SHAPES], n = leaves->classes;
	struct rng rng = rng_start(leaves->seed, RNG_LEAVES, EPOCH_ORDER, index / n);
	for (unsigned i = 0; i < n; i++) {
		unsigned j = rng_below(&rng, i + 1);
		order[i] = i;
		order[i] = order[j];
		order[j] = i;
	}
	return order[index % n];
}

/* Turn and place the texture's lattices: all by one random angle, each by its own angle and shift. */
static void place_lattices(
    const struct leaves *leaves, struct rng *rng, struct lattice lattice[OCTAVES])
{
	uint32_t turn = rng_below(rng, LEAVES_TURN);
	for (unsigned k = 0; k < OCTAVES; k++) {
		uint32_t angle = turn + k * OCTAVE_TURN;
		int64_t s = leaves->sine[angle % LEAVES_TURN] * 3 / 2;
		int64_t c = leaves->sine[(angle + LEAVES_TURN / 4) % LEAVES_TURN] * 3 / 2;
		/* 1/2^24 of the finest spacing, 4/3 px; noise_at divides the rest away */
		lattice[k] = (struct lattice){.x = (int64_t)rng_bits(rng) << 8,
		    .y = (int64_t)rng_bits(rng) << 8,
		    .xu = c,
		    .xv = s,
		    .yu = -s,
		    .yv = c};
	}
}

/* A corner of a lattice: uniform on the odd numbers from -255 to 255. */
static int32_t corner(uint32_t x, uint32_t y, uint32_t key)
{
	uint32_t h = (x * 0x9e3779b1u) ^ (y * 0x85ebca77u) ^ key;
	h = (h ^ h >> 15) * 0x2c1b3c6du;
	h = (h ^ h >> 12) * 0x297a2d39u;
	return 2 * (int32_t)(h >> 24) - 255;
}

/* Sum of the octaves at (u, v): each is a random lattice smoothed by t^2 (3 - 2t) between its corners. All have one
 * variance, as octaves of a plane noise have whose amplitude falls as 1/f. Rms NOISE_RMS. */
static int32_t noise_at(const struct lattice lattice[OCTAVES], uint32_t key, int32_t u, int32_t v)
{
	int32_t sum = 0;
	for (unsigned k = 0; k < OCTAVES; k++) {
		const struct lattice *l = &lattice[k];
		/* in 1/65536 of this octave's spacing; made positive, so that the shift is a floor */
		uint64_t x =
		    ((uint64_t)(l->x + l->xu * u + l->xv * v) + (UINT64_C(1) << 62)) >> (8 + k);
		uint64_t y =
		    ((uint64_t)(l->y + l->yu * u + l->yv * v) + (UINT64_C(1) << 62)) >> (8 + k);
		uint32_t i = (uint32_t)(x >> 16), j = (uint32_t)(y >> 16),
			 key_k = key + k * 0x6d2b79f5u;
		int32_t s = (int32_t)(x >> 8 & 255), t = (int32_t)(y >> 8 & 255);
		s = (s * s * (768 - 2 * s) + 32768) >> 16;
		t = (t * t * (768 - 2 * t) + 32768) >> 16;
		int32_t top = corner(i, j, key_k) * (256 - s) + corner(i + 1, j, key_k) * s;
		int32_t low = corner(i, j + 1, key_k) * (256 - s) + corner(i + 1, j + 1, key_k) * s;
		sum += (int32_t)floor_shift(top * (256 - t) + low * t, 8);
	}
	return sum;
}

int leaves_texture(const struct leaves *leaves, uint64_t index, size_t x, size_t y)
{
	struct rng rng = rng_start(leaves->seed, RNG_LEAVES, EPOCH_TEXTURE, index);
	struct lattice lattice[OCTAVES];
	uint32_t key = rng_bits(&rng);
	place_lattices(leaves, &rng, lattice);
	int32_t u = (int32_t)((uint64_t)x * PX * leaves->across_x / ONE);
	int32_t v = (int32_t)((uint64_t)y * PX * leaves->across_y / ONE);
	return (int)floor_shift((int64_t)noise_at(lattice, key, u, v) * leaves->gain, 16);
}

static void draw_looks(const struct leaves *leaves, struct rng *rng, struct leaf *leaf)
{
	leaf->seen = true;
	leaf->key = rng_bits(rng);
	leaf->grey =
	    (int32_t)(leaves->grey[0] + rng_below(rng, leaves->grey[1] - leaves->grey[0] + 1));
	uint32_t angle = rng_below(rng, LEAVES_TURN);
	int64_t shading = rng_below(rng, leaves->shading + 1);
	/* 1/16 grey level per q8, times 2^15 */
	leaf->shade_u = (int32_t)(shading * leaves->sine[(angle + LEAVES_TURN / 4) % LEAVES_TURN] /
				  leaf->radius);
	leaf->shade_v = (int32_t)(shading * leaves->sine[angle] / leaf->radius);
	place_lattices(leaves, rng, leaf->lattice);
	if (leaves->gratings) {
		angle = rng_below(rng, LEAVES_TURN);
		int64_t period = GRATING_PERIOD + rng_below(rng, GRATING_PERIODS + 1);
		/* turns/LEAVES_TURN per q8, times 2^15 */
		leaf->wave_u =
		    (int32_t)((int64_t)leaves->sine[(angle + LEAVES_TURN / 4) % LEAVES_TURN] *
			      LEAVES_TURN / period);
		leaf->wave_v = (int32_t)((int64_t)leaves->sine[angle] * LEAVES_TURN / period);
		leaf->wave_start = (int32_t)rng_below(rng, LEAVES_TURN);
	}
}

/* Grey level at (u, v), 1/16. */
static int32_t grey_at(const struct leaves *leaves, const struct leaf *leaf, int32_t u, int32_t v)
{
	int64_t grey = leaf->grey;
	grey += floor_shift((int64_t)leaf->shade_u * u + (int64_t)leaf->shade_v * v, 15);
	if (leaves->gain)
		grey += floor_shift(
		    (int64_t)noise_at(leaf->lattice, leaf->key, u, v) * leaves->gain, 16);
	if (leaves->gratings) {
		int64_t phase =
		    floor_shift((int64_t)leaf->wave_u * u + (int64_t)leaf->wave_v * v, 15);
		uint64_t i = (uint64_t)(phase + leaf->wave_start) % LEAVES_TURN;
		grey += floor_shift((int64_t)leaves->gratings * leaves->sine[i], 15);
	}
	return (int32_t)grey;
}

static int32_t larger(int32_t a, int32_t b)
{
	return a > b ? a : b;
}

static int32_t magnitude(int32_t a)
{
	return a < 0 ? -a : a;
}

/* A function of the place that is at most 0 inside the star and changes no faster than the place: the second largest
 * distance beyond the pentagram's five lines (four of five half planes hold in the tips, all in the core). */
static int32_t star_distance(int32_t u, int32_t v, int32_t line)
{
	static const int32_t normal[5][2] = {/* (sin, -cos) of multiples of 72 degrees, 1/2^15 */
	    {0, -32768}, {31164, -10126}, {19261, 26510}, {-19261, 26510}, {-31164, -10126}};
	int32_t first = INT32_MIN, second = INT32_MIN;
	for (size_t i = 0; i < 5; i++) {
		int32_t d = (int32_t)floor_shift(
				(int64_t)normal[i][0] * u + (int64_t)normal[i][1] * v, 15) -
			    line;
		second = larger(second, d < first ? d : first);
		first = larger(first, d);
	}
	return second;
}

/* 1: all places within `margin` of (u, v) are inside the leaf, -1: all are outside, 0: cannot tell. With
 * margin 0 it is never 0. */
static int leaf_side(const struct leaf *leaf, int32_t u, int32_t v, int32_t margin)
{
	int32_t a = leaf->a, b = leaf->b, distance;
	if (leaf->shape == LEAF_DISC || leaf->shape == LEAF_RING) {
		int64_t square = (int64_t)u * u + (int64_t)v * v;
		int64_t outer = a + margin, inner = larger(a - margin, 0);
		int64_t hole_outer = b + margin, hole_inner = larger(b - margin, 0);
		if (square > outer * outer || square < hole_inner * hole_inner)
			return -1;
		return square <= inner * inner && (!b || square >= hole_outer * hole_outer) &&
		       a >= margin;
	}
	u = magnitude(u);
	if (leaf->shape == LEAF_STAR) {
		distance = star_distance(u, v, a); /* mirror-symmetric about u = 0 */
	} else {
		v = magnitude(v);
		if (leaf->shape == LEAF_SQUARE) {
			distance = larger(u, v) - a;
		} else {
			distance = larger(u - a, v - b);
			int32_t other = larger(u - b, v - a);
			if (leaf->shape == LEAF_CROSS && other < distance)
				distance = other;
		}
	}
	return distance <= -margin ? 1 : distance > margin ? -1 : 0;
}

/* The samples of a pixel inside the leaf; (u, v) of its centre, 1/2^23 px. */
static uint32_t samples_inside(const struct leaf *leaf, int64_t u, int64_t v)
{
	uint32_t inside = 0;
	for (int32_t i = 0; i < SUBSAMPLES; i++) {
		for (int32_t j = 0; j < SUBSAMPLES; j++) {
			int32_t x = (2 * j + 1 - SUBSAMPLES) * PX / (2 * SUBSAMPLES);
			int32_t y = (2 * i + 1 - SUBSAMPLES) * PX / (2 * SUBSAMPLES);
			int32_t su = (int32_t)floor_shift(
			    u + (int64_t)leaf->ux * x + (int64_t)leaf->uy * y, 15);
			int32_t sv = (int32_t)floor_shift(
			    v + (int64_t)leaf->vx * x + (int64_t)leaf->vy * y, 15);
			if (leaf_side(leaf, su, sv, 0) > 0)
				inside |= 1u << (i * SUBSAMPLES + j);
		}
	}
	return inside;
}

/* The pixels, clipped, that centre -+ reach (leaf plane, q8) can touch along one axis of `size` pixels: *first to
 * *last, or false. */
static bool pixels_touched(
    int64_t centre, int64_t reach, uint32_t across, size_t size, size_t *first, size_t *last)
{
	int64_t low = (centre - reach) * ONE, high = (centre + reach) * ONE;
	int64_t pixel = (int64_t)across * PX;
	if (high < 0 || low >= (int64_t)size * pixel)
		return false;
	*first = low > 0 ? (size_t)(low / pixel) : 0;
	*last = (size_t)(high / pixel);
	if (*last >= size)
		*last = size - 1;
	return true;
}

/* Put a leaf of that shape, radius and centre (leaf plane, q8) behind what is there. Gives the number of pixels it
 * closed. */
static size_t put_leaf(const struct leaves *leaves, struct leaves_canvas *canvas, struct rng *rng,
    enum leaf_shape shape, uint32_t radius, int64_t x, int64_t y)
{
	size_t left, right, top, bottom, closed = 0;
	int64_t reach = (int64_t)((uint64_t)radius * shapes[shape].reach >> 16) + 2;
	if (!pixels_touched(x, reach, leaves->across_x, leaves->size, &left, &right) ||
	    !pixels_touched(y, reach, leaves->across_y, leaves->size, &top, &bottom))
		return 0;
	uint32_t angle = rng_below(rng, LEAVES_TURN);
	int64_t s = leaves->sine[angle];
	int64_t c = leaves->sine[(angle + LEAVES_TURN / 4) % LEAVES_TURN];
	struct leaf leaf = {.shape = shape,
	    .radius = (int32_t)radius,
	    .a = (int32_t)((uint64_t)radius * shapes[shape].a >> 16),
	    .b = (int32_t)((uint64_t)radius * shapes[shape].b >> 16),
	    .u = -(c * x + s * y),
	    .v = s * x - c * y,
	    .ux = (int32_t)floor_shift(c * leaves->across_x, 15),
	    .uy = (int32_t)floor_shift(s * leaves->across_y, 15),
	    .vx = -(int32_t)floor_shift(s * leaves->across_x, 15),
	    .vy = (int32_t)floor_shift(c * leaves->across_y, 15)};
	for (size_t i = top; i <= bottom; i++) {
		for (size_t word = left / 64; word <= right / 64; word++) {
			uint64_t open = canvas->open[i * canvas->words + word];
			if (word == left / 64)
				open &= ~UINT64_C(0) << left % 64;
			if (word == right / 64)
				open &= ~UINT64_C(0) >> (63 - right % 64);
			for (; open; open &= open - 1) {
				size_t j = word * 64 + lowest_bit(open),
				       pixel = i * leaves->size + j;
				int64_t px = (int64_t)j * PX + PX / 2,
					py = (int64_t)i * PX + PX / 2;
				int64_t u = leaf.u + leaf.ux * px + leaf.uy * py,
					v = leaf.v + leaf.vx * px + leaf.vy * py;
				int32_t cu = (int32_t)floor_shift(u, 15),
					cv = (int32_t)floor_shift(v, 15);
				int side = leaf_side(&leaf, cu, cv, leaves->margin);
				if (side < 0)
					continue;
				uint32_t inside = side ? COVERED : samples_inside(&leaf, u, v);
				inside &= ~(uint32_t)canvas->covered[pixel];
				if (!inside)
					continue;
				if (!leaf.seen)
					draw_looks(leaves, rng, &leaf);
				canvas->sum[pixel] +=
				    grey_at(leaves, &leaf, cu, cv) * __builtin_popcount(inside);
				canvas->covered[pixel] |= (uint16_t)inside;
				if (canvas->covered[pixel] == COVERED) {
					canvas->open[i * canvas->words + word] &=
					    ~(UINT64_C(1) << j % 64);
					closed++;
				}
			}
		}
	}
	return closed;
}

void leaves_draw(
    const struct leaves *leaves, uint64_t index, struct leaves_canvas *canvas, uint8_t *image)
{
	size_t size = leaves->size, open = size * size;
	unsigned class = leaves_class(leaves, index);
	struct rng rng = rng_start(leaves->seed, RNG_LEAVES, EPOCH_IMAGE, index);
	memset(canvas->covered, 0, open * sizeof *canvas->covered);
	memset(canvas->sum, 0, open * sizeof *canvas->sum);
	memset(canvas->open, 0xff, size * canvas->words * sizeof *canvas->open);
	if (leaves->front[1]) {
		/* its centre is in the middle half of the image, each way */
		uint32_t radius =
		    leaves->front[0] + rng_below(&rng, leaves->front[1] - leaves->front[0] + 1);
		int64_t x = leaves->width / 4 + rng_below(&rng, leaves->width / 2 + 1);
		int64_t y = leaves->height / 4 + rng_below(&rng, leaves->height / 2 + 1);
		open -= put_leaf(leaves, canvas, &rng, (enum leaf_shape) class, radius, x, y);
	}
	while (open) {
		enum leaf_shape shape = (enum leaf_shape) class;
		if (rng_bits(&rng) >> 16 >= leaves->purity)
			shape = (enum leaf_shape)(
			    (class + 1 + rng_below(&rng, leaves->classes - 1)) % leaves->classes);
		uint32_t radius =
		    leaves_radius(leaves->radius[0], leaves->radius[1], rng_bits(&rng) >> 1);
		int64_t x =
		    (int64_t)rng_below(&rng, leaves->width + 2 * leaves->border) - leaves->border;
		int64_t y =
		    (int64_t)rng_below(&rng, leaves->height + 2 * leaves->border) - leaves->border;
		open -= put_leaf(leaves, canvas, &rng, shape, radius, x, y);
	}
	for (size_t i = 0; i < size * size; i++) {
		int32_t sum = canvas->sum[i] + 128; /* of 16 samples in 1/16: 1/256 grey level */
		image[i] = (uint8_t)(sum < 0 ? 0 : sum > 255 * 256 + 255 ? 255 : sum >> 8);
	}
}
