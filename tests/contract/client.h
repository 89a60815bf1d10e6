/* SPDX-License-Identifier: MIT */
/* The other side of the socket. Every call succeeds or ends the cell; every wait is bounded by PATIENCE_MS. */
#ifndef CONTRACT_CLIENT_H
#define CONTRACT_CLIENT_H

#include <stddef.h>

#include "cell.h"

int client_connect(struct cell *cell); /* datagrams: with an address of its own, if it needs one */
int client_connect_to(struct cell *cell, const char *url);
int client_connect_small(struct cell *cell, int buffer_size); /* as small as the kernel lets it be */
int client_connect_nameless(struct cell *cell);               /* unixgram: without an address to answer to */

void client_send(int fd, const void *data, size_t size);
void client_say(int fd, const char *text);
void client_try_say(int fd, const char *text); /* to somebody who may be gone already */
void client_finish(int fd);                    /* no more from this side */
void client_reset(int fd);                     /* TCP: closes with a reset */
void client_close(int fd);

void client_expect(int fd, const char *text); /* exactly these bytes; a datagram: this one */
void client_expect_end(int fd);
void client_expect_reset(int fd);
void client_expect_over(int fd); /* end or reset, after whatever comes before */
void client_expect_nothing(int fd, int ms);
size_t client_read_all(int fd, char *buf, size_t size); /* until the end */

/* Connect, say, expect, end (streams): a whole client. The question "?" need not be read by the handler. */
void client_ask(struct cell *cell, const char *question, const char *answer);

#endif
