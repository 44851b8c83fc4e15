/* Stimuli of vision science: see stimuli.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "image/stimuli.h"

#define DEGREE (M_PI / 180)
#define PATHS_TRIED 1000  /* before "no path fits" */
#define DARTS_MISSED 2000 /* in a row, before the field counts as full */
#define ELEMENT_REACH 5.  /* sigmas, beyond which exp(-12.5) = 4e-6 of an element is left out */

static double square(double x)
{
	return x * x;
}

/* Centre of the pixel in row r, column c. */
static double pixel_x(const struct stimulus *s, size_t c)
{
	return (double)c - .5 * ((double)s->size - 1);
}

static double pixel_y(const struct stimulus *s, size_t r)
{
	return .5 * ((double)s->size - 1) - (double)r;
}

/* --- illusions: patterns that depend on u alone, where they are not smooth, where they show --- */

static double mach(const struct stimulus *s, double u)
{
	return fmax(-1, fmin(1, 2 * u / s->width));
}

static double mach_break(const struct stimulus *s, double u)
{
	double w = s->width / 2;
	return u < -w ? -w : u < w ? w : INFINITY;
}

static void mach_place(const struct stimulus *s, double *u, double *v)
{
	*u = s->width / 2;
	*v = 0;
}

static double cornsweet(const struct stimulus *s, double u)
{
	return fabs(u) < s->width ? copysign(square(1 - fabs(u) / s->width), u) : 0;
}

static double cornsweet_break(const struct stimulus *s, double u)
{
	double w = s->width;
	return u < -w ? -w : u < 0 ? 0 : u < w ? w : INFINITY;
}

static void cornsweet_place(const struct stimulus *s, double *u, double *v)
{
	*u = (s->width + (double)s->size / 2) / 2;
	*v = 0;
}

/* a dark bar from u = 0 to half a period, a light one below 0 */
static double white(const struct stimulus *s, double u)
{
	return u * s->frequency - floor(u * s->frequency) < .5 ? -1 : 1;
}

static double white_break(const struct stimulus *s, double u)
{
	double half = .5 / s->frequency, next = floor(u / half) * half;
	while (next <= u)
		next += half;
	return next;
}

static void white_place(const struct stimulus *s, double *u, double *v)
{
	*u = .25 / s->frequency;
	*v = -(double)s->size / 4;
}

static double edge(const struct stimulus *s, double u)
{
	(void)s;
	return u < 0 ? -1 : 1;
}

static double edge_break(const struct stimulus *s, double u)
{
	(void)s;
	return u < 0 ? 0 : INFINITY;
}

static void edge_place(const struct stimulus *s, double *u, double *v)
{
	*u = -(double)s->size / 4;
	*v = 0;
}

/* The mean of profile over a pixel whose centre has coordinate u. The square projects on u as a
 * trapezoid of base a + b, a = |sin theta|, b = |cos theta|; between breaks the integrand is a
 * polynomial of degree at most 3, for which two Gauss-Legendre points are exact. */
static double profile_mean(const struct stimulus *s, double u)
{
	const struct stimulus_info *kind = &stimulus_kinds[s->kind];
	double a = fabs(sin(s->theta)), b = fabs(cos(s->theta)), node = .5 / sqrt(3), sum = 0;
	double outer = (a + b) / 2, inner = fabs(a - b) / 2, slope = outer - inner;
	const double corners[] = {-inner, inner, outer};

	for (double t = -outer; t < outer;) {
		double end = fmin(outer, kind->next_break(s, u + t) - u);
		for (size_t i = 0; i < 3; i++)
			if (corners[i] > t && corners[i] < end)
				end = corners[i];
		if (!(end > t)) /* a break nearer than one rounding */
			end = nextafter(t, INFINITY);
		for (int sign = -1; sign <= 1; sign += 2) {
			double x = (t + end) / 2 + sign * node * (end - t);
			double weight = fabs(x) <= inner ? 1 : (outer - fabs(x)) / slope;
			sum += (end - t) / 2 * weight * kind->profile(s, u + x);
		}
		t = end;
	}
	return sum / fmax(a, b);
}

