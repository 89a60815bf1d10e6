/* SPDX-License-Identifier: MIT */
/*
 * Another binary goes on in our place: same pid, same children, same sockets.
 *
 *   NONE ── candidate.h ────────────────────▶ CHECKING ── it says it is ready ── exec ──▶ (new image) TAKING_OVER
 *    ▲                                          │                                            │             │
 *    ├──────────── it does not, or no exec ─────┘        it cannot begin, reload fails: back ┘   its generation is
 *    └── (old image, and everything as it was) ◀─────────────────────────────────────────────   in office: NONE
 */
#ifndef SUPERVISE_UPGRADE_H
#define SUPERVISE_UPGRADE_H

#include <stddef.h>

#include "base/sentence.h"
#include "supervise/upgrade/candidate.h"

struct legacy;
struct supervisor;

#define UPGRADE_PATH_SIZE 4096

enum upgrade_phase { UPGRADE_NONE, UPGRADE_CHECKING, UPGRADE_TAKING_OVER };

struct upgrade {
	enum upgrade_phase phase;
	char path[UPGRADE_PATH_SIZE]; /* of what was executed at first; "" if not known */
	int back_fd;                  /* TAKING_OVER: the binary before us, else -1 */

	struct candidate candidate; /* CHECKING */
};

void upgrade_init(struct supervisor *supervisor);

/* Phase NONE. Ends in verbs_settled, or in another image. */
void upgrade_begin(struct supervisor *supervisor);

/* CHECKING: what the candidate says; why not, or NULL. */
void upgrade_checked(struct supervisor *supervisor, const char *why);

/* Nothing will come of it any more: the supervisor stops. */
void upgrade_abort(struct supervisor *supervisor);

/* The new image, with loop and signals: takes what was left for the supervisor itself, then, when everything is open, goes on
 * with a generation of its own. The first: 0, or -errno with a sentence. */
int upgrade_take_over(struct supervisor *supervisor, struct sentence *why);
void upgrade_go_on(struct supervisor *supervisor);

/* TAKING_OVER: our generation is in office, there is no way back. */
void upgrade_done(struct supervisor *supervisor);

/* TAKING_OVER: it cannot be. Returns only if there is no way back: then we go on as we are, or end. */
void upgrade_go_back(struct supervisor *supervisor, const char *why);

/* The same for an image that is no supervisor yet. argv as given to it. Returns -errno if there is no way back. */
int upgrade_return(const struct legacy *legacy, char *const *argv, const char *why);

#endif
