/* SPDX-License-Identifier: MIT */
/*
 * Lists of whom a setting means: "127.0.0.0/8 ::1 10.1.2.3 uid:1000 unix vsock:3", separated by blanks or commas. `unix` is
 * everybody on a Unix socket. A list is short and looked through from its beginning to its end. No names: what they
 * mean may change, and asking takes time. Pure.
 */
#ifndef LIMITS_CIDR_H
#define LIMITS_CIDR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/sentence.h"
#include "limits/source.h"

#define CIDR_MAX      256
#define CIDR_TEXT_MAX 64 /* bytes of one block as it is written */

struct cidr_list {
	size_t count;
	struct source_key block[CIDR_MAX];
};

/* NULL and "" are the empty list. 0, or -EINVAL (what is no block), -E2BIG (too many), with a sentence that names the
 * block by its text; the list is then left alone. */
int cidr_parse(const char *text, struct cidr_list *ret_list, struct sentence *why);

bool cidr_contains(const struct cidr_list *list, const struct source_key *key);

#endif
