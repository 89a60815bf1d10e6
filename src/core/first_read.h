/* SPDX-License-Identifier: MIT */
/*
 * The first read of a standing worker's client, who may not have said anything yet: a quarter of all are a moment late. To try,
 * to wait and to try again costs three system calls; to block costs one. A worker with one client at a time has nothing else to
 * hear meanwhile (it is ended by a signal), but the deadline: that the socket keeps by itself, as accept hands down the
 * listener's SO_RCVTIMEO. Where there is more to mind than that one deadline, nobody blocks.
 */
#ifndef CORE_FIRST_READ_H
#define CORE_FIRST_READ_H

#include <stdbool.h>

struct listener;
struct service;

/* Whether the clients of this service may be read so. */
bool first_read_may_block(const struct service *service);

/* Before anybody accepts: sockets accepted from it give up a read as the service wants, or never, as before. Not for one given to
 * us. */
void first_read_prepare(const struct service *service, const struct listener *listener);

#endif
