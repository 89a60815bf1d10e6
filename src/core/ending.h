/* SPDX-License-Identifier: MIT */
/* The endings of a stream. Worker side. */
#ifndef CORE_ENDING_H
#define CORE_ENDING_H

struct brood_conn;

/* What core does when the handler left its connection open: no more from us, and if the client was still sending, read
 * and discard for a while, because closing with unread bytes resets the connection and takes the answer with it. */
void ending_leave(struct brood_conn *conn);

#endif
