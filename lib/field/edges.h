/*
 * Edge co-occurrence in images (Geisler et al. 2001; Sigman et al. 2001; Sanguinetti, Citti and Sarti 2010): given an
 * edge, how much more often than by chance is there another one at a displacement and orientation relative to it?
 *
 * Edges are found with a fixed external bank, which nothing was learned from: EDGES_ANGLES orientations of quadrature
 * pairs of Gabors (f = 0.2 cycles/px, sigma 1.7 px across and 2.2 px along the stripes, 13 x 13, even ones without mean;
 * borders mirrored). A pixel's orientation is that of the largest amplitude; it is an edge if that amplitude is a local
 * maximum across the stripes (bilinear at +-1 px), at least EDGES_THRESHOLD times the image's rms of largest amplitudes,
 * and 6 px or more from the border.
 */
#ifndef LATERAL_EDGES_H
#define LATERAL_EDGES_H

#include <stddef.h>

#define EDGES_ANGLES 18
#define EDGES_THRESHOLD 1.0

struct edges;

/* Co-occurrences up to `radius` px to every side. NULL with a reason. */
struct edges *edges_create(size_t radius) __attribute__((warn_unused_result));

/* Images x (n, h, w), any size from 16 px a side. Main thread (plans are made for new sizes). 0 or -1. */
int edges_add(struct edges *edges, size_t n, size_t h, size_t w, const float *x, size_t threads)
    __attribute__((warn_unused_result));

/*
 * k: (EDGES_ANGLES, 2 radius + 1, 2 radius + 1), log P(Delta, dtheta) / (P P) for the displacement Delta and the
 * orientation dtheta = t pi / EDGES_ANGLES of the other edge in the frame of the first (both of its frames, half
 * each): pairs within an image against those expected from the frequency of each orientation and the overlap of the
 * shifted image, both plus 1/2. Positive: more often than by chance. 0, or -1 where no edge was found.
 */
int edges_kernel(const struct edges *edges, float *k) __attribute__((warn_unused_result));

/* The angles, theta: (EDGES_ANGLES) rad. */
void edges_angles(double *theta);

void edges_free(struct edges *edges);

#endif