/* Keep of a convex polygon what has n . p <= d. p has room for one more corner; gives the count. */
static size_t clip(double (*p)[2], size_t count, double nx, double ny, double d)
{
	double q[16][2];
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		const double *a = p[i], *b = p[(i + 1) % count];
		double da = nx * a[0] + ny * a[1] - d, db = nx * b[0] + ny * b[1] - d;
		if (da <= 0) {
			q[kept][0] = a[0];
			q[kept++][1] = a[1];
		}
		if ((da < 0 && db > 0) || (da > 0 && db < 0)) {
			q[kept][0] = a[0] + da / (da - db) * (b[0] - a[0]);
			q[kept++][1] = a[1] + da / (da - db) * (b[1] - a[1]);
		}
	}
	for (size_t i = 0; i < kept; i++) {
		p[i][0] = q[i][0];
		p[i][1] = q[i][1];
	}
	return kept;
}

/* The part of the pixel at (x, y) inside the rectangle around (cx, cy), length along v, height along u. */
static double coverage(const struct stimulus *s, double x, double y, double cx, double cy,
    double length, double height)
{
	double vx = cos(s->theta), vy = sin(s->theta), ux = -vy, uy = vx, area = 0;
	double p[16][2] = {{x - .5, y - .5}, {x + .5, y - .5}, {x + .5, y + .5}, {x - .5, y + .5}};
	double v = vx * cx + vy * cy, u = ux * cx + uy * cy;
	size_t count = 4;

	count = clip(p, count, vx, vy, v + length / 2);
	count = clip(p, count, -vx, -vy, length / 2 - v);
	count = clip(p, count, ux, uy, u + height / 2);
	count = clip(p, count, -ux, -uy, height / 2 - u);
	for (size_t i = 0; i < count; i++) {
		const double *a = p[i], *b = p[(i + 1) % count];
		area += ((a[0] - x) * (b[1] - y) - (b[0] - x) * (a[1] - y)) / 2;
	}
	return area;
}

bool stimulus_places(const struct stimulus *s, double x[2], double y[2])
{
	double u, v;

	if (!stimulus_kinds[s->kind].place)
		return false;
	stimulus_kinds[s->kind].place(s, &u, &v);
	for (int i = 0; i < 2; i++) {
		int sign = i ? -1 : 1;
		x[i] = sign * (v * cos(s->theta) - u * sin(s->theta));
		y[i] = sign * (v * sin(s->theta) + u * cos(s->theta));
	}
	return true;
}

static int draw_illusion(const struct stimulus *s, float *image)
{
	double vx = cos(s->theta), vy = sin(s->theta), px[2], py[2];
	unsigned has = stimulus_kinds[s->kind].has;
	bool patches = has & STIMULUS_PATCH;
	double height =
	    has & STIMULUS_FREQUENCY ? .5 / s->frequency : s->patch; /* as high as its bar */

	stimulus_places(s, px, py);
	for (size_t r = 0; r < s->size; r++)
		for (size_t c = 0; c < s->size; c++) {
			double x = pixel_x(s, c), y = pixel_y(s, r);
			double pattern = profile_mean(s, vx * y - vy * x);
			/* the patches, of pattern 0, replace -1 (the first) and 1 */
			for (int i = 0; i < 2 && patches; i++)
				pattern += (i ? -1 : 1) *
					   coverage(s, x, y, px[i], py[i], s->patch, height);
			image[r * s->size + c] = (float)(s->mean * (1 + s->contrast * pattern));
		}
	return 0;
}

/* cos(2 pi f u + phase) of a grating of orientation theta. */
static double grating(const struct stimulus *s, double theta, double x, double y)
{
	return cos(2 * M_PI * s->frequency * (cos(theta) * y - sin(theta) * x) + s->phase);
}

/* Windows of the disc and of what surrounds it add up to 1. */
static int draw_grating(const struct stimulus *s, float *image)
{
	bool around = stimulus_kinds[s->kind].has & STIMULUS_TURN;

	for (size_t r = 0; r < s->size; r++)
		for (size_t c = 0; c < s->size; c++) {
			double x = pixel_x(s, c), y = pixel_y(s, r);
			double inside = fmin(1, fmax(0, (s->diameter / 2 + 1 - hypot(x, y)) / 2));
			double window = square(sin(M_PI / 2 * inside));
			double pattern = window * grating(s, s->theta, x, y);
			if (around)
				pattern += (1 - window) * grating(s, s->theta + s->turn, x, y);
			image[r * s->size + c] = (float)(s->mean * (1 + s->contrast * pattern));
		}
	return 0;
}

