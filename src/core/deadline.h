/* SPDX-License-Identifier: MIT */
/* How long anything may take for one connection: the one place where it is decided. Worker side. */
#ifndef CORE_DEADLINE_H
#define CORE_DEADLINE_H

#include <stdint.h>

#include "contract/end_reason.h"

struct brood_conn;

/* Now, or, where many clients ask several times a request each, when their loop woke: near enough, since a handler that keeps it
 * from turning has the watchdog to fear, not this. */
int64_t deadline_now_ns(const struct brood_conn *conn);

void deadline_begin(struct brood_conn *conn);         /* at the start of its life: first byte, total */
void deadline_begin_request(struct brood_conn *conn); /* in the slot; to be published (conn_publish) by the caller */
void deadline_end_request(struct brood_conn *conn);

struct deadline {
	int64_t at_ns;
	enum end_reason reason; /* which one it is */
};

/* The nearest of those that hold while waiting for input, for output, or for nothing (sleep). */
struct deadline deadline_for_read(const struct brood_conn *conn, int64_t now_ns);
struct deadline deadline_for_write(struct brood_conn *conn, int64_t now_ns);
struct deadline deadline_for_sleep(const struct brood_conn *conn);

/* One has passed: every further call fails with -ETIMEDOUT, and whoever watches this worker starts to count
 * kill_after. Returns -ETIMEDOUT. */
int deadline_expire(struct brood_conn *conn, enum end_reason reason);

/* -ETIMEDOUT if the request's or the connection's time is over, 0 otherwise. */
int deadline_check(struct brood_conn *conn);

#endif
