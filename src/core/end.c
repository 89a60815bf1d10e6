/* SPDX-License-Identifier: MIT */
#include "core/end.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "contract/transport.h"
#include "core/accept.h"
#include "core/engine_private.h"
#include "core/pool.h"
#include "transport/address.h"

#define EXIT_TEXT_SIZE 32
#define PEER_TEXT_SIZE 128
#define MAX_FIELDS     16
#define MAX_ERRNO      4095

static enum brood_level level_of(const struct end_record *record)
{
	switch (end_reason_kind(record->reason)) {
	case END_KIND_OK:
	case END_KIND_CLIENT:
		return record->datagram ? BROOD_DEBUG : BROOD_INFO;
	default:
		return BROOD_WARN;
	}
}

static int64_t cpu_us(const struct rusage *usage)
{
	return (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * INT64_C(1000000) + usage->ru_utime.tv_usec +
	       usage->ru_stime.tv_usec;
}

/* A worker that publishes its slot and died on the way took its counts along: no figure is better than a wrong one. */
static bool knows_counts(const struct brood_conn *conn)
{
	return !conn->model->ops->publishes || conn->pid == 0 ||
	       atomic_load_explicit(&conn->slot->phase, memory_order_relaxed) == PHASE_OVER;
}

/* A copy: the slot's writer was never to be trusted. One that is still alive (written off) may be at its texts just now:
 * they were recorded before. */
static void fill_in_record(struct end_record *record, const struct brood_conn *conn, enum end_reason reason)
{
	const struct slot *slot = conn->slot;

	record->reason = reason;
	record->error = slot->error;
	record->worker = conn->pid;
	record->queue_us = -1;
	record->counted = knows_counts(conn);
	record->datagram = conn->transport->datagram;
	record->accepted_ns = conn->accepted_ns;
	/* Not the loop's time: under iterative a whole life fits into one turn of it. */
	record->ended_ns = clock_now_ns();
	record->bytes_in = atomic_load_explicit(&slot->bytes_in, memory_order_relaxed);
	record->bytes_out = atomic_load_explicit(&slot->bytes_out, memory_order_relaxed);
	record->requests = atomic_load_explicit(&slot->requests, memory_order_relaxed);
	record->peer_size = conn->peer_size;
	memcpy(&record->peer, &conn->peer, conn->peer_size);
	record->note[0] = record->blame[0] = '\0';
	if (conn->recorded)
		return;
	memcpy(record->note, slot->note, slot->note[0] ? sizeof record->note : 1);
	memcpy(record->blame, slot->blame, slot->blame[0] ? sizeof record->blame : 1);
	record->note[SLOT_NOTE_SIZE - 1] = record->blame[SLOT_BLAME_SIZE - 1] = '\0';
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
	if (!record->counted)
		return;
	tally_add(&tally->bytes_in, record->bytes_in);
	tally_add(&tally->bytes_out, record->bytes_out);
	tally_add(&tally->requests, record->requests);
}

static void write_line(struct service *service, const struct end_record *record, const struct child_exit *ended)
{
	char exit_text[EXIT_TEXT_SIZE], peer[PEER_TEXT_SIZE];
	struct log *log = service->engine->log;
	struct log_field fields[MAX_FIELDS];
	size_t n = 0;

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
		fields[n++] = LOG_UINT("requests", record->requests);
	}
	fields[n++] = LOG_INT("ms", (record->ended_ns - record->accepted_ns) / NS_PER_MS);
	if (ended) {
		fields[n++] = LOG_INT("cpu_us", cpu_us(&ended->usage));
		fields[n++] = LOG_TEXT("exit", child_exit_text(ended, exit_text, sizeof exit_text));
	}
	if (record->blame[0])
		fields[n++] = LOG_TEXT("blame", record->blame);
	if (record->note[0])
		fields[n++] = LOG_TEXT("note", record->note);
	log_write(log, &(struct log_record){
			       .level = level_of(record),
			       .service = service->config.name,
			       .message = "end",
			       .fields = fields,
			       .field_count = n,
			       .scratch = service->ledger->scratch,
		       });
}

void end_tell(struct service *service, const struct end_record *record, const struct child_exit *ended)
{
	count(service->ledger->tally, record);
	if (level_of(record) <= service->engine->log->max)
		write_line(service, record, ended);
}

static void tell(struct brood_conn *conn, enum end_reason reason, const struct child_exit *ended)
{
	struct service *service = conn->service;

	fill_in_record(&service->ledger->record, conn, reason);
	end_tell(service, &service->ledger->record, ended);
}

void end_connection(struct brood_conn *conn, enum end_reason reason, const struct child_exit *ended)
{
	struct service *service = conn->service;

	if (reason == END_NONE)
		reason = atomic_load_explicit(&conn->slot->reason, memory_order_relaxed);
	if (reason == END_NONE || reason >= END_REASONS)
		reason = END_UNKNOWN;
	if (!conn->recorded)
		tell(conn, reason, ended);
	tally_add(&service->ledger->tally->ended, 1);
	list_remove(&conn->link);
	service->ledger->out_count--;
	if (conn->recorded)
		service->ledger->lost_count--;
	/* A dead worker said no goodbye, and a child of its own may still hold the socket: closing would not reach the client. */
	if (ended && atomic_load_explicit(&conn->slot->phase, memory_order_relaxed) != PHASE_OVER)
		end_expire(conn);
	conn->transport->close(conn);
	pool_give(conn);
	accept_resume(service);
	engine_check_over(service->engine);
}

void end_written_off(struct brood_conn *conn)
{
	tell(conn, END_WRITTEN_OFF, NULL);
	conn->recorded = true;
	conn->service->ledger->lost_count++;
	tally_add(&conn->service->ledger->tally->written_off, 1);
}

/* shutdown(2) and not close(2): the worker may be in a system call on this very number. */
void end_expire(struct brood_conn *conn)
{
	if (conn->expire_sent || conn->transport->datagram)
		return;
	conn->expire_sent = true;
	shutdown(conn->fd, SHUT_RDWR);
}

/* What it said already must not be unread when the connection is closed: that would send it a reset, which may overtake
 * the refusal. Bounded: whoever says more has it so. */
static void discard_what_came(struct brood_conn *conn)
{
	char discarded[4096];

	for (int i = 0; i < 16 && conn->transport->recv(conn, discarded, sizeof discarded) > 0; i++)
		continue;
}

void end_refused(struct brood_conn *conn, enum end_reason reason, int error)
{
	const struct brood_service *config = &conn->service->config;

	conn->slot->error = error;
	conn->pid = 0;
	if (!conn->transport->datagram) {
		if (config->refusal_size > 0)
			conn->transport->send(conn, config->refusal, config->refusal_size);
		conn->transport->finish(conn);
		discard_what_came(conn);
	}
	end_connection(conn, reason, NULL);
}
