/*
 * Stimuli of vision science, drawn analytically. Luminance is mean * (1 + contrast * pattern), with
 * pattern in [-1, 1] (Michelson contrast). Coordinates: pixels, x right, y up, origin in the middle
 * of the image; theta runs along the stripes, counter-clockwise from +x; u is the coordinate across
 * them, along theta + 90 degrees, and v along them.
 *
 * What is band-limited (gratings, Gabor elements) is sampled at the pixels' centres; what has edges
 * (the illusions) is averaged exactly over each pixel's square.
 */
#ifndef IMAGE_STIMULI_H
#define IMAGE_STIMULI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "table/table.h"

enum stimulus_kind {
	STIMULUS_GRATINGS,  /* cos(2 pi f u + phase), whole field or in a disc */
	STIMULUS_SURROUND,  /* the same in a disc, and around it one turned about the middle */
	STIMULUS_MACH,      /* dark plateau, linear ramp, light plateau: Mach bands at its knees */
	STIMULUS_CORNSWEET, /* equal plateaus that meet in a dark and a light cusp */
	STIMULUS_WHITE,     /* square-wave bars, equal grey patches on a dark and a light one */
	STIMULUS_CONTRAST,  /* dark and light half, an equal grey patch on each */
	STIMULUS_SNAKE,     /* a contour of Gabor elements along the path, among others at random */
	STIMULUS_LADDER,    /* the same with elements across the path */
	STIMULUS_KINDS,
};

/* What a kind has beside size, mean, contrast and theta. */
enum stimulus_has {
	STIMULUS_FREQUENCY = 1,
	STIMULUS_PHASE = 2,
	STIMULUS_DIAMETER = 4,
	STIMULUS_WIDTH = 8,
	STIMULUS_PATCH = 16,
	STIMULUS_CONTOUR = 32, /* a path, its elements, draws at random */
	STIMULUS_TURN = 64,    /* an orientation around the disc */
};

struct stimulus;

/* All that is known of a kind, a row of the table in stimuli.c. */
struct stimulus_info {
	const char *name;
	unsigned has; /* of enum stimulus_has */
	/* defaults, the lists as a command line has them: deg, cycles per pixel, deg, deg */
	const char *theta, *frequency, *phase, *path_angle, *diameter;
	size_t size, count;
	double width;
	double width_most; /* as a share of the image's side */
	int (*draw)(const struct stimulus *stimulus, float *image);
	/* an illusion, which depends on u but for two patches of pattern 0 in it: the pattern, the next place beyond u where
	 * it is not smooth (INFINITY: none), and where the first patch or lighter place is, the other being opposite */
	double (*profile)(const struct stimulus *stimulus, double u);
	double (*next_break)(const struct stimulus *stimulus, double u);
	void (*place)(const struct stimulus *stimulus, double *u, double *v);
};
extern const struct stimulus_info stimulus_kinds[STIMULUS_KINDS];

/* The names of the kinds that have one of `has` (0: of all), separated by commas. */
#define STIMULUS_WORDS_SIZE 128
void stimulus_words(unsigned has, char text[static STIMULUS_WORDS_SIZE]);

struct stimulus {
	enum stimulus_kind kind;
	size_t size;      /* the image is size x size pixels */
	double mean;      /* luminance, grey levels */
	double contrast;  /* of the pattern (illusions: of the inducers; contours: of an element) */
	double theta;     /* rad; contours: of the path at its middle */
	double frequency; /* cycles per pixel: gratings, white, elements of contours */
	double phase;     /* rad: gratings and elements; luminance is cos(2 pi f u + phase) */
	double diameter;  /* px, of a grating's disc with a flank of 2 px; INFINITY: whole field */
	double turn;      /* rad: of the grating around the disc, from theta on; surround */
	double width;     /* px: mach: of the ramp; cornsweet: of each cusp */
	double patch;     /* px: side of a test patch (white: its length along the bar) */
	double path_angle; /* rad: turn from one segment of the path to the next, either way */
	double spacing;    /* px: distance of neighbouring elements of the path */
	double sigma;      /* px: of an element's round Gaussian envelope */
	double jitter; /* rad: elements of the path turn by a uniform draw from [-jitter, jitter] */
	size_t elements;   /* on the path */
	bool random_phase; /* each element has its own phase, uniform; `phase` is not used */
	bool
	    present; /* false: the same places and elements, but those of the path are turned at random */
	bool keep_middle; /* the path's middle element stays also where `present` is false */
	uint64_t seed;    /* draws are a function of (seed, pair) */
	uint64_t pair;    /* number of the drawing: the same with and without contour */
};

/* One Gabor element: centre, orientation of its stripes in [0, pi), phase. */
struct stimulus_element {
	double x, y, theta, phase;
	bool on_path;
};

/* Where an illusion shows: 0 is what looks lighter, 1 what looks darker, of equal luminance but for
 * Mach bands. mach: the knees of the ramp; cornsweet: the middles of the plateaus; white, contrast:
 * the middles of the patches. x and y in pixels. False for the other kinds. */
bool stimulus_places(const struct stimulus *stimulus, double x[2], double y[2]);

/* The elements of a contour stimulus, those of the path first and in order; *elements is allocated
 * (free()). The other elements are added one by one at random places at least STIMULUS_DISTANCE
 * times the spacing from all before them, until there is no room. 0, or -1 where no path fits the
 * image. (After Field, Hayes and Hess 1993, who put one element into each cell of a grid.) */
#define STIMULUS_DISTANCE .85
int stimulus_scatter(const struct stimulus *stimulus, struct stimulus_element **elements,
    size_t *count) __attribute__((warn_unused_result));

/* Draw into image (size, size), row 0 on top. 0, or -1 with a reason. */
int stimulus_draw(const struct stimulus *stimulus, float *image)
    __attribute__((warn_unused_result));

/* A stimulus as cells of a table; angles in degrees, nan for parameters that its kind does not
 * have. */
#define STIMULUS_COLUMNS                                                                           \
	"kind theta_deg sf_cpp phase_deg contrast mean diameter_px width_px patch_px light_x_px "  \
	"light_y_px dark_x_px dark_y_px present path_angle_deg spacing_px length sigma_px "        \
	"jitter_deg pair turn_deg"
void stimulus_row(const struct stimulus *stimulus, struct table_out *table);

/* The elements of a contour, a row each, after a cell with the label. 0 or -1. */
#define STIMULUS_ELEMENT_COLUMNS "element x_px y_px theta_deg phase_deg on_path"
int stimulus_element_rows(const struct stimulus *stimulus, long long label, struct table_out *table)
    __attribute__((warn_unused_result));

#endif