/* Elements by squares of the image whose side is the distance to keep, so that only 9 squares can hold one too near. */
struct neighbours {
	double distance, corner; /* px; the squares' first corner is (-corner, -corner) */
	size_t side;             /* squares in a row */
	size_t *first,
	    *next; /* 1 + number of a square's first element; of the element after this one; 0: none */
	size_t capacity; /* of next */
};

static void neighbours_free(struct neighbours *n)
{
	free(n->first);
	free(n->next);
}

static size_t square_of(const struct neighbours *n, double x)
{
	return (size_t)((x + n->corner) / n->distance);
}

/* Whether (x, y) keeps the distance from all elements. */
static bool has_room(
    const struct neighbours *n, const struct stimulus_element *e, double x, double y)
{
	size_t column = square_of(n, x), row = square_of(n, y);
	for (size_t r = row - 1; r <= row + 1; r++)
		for (size_t c = column - 1; c <= column + 1; c++)
			for (size_t i = n->first[r * n->side + c]; i > 0; i = n->next[i - 1])
				if (square(x - e[i - 1].x) + square(y - e[i - 1].y) <
				    square(n->distance))
					return false;
	return true;
}

/* Element number i enters. 0 or -1. */
static int neighbours_add(struct neighbours *n, const struct stimulus_element *e, size_t i)
{
	void *grown = n->next;
	if (mem_grow(&grown, &n->capacity, i + 1, sizeof *n->next))
		return -1;
	n->next = grown;
	size_t *first = &n->first[square_of(n, e[i].y) * n->side + square_of(n, e[i].x)];
	n->next[i] = *first;
	*first = i + 1;
	return 0;
}

/* Empty again. Points lie in the image; a border of one square on each side has no elements. */
static void neighbours_clear(struct neighbours *n)
{
	memset(n->first, 0, n->side * n->side * sizeof *n->first);
}

static int neighbours_create(struct neighbours *n, double distance, size_t size)
{
	*n = (struct neighbours){.distance = distance, .corner = (double)size / 2 + distance};
	n->side = (size_t)((double)size / distance) + 4;
	n->first = mem_alloc(n->side * n->side, sizeof *n->first);
	return n->first ? 0 : -1;
}

/* One half of a path: from the middle element to one end. forward: +1 or -1 along the path. */
static bool half_path(const struct stimulus *s, struct rng *rng, struct stimulus_element *e,
    size_t middle, int forward, double limit)
{
	double direction = s->theta, chord = s->spacing, x = 0, y = 0;
	size_t steps = forward > 0 ? s->elements - 1 - middle : middle;

	for (size_t k = 1; k <= steps; k++) {
		double turn = rng_below(rng, 2) ? s->path_angle : -s->path_angle;
		x += forward * chord * cos(direction + turn / 2);
		y += forward * chord * sin(direction + turn / 2);
		direction += turn;
		if (fabs(x) > limit || fabs(y) > limit)
			return false;
		e[forward > 0 ? middle + k : middle - k] =
		    (struct stimulus_element){.x = x, .y = y, .theta = direction, .on_path = true};
	}
	return true;
}

/* Lay the path: its middle element in the middle of the image; e[i].theta is the path's direction. */
static int lay_path(
    const struct stimulus *s, struct rng *rng, struct stimulus_element *e, struct neighbours *near)
{
	double limit = (double)s->size / 2 - 2 * s->sigma;
	size_t middle = (s->elements - 1) / 2;

	for (size_t attempt = 0; attempt < PATHS_TRIED; attempt++) {
		e[middle] = (struct stimulus_element){.theta = s->theta, .on_path = true};
		bool good = half_path(s, rng, e, middle, 1, limit) &&
			    half_path(s, rng, e, middle, -1, limit);
		neighbours_clear(near);
		for (size_t i = 0; i < s->elements && good; i++) {
			good = has_room(near, e, e[i].x, e[i].y);
			if (neighbours_add(near, e, i) < 0)
				return -1;
		}
		if (good)
			return 0;
	}
	return err_set("a path of %zu elements %g px apart: does not fit %zu px", s->elements,
	    s->spacing, s->size);
}

