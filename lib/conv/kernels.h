/*
 * Receptive profiles of the retina and the LGN, sampled at pixel centres on an odd square grid that reaches
 * KERNEL_REACH sigma (of the widest Gaussian) from its centre. rho: distance from the centre in px.
 *
 * Centre-on, and balanced on the grid itself: the weights sum to 0 (to rounding), so no constant is answered; the
 * positive weights sum to 1, so a spot of intensity 1 that just fills the centre is answered by 1, and the answer to
 * any image lies between -(max - min) and max - min. Reversing the sign gives the centre-off profile.
 */
#ifndef CONV_KERNELS_H
#define CONV_KERNELS_H

#include <stddef.h>

#define KERNEL_REACH 6
#define KERNEL_SIGMA_MIN 0.5
#define KERNEL_SIGMA_MAX 100
#define KERNEL_CENTRE_MAX 100 /* px, of x0 and y0 */

/* All give (*k, *k) row-major, freed with free(), or NULL with a reason; sigma within the bounds above. */

/* Gaussian of sum 1. */
double *kernel_gaussian(double sigma, size_t *k);

/* Laplacian of a Gaussian (Marr & Hildreth 1980), its sign reversed: A (1 - c - rho^2 / 2 sigma^2) exp(-rho^2 / 2
 * sigma^2); c makes the sum 0 (3e-7 at sigma = 1 px, .14 at .5 px, where the grid is too coarse for it). Its centre stands at
 * (x0, y0) px from the grid's middle, y up. */
double *kernel_log(double sigma, double x0, double y0, size_t *k);

/* Difference of Gaussians (Rodieck 1965): A (G(centre) - G(surround)), each of sum 1 on the grid; centre < surround. */
double *kernel_dog(double centre, double surround, size_t *k);

#endif
