/* SPDX-License-Identifier: MIT */
/* Who a user and a group are, by the databases of the machine. */
#ifndef PROCESS_ACCOUNT_H
#define PROCESS_ACCOUNT_H

#include <stddef.h>
#include <sys/types.h>

#include "base/sentence.h"

#define ACCOUNT_GROUPS_MAX  256
#define ACCOUNT_PATIENCE_MS 5000

struct account {
	uid_t uid;
	gid_t gid;
	size_t group_count; /* supplementary ones, gid not among them */
	gid_t groups[ACCOUNT_GROUPS_MAX];
};

/* user: name or number. group: name or number; NULL: the user's own. The user's supplementary groups are the account's.
 * A user without an entry in the database is a number, has no groups, and needs a group. -ENOENT and others, with a
 * sentence. Waits for the databases, which may be far away, but not longer than ACCOUNT_PATIENCE_MS (-ETIMEDOUT);
 * single-threaded processes only. */
int account_find(const char *user, const char *group, struct account *ret_account, struct sentence *why);

#endif
