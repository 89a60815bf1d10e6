/* SPDX-License-Identifier: MIT */
/* The end of a connection in the service process: one record, then everything given back. */
#ifndef CORE_END_H
#define CORE_END_H

#include "contract/end_reason.h"

struct brood_conn;
struct child_exit;

void end_connection(struct brood_conn *conn, enum end_reason reason, const struct child_exit *ended);
void end_written_off(struct brood_conn *conn);
void end_expire(struct brood_conn *conn);

/* A connection that was accepted and is not served: .refusal, an end record, close. */
void end_refused(struct brood_conn *conn, enum end_reason reason, int error);

#endif
