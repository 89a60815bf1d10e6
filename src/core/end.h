/* SPDX-License-Identifier: MIT */
/* The end of a connection in the service process: one record, then everything given back. */
#ifndef CORE_END_H
#define CORE_END_H

#include "contract/end_reason.h"

struct brood_conn;
struct child_exit;
struct end_record;
struct service;

void end_connection(struct brood_conn *conn, enum end_reason reason, const struct child_exit *ended);
void end_written_off(struct brood_conn *conn);
void end_expire(struct brood_conn *conn);

/* The counters and the line of one end. ended: how its worker's process did, or NULL. */
void end_tell(struct service *service, const struct end_record *record, const struct child_exit *ended);

/* A connection that was accepted and is not served: .refusal, an end record, close. */
void end_refused(struct brood_conn *conn, enum end_reason reason, int error);

#endif
