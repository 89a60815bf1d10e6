/* SPDX-License-Identifier: MIT */
/* The life of one connection in its worker: struct brood_host_ops.serve and its kin. */
#ifndef CORE_LIFE_H
#define CORE_LIFE_H

#include <stdbool.h>

struct brood_conn;

void life_serve(struct brood_conn *conn);

/* For struct brood_host_ops: the same for a connection that owns no stack while it waits for a request. */
bool life_serve_some(struct brood_conn *conn, int woken);
bool life_waits_for_client(struct brood_conn *conn);
void life_answered(struct brood_conn *conn, int result);

#endif
