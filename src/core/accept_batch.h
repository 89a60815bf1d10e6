/* SPDX-License-Identifier: MIT */
/* Datagrams that are received several at a time, in a worker that serves many. */
#ifndef CORE_ACCEPT_BATCH_H
#define CORE_ACCEPT_BATCH_H

struct acceptor;

/* Receives those that are there, as far as there is room, and takes each in: how many, or the errno of recvmmsg(2). */
int accept_batch(struct acceptor *acceptor);

#endif
