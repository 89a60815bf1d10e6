/* SPDX-License-Identifier: MIT */
/* Giving up rights for good: another user, a smaller tree of files, no capabilities. */
#ifndef PROCESS_PRIVILEGES_H
#define PROCESS_PRIVILEGES_H

#include <stdbool.h>

#include "base/sentence.h"

/* All texts borrowed. */
struct privileges {
	const char *user;   /* name or number, see account_find; NULL: stay who we are */
	const char *group;  /* only with user; NULL: the user's */
	const char *chroot; /* NULL: no other root directory */
	bool no_new_privs;  /* execve(2) never gives any rights */
	bool traceable;     /* by others of the same user: who changed its user is not, by itself */
};

/* What wanted says about itself: -EINVAL with a sentence. */
int privileges_check(const struct privileges *wanted, struct sentence *why);

/* Drop, and prove that it is so. A process that is not root afterwards has no capabilities; one that is (no user, or
 * root by name) keeps them. 0 or -errno with a sentence; after a failure the process is in between, and must end. For
 * single-threaded processes. Undoes what child_die_with_parent has armed. */
int privileges_drop(const struct privileges *wanted, struct sentence *why);

#endif
