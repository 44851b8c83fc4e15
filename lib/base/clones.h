/*
 * Hot loops are compiled for several kinds of CPU; the loader chooses. FOR_CPUS: without fused multiply-adds all of them
 * give the same bits. FOR_FMA, FOR_AVX512: for files that are compiled with fused multiply-adds, whose bits depend on the
 * CPU's kind as any BLAS's do.
 */
#ifndef BASE_CLONES_H
#define BASE_CLONES_H

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define FOR_CPUS __attribute__((target_clones("default", "avx2")))
#define FOR_FMA __attribute__((target_clones("default", "fma")))
#define FOR_AVX512 __attribute__((target_clones("default", "fma", "avx512f")))
#else
#define FOR_CPUS
#define FOR_FMA
#define FOR_AVX512
#endif

#endif
