/* SPDX-License-Identifier: MIT */
/*
 * Whether a client keeps the minimum rate (.min_rate) while it is waited for: bytes of this request, divided by the
 * time for which we had to wait for them. What the handler takes for itself does not count, nor does the wait for the
 * first byte of a request (other deadlines have that), nor what the kernel took for a client that did not take it
 * yet. Worker side.
 */
#ifndef CORE_PACE_H
#define CORE_PACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct brood_conn;
struct conn_pace;

/* However slow it begins. */
#define PACE_GRACE_MS 5000

/* For how long more may be waited if nothing more moves; 0 or less: it is too slow. bytes: moved since it began.
 * Pure. */
int64_t pace_left_ns(const struct conn_pace *pace, int64_t bytes, int rate);

void pace_reset(struct brood_conn *conn);               /* between requests */
void pace_heard(struct brood_conn *conn, ssize_t size); /* that many bytes came */

/* Before a wait: when it must have moved something; CONN_NEVER if any rate will do. */
int64_t pace_for_read(const struct brood_conn *conn, int64_t now_ns);
int64_t pace_for_write(struct brood_conn *conn, int64_t now_ns);

/* After a wait for POLLIN or POLLOUT. */
void pace_waited(struct brood_conn *conn, short events, int64_t began_ns);

/* Whether the client took anything since pace_for_write. poll(2) says "writable" only after a third of the buffer
 * is free, for which a slow line may need minutes. */
bool pace_took(const struct brood_conn *conn);

#endif
