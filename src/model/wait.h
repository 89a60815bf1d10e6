/* SPDX-License-Identifier: MIT */
/* model_ops.wait for workers that have a thread of control to themselves: processes and threads. */
#ifndef MODEL_WAIT_H
#define MODEL_WAIT_H

#include <stdbool.h>
#include <stdint.h>

struct brood_conn;

int wait_poll(struct brood_conn *conn, short events, int64_t deadline_ns, bool watch_drain);

#endif
