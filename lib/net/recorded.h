/* Tuning from responses that come as a stream, whatever program measured them: activations of any network, firing rates of
 * cells. */
#ifndef NET_RECORDED_H
#define NET_RECORDED_H

#include "net/tuning.h"
#include "npys/npys.h"

/* The tuning to the gratings of the table `stimuli` of all responses of a stream, (N, F) or (N, F, H, W), of which the places
 * in the middle are taken. Record after record responses belong to the table's rows in their order, or, where integer labels
 * (N,) follow each record, to those rows. The table is opened when the first record arrives. NULL with a reason. */
struct tuning *recorded_tuning(struct npys_in *in, const char *stimuli)
    __attribute__((warn_unused_result));

#endif
