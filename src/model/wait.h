/* SPDX-License-Identifier: MIT */
/* model_ops.wait and wait_fd for workers that have a thread of control to themselves: processes and threads. */
#ifndef MODEL_WAIT_H
#define MODEL_WAIT_H

#include <stdbool.h>
#include <stdint.h>

struct brood_conn;

int wait_poll(struct brood_conn *conn, short events, int64_t deadline_ns, bool watch_drain);
int wait_poll_fd(struct brood_conn *conn, int fd, short events, int64_t deadline_ns);

/* As wait_fd, without waiting: 0 if it is not ready. */
int wait_look_fd(int fd, short events);

/* What wait_fd makes of poll(2)'s revents. */
int wait_seen(short revents);

#endif
