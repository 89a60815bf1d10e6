/* SPDX-License-Identifier: MIT */
/*
 * Admission: whether a client that was just accepted is let in. The decision is limits/limits.c; here its facts are
 * collected, and what follows is written down. A service without limits has no struct admission, and spends nothing.
 *
 * Who writes what: clients in hand are counted by whoever accepted them, the service process in its own table, a standing
 * worker in its own page; rates and penalties are written by the service process alone, and read by all. Nothing is locked.
 */
#ifndef CORE_ADMIT_H
#define CORE_ADMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/end_reason.h"
#include "core/admission.h"

struct brood_conn;
struct end_record;
struct service;

/* ---- In a service process that accepts (fork, thread, iterative), or a worker that serves many ---- */

/* A connection just accepted. END_NONE: it is let in, and counted until admit_ended; else it is to be refused. */
enum end_reason admit(struct service *service, struct brood_conn *conn);

/* Gives its count back, and writes down what its source did. Idempotent; nothing if it was not let in. */
void admit_ended(struct brood_conn *conn, enum end_reason reason);

/* Its thread may never come back: writes down what its source did; its count stays until admit_ended. */
void admit_written_off(struct brood_conn *conn);

/* What was made of it; NULL: there are no limits. */
const struct admission_place *admit_place(const struct brood_conn *conn);

/* How long it waited in the kernel's queue, if that was asked for. */
struct queue_wait admit_queue_wait(const struct brood_conn *conn);

/* ---- In a standing worker: it reads, and leaves its client's tag in its own page ---- */

/* Times that clients and tokens are counted while the service process writes. */
#define ADMIT_TRIES 16

struct admit_counts {
	unsigned int clients;   /* in hand, without the one in question */
	unsigned int of_source; /* of these, of its source */
	int64_t bucket_full_ns; /* limits/bucket.h */
	uint64_t turn;          /* of the service process's writing, when counting began (admit_write_begin) */
	int64_t now_ns;         /* when the one in question came */
};

/* Who it is. False: there are no limits, it is let in. */
bool admit_look(const struct service *service, struct brood_conn *conn, struct admit_client *ret_client);

/* Begin with what the service process has written down; then add each sibling with a client in its hands, as its page says
 * (any values). The service process learns of those by their end records: until then their tokens are taken here. */
void admit_counts_begin(const struct service *service, const struct admit_client *client, int64_t now_ns,
	struct admit_counts *ret_counts);
void admit_counts_add(const struct service *service, const struct admit_client *client, uint64_t sibling_tag,
	int64_t sibling_accepted_ns, struct admit_counts *counts);

/* The service process has written, or is writing, meanwhile: a token may have been counted twice, or not at all. So all are
 * counted anew, as long as tries are left: nobody waits for it. */
bool admit_counts_again(const struct service *service, const struct admit_counts *counts, int *tries);

/* One of the same source that is over, but whose end record the service process has not seen: its token is taken here. */
void admit_counts_ended(const struct service *service, int64_t accepted_ns, struct admit_counts *counts);

/* END_NONE: it is let in. Under a dry run always; then *ret_would is what it would have been, which is END_NONE otherwise. A
 * refusal leaves its explanation in the connection's note. */
enum end_reason admit_judge(const struct service *service, struct brood_conn *conn, const struct admit_client *client,
	const struct admit_counts *counts, enum end_reason *ret_would);

/* ---- In the service process of standing workers, for each end record ---- */

/* Around what takes a client off the board and writes down its token: workers who count meanwhile count again. */
void admit_write_begin(struct service *service);
void admit_write_end(struct service *service);

/* Takes the token, adds the penalty. uid: of a Unix peer, or SOURCE_NO_UID. */
void admit_harvest(struct service *service, const struct end_record *record, uint32_t uid);

/* The same for a record that tells of no end, but of somebody who came: takes the token. */
void admit_arrival(struct service *service, const struct end_record *record);

/* A count and a line, now and then, about somebody whom a dry run let in. */
void admit_tell_would(struct service *service, const struct end_record *record, enum end_reason would);

#endif