/* Add elements at random places to the path's until none has found room for DARTS_MISSED places. 0 or -1. */
static int fill(const struct stimulus *s, struct rng *rng, struct neighbours *near,
    struct stimulus_element **elements, size_t *count, size_t *capacity)
{
	for (size_t missed = 0; missed < DARTS_MISSED; missed++) {
		double x = (double)s->size * (rng_uniform(rng) - .5);
		double y = (double)s->size * (rng_uniform(rng) - .5);
		if (!has_room(near, *elements, x, y))
			continue;
		void *grown = *elements;
		if (mem_grow(&grown, capacity, *count + 1, sizeof **elements))
			return -1;
		*elements = grown;
		(*elements)[*count] =
		    (struct stimulus_element){.x = x, .y = y, .theta = M_PI * rng_uniform(rng)};
		if (neighbours_add(near, *elements, *count) < 0)
			return -1;
		++*count;
		missed = 0;
	}
	return 0;
}

int stimulus_scatter(const struct stimulus *s, struct stimulus_element **elements, size_t *count)
{
	struct rng rng = rng_start(s->seed, RNG_STIMULI, 0, s->pair);
	double across = s->kind == STIMULUS_LADDER ? M_PI / 2 : 0;
	size_t capacity = s->elements;
	struct stimulus_element *e = mem_alloc(capacity, sizeof *e);
	struct neighbours near;
	int status = neighbours_create(&near, STIMULUS_DISTANCE * s->spacing, s->size);

	if (!e || status < 0 || lay_path(s, &rng, e, &near) < 0) {
		free(e);
		neighbours_free(&near);
		return -1;
	}
	for (size_t i = 0; i < s->elements; i++) {
		double jitter = s->jitter * (2 * rng_uniform(&rng) - 1),
		       any = M_PI * rng_uniform(&rng);
		bool along = s->present || (s->keep_middle && i == (s->elements - 1) / 2);
		e[i].theta = along ? e[i].theta + across + jitter : any;
	}
	*count = s->elements;
	status = fill(s, &rng, &near, &e, count, &capacity);
	neighbours_free(&near);
	if (status < 0) {
		free(e);
		return -1;
	}
	for (size_t i = 0; i < *count; i++) {
		e[i].theta -= M_PI * floor(e[i].theta / M_PI);
		e[i].phase = s->random_phase ? M_PI * (2 * rng_uniform(&rng) - 1) : s->phase;
	}
	*elements = e;
	return 0;
}

/* Add an element to the pattern. A cosine under a Gaussian has a mean; it is subtracted in the
 * envelope's shape, so that elements of every phase keep the mean luminance. */
static void add_element(const struct stimulus *s, const struct stimulus_element *e, double *pattern)
{
	double vx = cos(e->theta), vy = sin(e->theta), reach = ELEMENT_REACH * s->sigma;
	double level = cos(e->phase) * exp(-2 * square(M_PI * s->sigma * s->frequency));
	double edge = (double)s->size - 1, column = e->x + edge / 2, row = edge / 2 - e->y;
	size_t c0 = (size_t)fmax(0, ceil(column - reach)), r0 = (size_t)fmax(0, ceil(row - reach));

	for (size_t r = r0; (double)r <= fmin(edge, row + reach); r++)
		for (size_t c = c0; (double)c <= fmin(edge, column + reach); c++) {
			double x = pixel_x(s, c) - e->x, y = pixel_y(s, r) - e->y;
			double wave = cos(2 * M_PI * s->frequency * (vx * y - vy * x) + e->phase);
			pattern[r * s->size + c] +=
			    exp(-(x * x + y * y) / (2 * square(s->sigma))) * (wave - level);
		}
}

static int draw_contour(const struct stimulus *s, float *image)
{
	struct stimulus_element *elements;
	size_t count, pixels = s->size * s->size;

	if (stimulus_scatter(s, &elements, &count))
		return -1;
	double *pattern = mem_alloc(pixels, sizeof *pattern);
	if (pattern) {
		for (size_t i = 0; i < count; i++)
			add_element(s, &elements[i], pattern);
		for (size_t i = 0; i < pixels; i++)
			image[i] = (float)(s->mean * (1 + s->contrast * pattern[i]));
	}
	free(elements);
	free(pattern);
	return pattern ? 0 : -1;
}

#define CONTOUR                                                                                    \
	.has = STIMULUS_FREQUENCY | STIMULUS_PHASE | STIMULUS_CONTOUR, .theta = "0",               \
	.frequency = "0.25", .phase = "0", .path_angle = "0:60:4", .diameter = "0", .size = 128,   \
	.count = 10, .draw = draw_contour
#define ILLUSION(n)                                                                                \
	.name = #n, .theta = "90", .frequency = "0.0625", .phase = "0", .path_angle = "0",         \
	.diameter = "0", .size = 64, .count = 1, .draw = draw_illusion
