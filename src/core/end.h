/* SPDX-License-Identifier: MIT */
/* The end of a connection in the service process: one record, then everything given back. */
#ifndef CORE_END_H
#define CORE_END_H

#include <stdbool.h>
#include <sys/types.h>

#include "contract/end_reason.h"

struct brood_conn;
struct child_exit;
struct end_record;
struct service;
struct slot;

void end_connection(struct brood_conn *conn, enum end_reason reason, const struct child_exit *ended);
void end_written_off(struct brood_conn *conn);
void end_expire(struct brood_conn *conn);

/* Counts it, and tells the supervisor: a worker did not end in good order. end_tell does so for those that it is told of. */
void end_worker_died(struct service *service, pid_t pid, enum end_reason reason, const struct child_exit *ended);

/* Past what it promised, now. */
bool end_is_overdue(const struct slot *slot);

/* Texts that somebody else may be writing: cut at their arrays. Mostly there are none, and then nothing of them is touched. */
void end_copy_texts(struct end_record *record, bool any, const char *blame, const char *note);

/* What the slot says, into record: copied, as its writer was never to be trusted. Its reason only if there is none yet. */
void end_read_slot(struct end_record *record, const struct slot *slot);

/* What conn and its slot say about its end; nothing of what only a death, or another process, would add. */
void end_fill_in(struct end_record *record, const struct brood_conn *conn, enum end_reason reason);

/* The counters and the line of one end. ended: how its worker's process did, or NULL. */
void end_tell(struct service *service, const struct end_record *record, const struct child_exit *ended);

#endif
