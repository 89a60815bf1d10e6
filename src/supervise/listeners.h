/* SPDX-License-Identifier: MIT */
/* The listeners of a service: opened once, before any fork; kept over every death; closed when it drains. */
#ifndef SUPERVISE_LISTENERS_H
#define SUPERVISE_LISTENERS_H

#include <stdbool.h>

struct supervised;
struct supervisor;

/* All URLs of one service. 0, or an exit status after report_fatal. */
int listeners_open(struct supervised *service);

/* "listening on …", one line each, on stderr. */
void listeners_announce(const struct supervised *service);

/* Ours only; the service process has its own. Unix paths are removed before the sockets are closed. */
void listeners_close(struct supervised *service);

/* A connected one (fd://) is served once: with our copy open, its client would never see the end. */
void listeners_let_go_of_connected(struct supervised *service);

bool listeners_left(const struct supervised *service);

/* Whether one that is open bears this URL: as bound, with its port and without settings. */
bool listeners_have(const struct supervised *service, const char *url);

#endif
