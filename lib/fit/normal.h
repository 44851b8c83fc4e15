/*
 * The linear problem inside GSL's trust region for few parameters, by normal equations and Cholesky as GSL's own solver,
 * without calls of the BLAS, which at this size cost more than the sums. At most NORMAL_MAX parameters.
 */
#ifndef FIT_NORMAL_H
#define FIT_NORMAL_H

#include <gsl/gsl_multifit_nlinear.h>

#define NORMAL_MAX 8

extern const gsl_multifit_nlinear_solver normal_solver;

#endif
