/* SPDX-License-Identifier: MIT */
/*
 * The one suspension point: try the transport, and only on EAGAIN wait, by way of the model, under the
 * connection's deadlines. Written once for every transport and model. Worker side.
 */
#ifndef CORE_IO_H
#define CORE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct brood_conn;

ssize_t io_recv(struct brood_conn *conn, void *buf, size_t size); /* > 0, 0 at the end, -errno */
int io_send(struct brood_conn *conn, const void *data, size_t size);
int io_finish(struct brood_conn *conn); /* idempotent */

/* One try: some bytes of a file, > 0; 0 at its end; -EAGAIN after a wait, now the client takes some; -errno. */
ssize_t io_send_file(struct brood_conn *conn, int fd, off_t offset, size_t size);

/* What was read too much, to be read again: at most CONN_BUFFER bytes with what is held back already, else -EMSGSIZE. */
int io_unread(struct brood_conn *conn, const void *data, size_t size);

/* Bytes that are no answer yet ("100 Continue"): should this worker die, its client is still owed one. */
int io_send_interim(struct brood_conn *conn, const void *data, size_t size);

/* After a wait for the client timed out, if none of the answer has left: one try to say so. True: it was said. */
bool io_say_late(struct brood_conn *conn, const void *data, size_t size);

/* What was handed over came too late, and has not left: somebody else is to answer, or this worker by io_say_late. */
bool io_owes_answer(const struct brood_conn *conn);

/* After a timeout that only whoever watches this worker may tell of: gives them the time to look. */
void io_leave_to_watcher(struct brood_conn *conn);

/* Between two calls of handle: until the client sends something (0), falls silent (-ETIMEDOUT, expired is set),
 * or the service drains (-ESHUTDOWN). */
int io_wait_for_request(struct brood_conn *conn);

/* The same in two halves, for who waits without a stack: -EAGAIN and parked_until_ns if it is to be waited for, else what is
 * the case; then what became of the wait. */
int io_look_for_request(struct brood_conn *conn);
int io_unpark(struct brood_conn *conn, int r);

/* One more operation that may not have had to wait: now and then others may go on, and see how far it is. */
void io_count(struct brood_conn *conn);

/* The connection failed with this errno: remember it, so that every further call answers the same. Returns it. */
int io_break(struct brood_conn *conn, int error);

#endif
