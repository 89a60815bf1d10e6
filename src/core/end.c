/* SPDX-License-Identifier: MIT */
#include "core/end.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "contract/placed.h"
#include "contract/transport.h"
#include "core/accept.h"
#include "core/access.h"
#include "core/access_tell.h"
#include "core/admit.h"
#include "core/crowd.h"
#include "core/dead.h"
#include "core/engine_private.h"
#include "core/lines.h"
#include "core/pool.h"
#include "transport/address.h"

#define PEER_TEXT_SIZE 128
#define MAX_FIELDS     (16 + DEAD_FIELDS)
#define MAX_ERRNO      4095

static enum brood_level level_of(const struct end_record *record)
{
	if (record->died)
		return BROOD_WARN;
	switch (end_reason_kind(record->reason)) {
	case END_KIND_OK:
	case END_KIND_CLIENT:
		return record->datagram ? BROOD_DEBUG : BROOD_INFO;
	default:
		return BROOD_WARN;
	}
}

/* A worker that publishes its slot and died on the way took its bytes along: no figure is better than a wrong one. */
static bool knows_counts(const struct brood_conn *conn)
{
	return !conn->model->ops->publishes || conn->pid == 0 ||
	       atomic_load_explicit(&conn->slot->phase, memory_order_relaxed) == PHASE_OVER;
}

void end_copy_texts(struct end_record *record, bool any, const char *blame, const char *note)
{
	record->has_texts = any;
	if (!any)
		return;
	memcpy(record->blame, blame, sizeof record->blame - 1);
	memcpy(record->note, note, sizeof record->note - 1);
	record->blame[sizeof record->blame - 1] = record->note[sizeof record->note - 1] = '\0';
}

void end_read_slot(struct end_record *record, const struct slot *slot)
{
	if (record->reason == END_NONE)
		record->reason = atomic_load_explicit(&slot->reason, memory_order_relaxed);
	if (record->reason == END_NONE || record->reason >= END_REASONS)
		record->reason = END_UNKNOWN;
	record->error = slot->error;
	record->bytes_in = atomic_load_explicit(&slot->bytes_in, memory_order_relaxed);
	record->bytes_out = atomic_load_explicit(&slot->bytes_out, memory_order_relaxed);
	record->requests = atomic_load_explicit(&slot->requests, memory_order_relaxed);
	record->asked_ns = atomic_load_explicit(&slot->asked_ns, memory_order_relaxed);
	if (record->asked_ns)
		record->status = atomic_load(&slot->answering) ? slot->status : 0;
	end_copy_texts(record, slot->note[0] || slot->blame[0], slot->blame, slot->note);
}

void end_fill_in(struct end_record *record, const struct brood_conn *conn, enum end_reason reason)
{
	const struct queue_wait queue_wait = admit_queue_wait(conn);

	record->reason = reason;
	record->worker = conn->pid;
	record->queue_us = queue_wait_bounded_us(&queue_wait);
	record->queue_at_most = queue_wait.at_most;
	record->counted = knows_counts(conn);
	record->datagram = conn->transport->datagram;
	record->accepted_ns = conn->accepted_ns;
	/* Not the loop's time: under iterative a whole life fits into one turn of it. */
	record->ended_ns = conn->ended_ns ? conn->ended_ns : clock_now_ns();
	record->peer_size = conn->peer_size;
	memcpy(&record->peer, &conn->peer, conn->peer_size);
	end_read_slot(record, conn->slot);
}

static void count(struct tally *tally, const struct end_record *record)
{
	int64_t lived_ns = record->ended_ns - record->accepted_ns;

	tally_add(&tally->ended_by[record->reason < END_REASONS ? record->reason : END_UNKNOWN], 1);
	if (end_reason_kind(record->reason) == END_KIND_REFUSED)
		tally_add(&tally->refused, 1);
	if (record->queue_us >= 0)
		histogram_add(&tally->queue_wait, (uint64_t)record->queue_us);
	histogram_add(&tally->duration, lived_ns > 0 ? (uint64_t)lived_ns / NS_PER_US : 0);
	tally_add(&tally->requests, record->requests);
	if (!record->counted)
		return;
	tally_add(&tally->bytes_in, record->bytes_in);
	tally_add(&tally->bytes_out, record->bytes_out);
}

/* Refused clients can come as fast as they like: a line now and then tells how many there were. */
static bool may_write_line(struct service *service, const struct end_record *record, uint64_t *ret_unsaid)
{
	if (level_of(record) > service->engine->log->max)
		return false;
	return !limits_is_refusal(record->reason) ||
	       rarely_may(&service->ledger->refused[record->reason], ret_unsaid);
}

static void write_line(
	struct service *service, const struct end_record *record, const struct child_exit *ended, uint64_t unsaid)
{
	char exit_text[DEAD_TEXT_SIZE], peer[PEER_TEXT_SIZE];
	struct log *log = service->engine->log;
	struct log_field fields[MAX_FIELDS];
	size_t n = 0;

