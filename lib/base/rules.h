/* What options ask of one another: the rows OPT_NEEDS of a tool's table (options.h). */
#ifndef BASE_RULES_H
#define BASE_RULES_H

#include <stddef.h>
#include "base/options.h"

/* Whether every rule's names are options of the tool, and its words values they can have. 0 or -1 with the reason. */
int rules_sound(const struct tool *tool);

/* given: one per option of the table, in its order. -1 where a rule is broken: `what` is the option (size bytes), the
 * reason why. */
int rules_check(const struct tool *tool, const bool *given, char *what, size_t size);

#endif
