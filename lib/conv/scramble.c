/* Phase scrambling of images: see scramble.h. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/threads.h"
#include "conv/fft.h"
#include "conv/scramble.h"

/* a worker's arrays */
struct room {
	real *image;     /* (h, w) */
	real *transform; /* (h, w/2 + 1) complex numbers */
	double *turn;    /* (h, w/2 + 1): cosine and sine of the angle added to each phase */
};

struct scramble {
	size_t c, h, w, threads;
	struct fft *forward, *back;
	struct room *room; /* (threads) */
};

struct scramble *scramble_plan(size_t c, size_t h, size_t w, size_t threads)
{
	size_t half = h * (w / 2 + 1);
	struct scramble *s = mem_alloc(1, sizeof *s);
	if (!s)
		return NULL;
	*s = (struct scramble){.c = c, .h = h, .w = w, .threads = threads};
	s->forward = fft_plan(FFT_R2C, h, w);
	s->back = fft_plan(FFT_C2R, h, w);
	s->room = calloc(threads, sizeof *s->room);
	bool ready = s->forward && s->back && s->room;
	for (size_t t = 0; ready && t < threads; t++) {
		struct room *room = &s->room[t];
		room->image = mem_alloc(h * w, sizeof *room->image);
		room->transform = mem_alloc(2 * half, sizeof *room->transform);
		room->turn = mem_alloc(2 * half, sizeof *room->turn);
		ready = room->image && room->transform && room->turn;
	}
	if (ready)
		return s;
	scramble_free(s);
	return NULL;
}

void scramble_free(struct scramble *s)
{
	if (!s)
		return;
	for (size_t t = 0; s->room && t < s->threads; t++) {
		free(s->room[t].image);
		free(s->room[t].transform);
		free(s->room[t].turn);
	}
	free(s->room);
	fft_free(s->forward);
	fft_free(s->back);
	free(s);
}

/* The turns of one image: exp(i a) at frequency (k, l), exp(-i a) at its mirror image. In columns 0 and w/2 both lie
 * in the stored half: the second takes the first one's. */
static void draw(const struct scramble *s, struct rng *rng, double *turn)
{
	size_t h = s->h, half = s->w / 2 + 1;
	for (size_t k = 0; k < h; k++) {
		for (size_t l = 0; l < half; l++) {
			size_t mirror = (h - k) % h;
			bool edge = l == 0 || 2 * l == s->w;
			double *here = turn + 2 * (k * half + l);
			if (edge && mirror < k) {
				here[0] = turn[2 * (mirror * half + l)];
				here[1] = -turn[2 * (mirror * half + l) + 1];
				continue;
			}
			double angle = 2 * M_PI * rng_uniform(rng);
			bool own = edge && mirror == k;
			here[0] = own ? (angle < M_PI ? 1 : -1) : cos(angle);
			here[1] = own ? 0 : sin(angle);
		}
	}
	turn[0] = 1; /* the mean stays */
}

struct job {
	struct scramble *s;
	const real *x;
	real *y;
	uint64_t seed, first;
};

/* The mean is taken out before and put back after, so that it costs the rest no precision. */
static void scramble_plane(
    const struct scramble *s, const struct room *room, const real *x, real *y)
{
	size_t pixels = s->h * s->w, half = s->h * (s->w / 2 + 1);
	double mean = 0;
	for (size_t i = 0; i < pixels; i++)
		mean += (double)x[i];
	mean /= (double)pixels;
	for (size_t i = 0; i < pixels; i++)
		room->image[i] = (real)((double)x[i] - mean);
	fft_exec(s->forward, room->image, room->transform);
	for (size_t i = 0; i < half; i++) {
		double re = (double)room->transform[2 * i], im = (double)room->transform[2 * i + 1];
		double c = room->turn[2 * i], d = room->turn[2 * i + 1];
		room->transform[2 * i] = (real)(re * c - im * d);
		room->transform[2 * i + 1] = (real)(re * d + im * c);
	}
	fft_exec(s->back, room->transform, room->image);
	for (size_t i = 0; i < pixels; i++)
		y[i] = (real)(mean + (double)room->image[i] / (double)pixels);
}

static int scramble_image(size_t i, size_t worker, void *argument)
{
	struct job *job = argument;
	const struct scramble *s = job->s;
	const struct room *room = &s->room[worker];
	struct rng rng = rng_start(job->seed, RNG_SCRAMBLE, 0, job->first + i);
	draw(s, &rng, room->turn);
	for (size_t c = 0; c < s->c; c++) {
		size_t plane = (i * s->c + c) * s->h * s->w;
		scramble_plane(s, room, job->x + plane, job->y + plane);
	}
	return 0;
}

int scramble_exec(
    struct scramble *s, const real *x, real *y, size_t n, uint64_t seed, uint64_t first)
{
	struct job job = {s, x, y, seed, first};
	return par_for(n, s->threads, scramble_image, &job);
}
