/* SPDX-License-Identifier: MIT */
/* A server under experiment: a child of the runner with limits of its own, in a process group of its own, that never outlives it. */
#ifndef LAB_SERVER_H
#define LAB_SERVER_H

#include <stdbool.h>

#include "base/sentence.h"
#include "lab/bounds.h"
#include "process/child.h"

struct server_plan {
	const char *program;      /* its path */
	const char *const *words; /* ended by NULL, the first is its name */
	const char *directory;    /* relative paths among words count from there */
	struct bounds bounds;
};

struct server {
	struct child child;
	int output; /* its standard output and standard error; does not block */
	bool ended;
	struct child_exit how; /* once it has ended */
};

/* Borrows nothing. 0 or -errno with a sentence. What fails in the child is said on output. */
int server_start(const struct server_plan *plan, struct server *ret_server, struct sentence *why);

/* True once it has ended by itself. */
bool server_has_ended(struct server *server);

/* gently: first asks, and waits a while. Afterwards nothing of it is left. */
void server_stop(struct server *server, bool gently);

#endif
