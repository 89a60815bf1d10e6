/* SPDX-License-Identifier: MIT */
/* The life of one connection in its worker: struct brood_host_ops.serve. */
#ifndef CORE_LIFE_H
#define CORE_LIFE_H

struct brood_conn;

void life_serve(struct brood_conn *conn);

#endif
