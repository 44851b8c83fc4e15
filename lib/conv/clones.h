/* Hot loops are compiled for several CPUs; without fused multiply-adds all of them give the same bits. */
#ifndef CONV_CLONES_H
#define CONV_CLONES_H

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define FOR_CPUS __attribute__((target_clones("default", "avx2")))
#else
#define FOR_CPUS
#endif

#endif
