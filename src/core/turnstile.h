/* SPDX-License-Identifier: MIT */
/*
 * Admission in a standing worker: sums over what its siblings tell of themselves, through the read-only view of the board,
 * and a place for those who are refused. No lock: each reads what the others wrote last. The rules are core/admit.h's.
 */
#ifndef CORE_TURNSTILE_H
#define CORE_TURNSTILE_H

#include <stdbool.h>

#include "contract/end_reason.h"

struct admit_client;
struct arena;

/* The client in hand, who was told already (tell_client): is it let in? The reason, if not, is in its slot. *ret_would: why
 * it would have been refused, were this no dry run. */
bool turnstile_lets_in(struct arena *arena, struct admit_client *client, enum end_reason *ret_would);

void turnstile_refuse(struct arena *arena);             /* with a word, then parked: a reset must not overtake it */
void turnstile_look_after_refused(struct arena *arena); /* until somebody comes, or none of them is left */
void turnstile_close(struct arena *arena);              /* the same, to the end: a second at most */

#endif
