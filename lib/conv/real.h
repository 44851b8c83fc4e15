/*
 * The number type of the convolutions and the network: float, or double where the library is compiled with
 * -DREAL_DOUBLE (for finite differences and comparisons to 1e-10 in tests). FFTW(x) and CBLAS(x) name the
 * library's functions of that type: FFTW(plan), CBLAS(gemm).
 */
#ifndef CONV_REAL_H
#define CONV_REAL_H

#include <float.h>
#include <cblas.h>
#include <fftw3.h>

#ifdef REAL_DOUBLE
typedef double real;
typedef double _Complex real_complex;
#define FFTW(name) fftw_##name
#define CBLAS(name) cblas_d##name
#define REAL_EPSILON DBL_EPSILON
#else
typedef float real;
typedef float _Complex real_complex;
#define FFTW(name) fftwf_##name
#define CBLAS(name) cblas_s##name
#define REAL_EPSILON FLT_EPSILON
#endif

#endif