	if (service->model.ops->publishes)
		lines_hold_until_sleep(service);
	if (record->worker)
		fields[n++] = LOG_INT("worker", record->worker);
	address_text(&record->peer.any, record->peer_size, peer, sizeof peer);
	fields[n++] = LOG_TEXT("peer", peer);
	fields[n++] = LOG_TEXT("reason", end_reason_name(record->reason));
	if (record->error < 0 && record->error >= -MAX_ERRNO)
		fields[n++] = LOG_TEXT("error", strerrordesc_np(-record->error));
	if (record->counted) {
		fields[n++] = LOG_UINT("in", record->bytes_in);
		fields[n++] = LOG_UINT("out", record->bytes_out);
	}
	if (record->counted || record->died)
		fields[n++] = LOG_UINT("requests", record->requests);
	fields[n++] = LOG_INT("ms", (record->ended_ns - record->accepted_ns) / NS_PER_MS);
	if (ended)
		n += dead_fields(record, ended, exit_text, &fields[n]);
	if (record->has_texts && record->blame[0])
		fields[n++] = LOG_TEXT("blame", record->blame);
	if (record->has_texts && record->note[0])
		fields[n++] = LOG_TEXT("note", record->note);
	if (unsaid)
		fields[n++] = LOG_UINT("again", unsaid);
	log_write(log, &(struct log_record){
			       .level = level_of(record),
			       .service = service->config.name,
			       .message = "end",
			       .fields = fields,
			       .field_count = n,
			       .batch = service->ledger->holding ? &service->ledger->lines : NULL,
			       .scratch = service->ledger->scratch,
		       });
}

void end_worker_died(struct service *service, pid_t pid, enum end_reason reason, const struct child_exit *ended)
{
	const struct engine_supervised *supervised = service->engine->supervised;

	tally_add(&service->ledger->tally->worker_deaths, 1);
	if (supervised && supervised->worker_died)
		supervised->worker_died(supervised->worker_died_arg, pid, reason, ended);
}

void end_tell(struct service *service, const struct end_record *record, const struct child_exit *ended)
{
	uint64_t unsaid = 0;

	if (access_is_wanted(service) && (record->asked_ns || record->answered || record->answered_late))
		access_tell_end(service, record, ended);
	count(service->ledger->tally, record);
	if (access_is_wanted(service))
		access_tell_lost(service);
	if (ended && record->died && !record->bystander)
		end_worker_died(service, record->worker, (enum end_reason)record->reason, ended);
	if (may_write_line(service, record, &unsaid))
		write_line(service, record, ended, unsaid);
	tally_set(&service->ledger->tally->lost_lines,
		atomic_load_explicit(&service->engine->log->lost_ever, memory_order_relaxed));
}

/* It said no goodbye, and a child of its own may still hold the socket: closing would not reach the client. */
static bool answer_for_dead(struct brood_conn *conn, const struct child_exit *ended)
{
	if (!conn->expire_sent && !conn->transport->datagram)
		conn->answered = dead_answer(conn->service, conn->fd, conn->slot, ended);
	return conn->answered;
}

static void tell(struct brood_conn *conn, enum end_reason reason, const struct child_exit *ended)
{
	struct service *service = conn->service;
	struct end_record *record = &service->ledger->record;

	end_fill_in(record, conn, reason);
	record->answered_late = conn->expire_sent && conn->answered;
	if (access_is_wanted(service))
		access_collect(conn, record);
	dead_examine(record, conn->slot, ended);
	record->answered = ended && record->phase != PHASE_OVER && answer_for_dead(conn, ended);
	end_tell(service, record, ended);
}

void end_connection(struct brood_conn *conn, enum end_reason reason, const struct child_exit *ended)
{
	struct service *service = conn->service;

	if (reason == END_NONE)
		reason = atomic_load_explicit(&conn->slot->reason, memory_order_relaxed);
	if (reason == END_NONE || reason >= END_REASONS)
		reason = END_UNKNOWN;
	/* A penalty is in force before anybody reads of it. */
	admit_ended(conn, reason);
	if (service->crowd)
		crowd_unseat(conn);
	if (service->crowd && !crowd_tell(conn, reason))
		return; /* it comes back when there is room for its record */
	if (!service->crowd && !conn->recorded)
		tell(conn, reason, ended);
	tally_add(&service->ledger->tally->ended, 1);
	list_remove(&conn->link);
	service->ledger->out_count--;
	tally_set(&service->ledger->tally->out, service->ledger->out_count);
	if (!service->crowd)
		placed_end(conn);
	if (conn->recorded)
		service->ledger->lost_count--;
	conn->transport->close(conn);
	pool_give(conn);
	accept_resume(service);
	engine_check_over(service->engine);
}

void end_written_off(struct brood_conn *conn)
{
	tell(conn, END_WRITTEN_OFF, NULL);
	admit_written_off(conn);
	conn->recorded = true;
	conn->service->ledger->lost_count++;
	tally_add(&conn->service->ledger->tally->written_off, 1);
}

bool end_is_overdue(const struct slot *slot)
{
	int64_t must_end_ns = atomic_load_explicit(&slot->must_end_ns, memory_order_relaxed);

	return must_end_ns > 0 && must_end_ns <= clock_now_ns();
}

/* shutdown(2) and not close(2): the worker may be in a system call on this very number. */
void end_expire(struct brood_conn *conn)
{
	if (conn->expire_sent || conn->transport->datagram)
		return;
	conn->expire_sent = true;
	/* Else it is cut off in the middle of its work, and may be about to answer. */
	if (end_is_overdue(conn->slot))
		conn->answered = dead_expire(conn->service, conn->fd, conn->slot);
	else
		shutdown(conn->fd, SHUT_RDWR);
}
