/*
 * Dead leaves: images of occluding shapes, the suite's embedded data.
 *
 * Leaves fall on the plane one after the other, uniformly in position and rotation, with radii of
 * density proportional to r^-3 between r_min and r_max: the law under which occlusion images have the
 * scale invariance of photographs (Ruderman 1997; Lee, Mumford & Huang 2001; Gousseau & Roueff 2007).
 * An image is drawn from the newest leaf to the oldest and is ready once it is covered, so that it is
 * an exact sample of the process in the window, without a border or an end of time. Each leaf has its
 * own grey level, linear shading and isotropic 1/f texture. An image's class is the shape that most of
 * its leaves have; all shapes of one radius have one area, so that only the shape tells the class.
 *
 * Every step from seed to byte is done in integers: the same seed and options give the same bytes on
 * every machine, whatever the number of threads. An image is a function of (options, seed, index).
 */
#ifndef IMAGE_LEAVES_H
#define IMAGE_LEAVES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum leaf_shape {
	LEAF_DISC,
	LEAF_SQUARE,
	LEAF_STAR,  /* pentagram */
	LEAF_CROSS, /* arms as long as they are wide */
	LEAF_RING,  /* inner radius .6 of the outer */
	LEAF_BAR,   /* 4 times as long as wide */
	LEAF_SHAPES,
};

/* The reals are rounded once to fixed point (1/256 px, 1/65536, 1/16 grey level). */
struct leaves_options {
	size_t size;    /* of the square images, px: 1..LEAVES_SIZE_MAX */
	size_t classes; /* the first so many shapes: 1..LEAF_SHAPES */
	double
	    purity; /* probability that a leaf has its class's shape, else one of the others: 0..1 */
	double
	    stretch; /* all structure is this many times longer along x: 1/16..16; 1 is isotropic */
	double radius
	    [2]; /* r_min, r_max, px: radii of the discs of equal area, 1..LEAVES_RADIUS_MAX */
	double front
	    [2]; /* range of the radius (uniform) of the leaf of the class's shape in front; 0, 0: none */
	double grey[2]; /* range of a leaf's grey level (uniform), 0..255 */
	double shading; /* largest change of grey level from a leaf's centre to r; uniform from 0 */
	double texture; /* rms grey levels of the 1/f texture */
	double
	    gratings; /* amplitude, in grey levels, of a sinusoidal grating of 4 to 12 px in each leaf; 0: none */
};

#define LEAVES_SIZE_MAX 4096
#define LEAVES_RADIUS_MAX 256

struct leaves;
struct leaves_canvas; /* scratch memory of one thread */

/* -1 with a reason, which begins with the option, where an option is out of range or two contradict each other. */
int leaves_check(const struct leaves_options *options);

/* NULL with a reason where leaves_check refuses the options, or without memory. */
struct leaves *leaves_start(const struct leaves_options *options, uint64_t seed)
    __attribute__((warn_unused_result));
void leaves_free(struct leaves *leaves);

struct leaves_canvas *leaves_canvas(const struct leaves *leaves)
    __attribute__((warn_unused_result));
void leaves_canvas_free(struct leaves_canvas *canvas);

/* Class of image `index`: images 0 to `classes` - 1 have every class once, in random order, and so
 * have the next `classes` images. */
unsigned leaves_class(const struct leaves *leaves, uint64_t index);

/* Draw image `index` into image (size, size), row-major, row 0 on top. */
void leaves_draw(
    const struct leaves *leaves, uint64_t index, struct leaves_canvas *canvas, uint8_t *image);

/* The texture alone: grey levels times 16 about zero at column x, row y of the texture numbered `index`. */
int leaves_texture(const struct leaves *leaves, uint64_t index, size_t x, size_t y);

/* The radius law at 31 random bits u: 2^31 equal steps of its distribution function, from r_max (u = 0)
 * down to r_min, in px/256 as are r_min and r_max, both at most 2^16. */
uint32_t leaves_radius(uint32_t r_min, uint32_t r_max, uint32_t u);

/* sin(2 pi i / LEAVES_TURN) * 2^15, rounded, for i = 0..LEAVES_TURN-1. */
#define LEAVES_TURN 4096
void leaves_sines(int32_t sine[LEAVES_TURN]);

#endif
