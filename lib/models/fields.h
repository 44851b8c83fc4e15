/* The canonical fields of the models as fitted to all pairs, through a kernel's own estimator. */
#ifndef MODELS_FIELDS_H
#define MODELS_FIELDS_H

#include "models/fit.h"
#include "table/table.h"

/* Positive and negative weights, fitted by b + a M; rows of field_write with the model's name as kernel. 0 or -1. */
int fields_write(const struct design *design, struct table_out *table)
    __attribute__((warn_unused_result));

#endif
