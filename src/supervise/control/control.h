/* SPDX-License-Identifier: MIT */
/*
 * The control socket: a Unix stream socket for root and the supervisor's own user. One request is one line, `VERB [ARGUMENTS]
 * [--json]`; the answer is `ok` and what was asked for, or `failed: why not`, then the end of input.
 */
#ifndef SUPERVISE_CONTROL_H
#define SUPERVISE_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sentence.h"

struct listener;
struct supervisor;

#define CONTROL_CLIENTS_MAX 16
#define CONTROL_REQUEST_MAX 4096
#define CONTROL_PATIENCE_MS 10000 /* for a client that neither sends nor reads */
#define CONTROL_PATH_SIZE   108
#define CONTROL_SYSTEM_PATH "/run/brood/control.sock"

/* Where the socket is unless somebody says: under $RUNTIME_DIRECTORY or $XDG_RUNTIME_DIR. -ENOENT if neither is set,
 * -ENAMETOOLONG; with a sentence. */
int control_default_path(char ret_path[CONTROL_PATH_SIZE], struct sentence *why);

/* The same for those who look for it: where they were told, or $BROOD_CONTROL; else the default place, or that of the
 * system, where there is something. given: NULL if nobody said. 0, or -errno with a sentence. */
int control_find_path(const char *given, char ret_path[CONTROL_PATH_SIZE], struct sentence *why);

/* Opens it where the configuration says, or at the default, and serves it from the supervisor's loop. Without any place, or with
 * the default one in use: none, and that is no failure. 0, or an exit status after report_fatal. */
int control_open(struct supervisor *supervisor);

/* Those who wait are told. Idempotent. */
void control_close(struct supervisor *supervisor);

/* After an upgrade: a client of the old image; waits: for an answer, else it is heard now. Takes fd. NULL: there is no room. */
struct verb_reply *control_adopt(struct supervisor *supervisor, int fd, bool waits);

/* Before an upgrade: answers that are ready are sent, as far as sockets take them; who is in the middle of asking is refused. */
void control_flush(struct supervisor *supervisor);

/* What an upgrade keeps: clients that have not said anything yet, at most max of them. How many. */
size_t control_unheard(const struct supervisor *supervisor, int *ret_fds, size_t max);

/* What an upgrade keeps: the socket, or NULL; and the directory that was made for it, or "". */
const struct listener *control_listener(const struct supervisor *supervisor);
const char *control_made_directory(const struct supervisor *supervisor);

/* When this image of the supervisor began. */
int64_t control_opened_ns(const struct supervisor *supervisor);

#endif
