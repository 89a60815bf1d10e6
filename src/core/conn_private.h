/* SPDX-License-Identifier: MIT */
/* Parts of a connection's life that are files of their own. Private to src/core. */
#ifndef CORE_CONN_PRIVATE_H
#define CORE_CONN_PRIVATE_H

#include "contract/end_reason.h"
#include "core/service.h"

struct brood_end conn_end(const struct brood_conn *conn, enum end_reason reason, int error);
/* What came and was not read yet, at least one byte if there will be any: > 0, 0 at the end, -errno. */
ssize_t conn_fill(struct brood_conn *conn);
void conn_run_deferred(struct brood_conn *conn);
int conn_flush_file(struct brood_conn *conn);  /* what brood_file buffered; 0 or -errno */
void conn_close_file(struct brood_conn *conn); /* flushes, too */

#endif