#define GRATING                                                                                    \
	.theta = "0:172.5:24", .frequency = "0.05:0.4:10", .phase = "0:330:12", .path_angle = "0", \
	.size = 64, .count = 1, .draw = draw_grating
const struct stimulus_info stimulus_kinds[STIMULUS_KINDS] = {
    [STIMULUS_GRATINGS] = {GRATING, .name = "gratings",
	.has = STIMULUS_FREQUENCY | STIMULUS_PHASE | STIMULUS_DIAMETER, .diameter = "0"},
    [STIMULUS_SURROUND] = {GRATING, .name = "surround",
	.has = STIMULUS_FREQUENCY | STIMULUS_PHASE | STIMULUS_DIAMETER | STIMULUS_TURN,
	.diameter = "16"},
    [STIMULUS_MACH] = {ILLUSION(mach), .has = STIMULUS_WIDTH, .width = 16, .width_most = 1,
	.profile = mach, .next_break = mach_break, .place = mach_place},
    [STIMULUS_CORNSWEET] = {ILLUSION(cornsweet), .has = STIMULUS_WIDTH, .width = 8,
	.width_most = .5, .profile = cornsweet, .next_break = cornsweet_break,
	.place = cornsweet_place},
    [STIMULUS_WHITE] = {ILLUSION(white), .has = STIMULUS_FREQUENCY | STIMULUS_PATCH,
	.profile = white, .next_break = white_break, .place = white_place},
    [STIMULUS_CONTRAST] = {ILLUSION(contrast), .has = STIMULUS_PATCH, .profile = edge,
	.next_break = edge_break, .place = edge_place},
    [STIMULUS_SNAKE] = {CONTOUR, .name = "snake"},
    [STIMULUS_LADDER] = {CONTOUR, .name = "ladder"},
};

int stimulus_draw(const struct stimulus *s, float *image)
{
	return stimulus_kinds[s->kind].draw(s, image);
}

void stimulus_words(unsigned has, char text[static STIMULUS_WORDS_SIZE])
{
	size_t used = 0;
	text[0] = '\0';
	for (size_t i = 0; i < STIMULUS_KINDS; i++)
		if ((!has || stimulus_kinds[i].has & has) && used < STIMULUS_WORDS_SIZE)
			used += (size_t)snprintf(text + used, STIMULUS_WORDS_SIZE - used, "%s%s",
			    used ? "," : "", stimulus_kinds[i].name);
}

void stimulus_row(const struct stimulus *s, struct table_out *table)
{
	unsigned has = stimulus_kinds[s->kind].has;
	bool contour = has & STIMULUS_CONTOUR;
	double x[2] = {NAN, NAN}, y[2] = {NAN, NAN};

	stimulus_places(s, x, y);
	table_text(table, stimulus_kinds[s->kind].name);
	table_orientation(table, s->theta / DEGREE);
	TABLE_REALS(table, has & STIMULUS_FREQUENCY ? s->frequency : NAN,
	    has & STIMULUS_PHASE && !s->random_phase ? s->phase / DEGREE : NAN, s->contrast,
	    s->mean, has & STIMULUS_DIAMETER ? s->diameter : NAN,
	    has & STIMULUS_WIDTH ? s->width : NAN, has & STIMULUS_PATCH ? s->patch : NAN);
	for (int i = 0; i < 2; i++) {
		TABLE_REALS(table, x[i], y[i]);
	}
	TABLE_REALS(table, contour ? s->present : NAN, contour ? s->path_angle / DEGREE : NAN,
	    contour ? s->spacing : NAN, contour ? (double)s->elements : NAN,
	    contour ? s->sigma : NAN, contour ? s->jitter / DEGREE : NAN,
	    contour ? (double)s->pair : NAN, has & STIMULUS_TURN ? s->turn / DEGREE : NAN);
}

int stimulus_element_rows(const struct stimulus *s, long long label, struct table_out *table)
{
	struct stimulus_element *elements;
	size_t count;

	if (stimulus_scatter(s, &elements, &count))
		return -1;
	for (size_t i = 0; i < count; i++) {
		table_int(table, label);
		table_int(table, (long long)i);
		TABLE_REALS(table, elements[i].x, elements[i].y);
		table_orientation(table, elements[i].theta / DEGREE);
		table_real(table, elements[i].phase / DEGREE);
		table_int(table, elements[i].on_path);
	}
	free(elements);
	return 0;
}
