/* SPDX-License-Identifier: MIT */
/* What becomes of the listeners of one generation in the next. */
#ifndef SUPERVISE_INHERITANCE_H
#define SUPERVISE_INHERITANCE_H

#include <stdint.h>

#include "base/sentence.h"

struct generation;
struct supervised;

/* The generation in office listens on this URL (but for its settings): service, of a coming one, has the same sockets now,
 * by descriptors of its own. How many; 0: nobody does, open it; or -errno with a sentence. */
int inheritance_claim(struct supervised *service, const char *url, struct sentence *why);

/* At the moment of taking office: the sockets are the heir's now, with the settings that it wants. What could not be
 * changed, one sentence after the other, is added to unapplied. */
void inheritance_settle(struct generation *heir, struct sentence *unapplied);

/* Which of the listeners that its process has the next generation has, too: a bit for each. */
uint32_t inheritance_passed_on(const struct supervised *service);

#endif
