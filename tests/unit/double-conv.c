/* The convolutions in double. */
#include "conv.c"
