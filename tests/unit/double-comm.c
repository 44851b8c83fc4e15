/* Training on several processes, in double. */
#include "comm.c"
