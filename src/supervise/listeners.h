/* SPDX-License-Identifier: MIT */
/* The listeners of a service: opened once, before any fork; kept over every death; closed when it drains. */
#ifndef SUPERVISE_LISTENERS_H
#define SUPERVISE_LISTENERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/sentence.h"

struct supervised;
struct supervisor;

/* All URLs of one service; what the generation in office listens on already is used again. 0, or an exit status with a
 * sentence. */
int listeners_open(struct supervised *service, struct sentence *why);

/* "listening on …", one line each, on stderr, for those that are new. */
void listeners_announce(struct supervised *service);

/* Ours only; the service process has its own. Unix paths are removed before the sockets are closed, unless another
 * generation listens there. Idempotent. */
void listeners_close(struct supervised *service);

/* The same, but for those that were given to us (fd://): closed, they could never be opened again. */
void listeners_close_own(struct supervised *service);

/* A connected one (fd://) is served once: with our copy open, its client would never see the end. */
void listeners_let_go_of_connected(struct supervised *service);

/* Of several sockets with one address (reuseport=N) not the first; how many there are, the first being this one. */
bool listeners_is_sibling(const struct supervised *service, size_t number);
unsigned int listeners_sockets(const struct supervised *service, size_t number);

bool listeners_left(const struct supervised *service);

/* What we end with when this URL, written in a file or not, cannot be opened. */
int listeners_exit_status(const char *url, int error, bool in_file);

/* Whether one that is open bears this URL: as bound, with its port and without settings. */
bool listeners_have(const struct supervised *service, const char *url);

#endif
