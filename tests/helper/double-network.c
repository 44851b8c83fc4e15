/* The network in double. */
#include "network.c"
