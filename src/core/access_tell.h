/* SPDX-License-Identifier: MIT */
/*
 * The access log in the service process: lines that workers left behind are written, and requests whose worker can write none any
 * more get theirs. A service without such a log calls nothing of this.
 */
#ifndef CORE_ACCESS_TELL_H
#define CORE_ACCESS_TELL_H

#include <stdbool.h>

#include "base/sentence.h"

struct brood_conn;
struct child_exit;
struct end_record;
struct harvest_note;
struct seat;
struct service;

/* The file of its own, if it has one and no supervisor. 0, or -errno with a sentence. */
int access_open(struct service *service, struct sentence *why);
void access_close(struct service *service); /* idempotent */

/* The ring of a new worker is empty. */
void access_begin_ring(struct service *service, unsigned int index);

/* What a standing worker left in its ring. True: there was something. */
bool access_harvest(struct service *service, unsigned int index);

/* Its worker is gone, and its ring harvested: a request whose line was in there has no need of another. */
void access_settle(struct service *service, unsigned int index, struct seat *seat);

/* A connection that is no standing worker's is over: what it left behind. record->asked_ns is 0 if that told all. */
void access_collect(struct brood_conn *conn, struct end_record *record);

/* The line of the request that nobody has told of, or that others have answered. */
void access_tell_end(struct service *service, const struct end_record *record, const struct child_exit *ended);

/* Lines that somebody has lost who could not say so. */
void access_tell_lost(struct service *service);

#endif
