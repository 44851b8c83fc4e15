/*
 * The iterated kernel: G[i][j][d] = mean of dhT_i(p) / dz_j(p + d) over images and places p, with p + d
 * inside, d up to R pixels either way, stored as a lateral kernel (F, F, 2R+1, 2R+1). It is what T
 * propagations through rectified units do to a small input, at the activity the images cause.
 *
 * By the adjoint: one backward pass for channel i gives the rows of all places of a lattice whose
 * spacing L = R + T (kl - 1)/2 + 1 keeps their supports apart, so it is exact for these places. The
 * lattice moves from image to image by a sequence that fills its cell evenly (Roberts' R2), and every
 * place gets its turn.
 */
#ifndef NET_JACOBIAN_H
#define NET_JACOBIAN_H

#include <stddef.h>
#include "net/network.h"

struct jacobian;

/* For a network run with `iterations` propagations, which from now on keeps what its adjoint needs. NULL with a
 * reason. */
struct jacobian *jacobian_create(struct network *net, size_t radius, size_t iterations,
    size_t threads) __attribute__((warn_unused_result));
void jacobian_free(struct jacobian *jacobian);

/* Add the n images (h x w) that network_run was just given: F backward passes. 0 or -1. */
int jacobian_add(struct jacobian *jacobian, struct network *net, size_t n, size_t h, size_t w)
    __attribute__((warn_unused_result));

/* The kernel (F, F, 2R+1, 2R+1). 0, or -1 where some d was never inside. */
int jacobian_result(const struct jacobian *jacobian, double *kernel)
    __attribute__((warn_unused_result));

#endif
