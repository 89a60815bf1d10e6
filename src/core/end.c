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

static enum brood_level level_of(const struct brood_conn *conn, enum end_reason reason)
{
	switch (end_reason_kind(reason)) {
	case END_KIND_OK:
	case END_KIND_CLIENT:
		return conn->transport->datagram ? BROOD_DEBUG : BROOD_INFO;
	default:
		return BROOD_WARN;
	}
}

static int64_t cpu_us(const struct rusage *usage)
{
	return (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * INT64_C(1000000) + usage->ru_utime.tv_usec +
	       usage->ru_stime.tv_usec;
}

/* A copy: its writer was never to be trusted. One that is still alive (written off) may be at its texts just now. */
static struct slot read_slot(const struct brood_conn *conn)
{
	struct slot slot = { .bytes_in = atomic_load_explicit(&conn->slot->bytes_in, memory_order_relaxed),
		.bytes_out = atomic_load_explicit(&conn->slot->bytes_out, memory_order_relaxed),
		.requests = atomic_load_explicit(&conn->slot->requests, memory_order_relaxed) };

	if (conn->recorded)
		return slot;
	slot = *conn->slot;
	slot.note[SLOT_NOTE_SIZE - 1] = slot.blame[SLOT_BLAME_SIZE - 1] = '\0';
	return slot;
}

/* The same about the text that brood_peer_text makes when first asked. */
static const char *read_peer(struct brood_conn *conn, char text[PEER_TEXT_SIZE])
{
	if (!conn->recorded)
		return brood_peer_text(conn);
	address_text(&conn->peer.any, conn->peer_size, text, PEER_TEXT_SIZE);
	return text;
}

/* A worker that publishes its slot and died on the way took its counts along: no figure is better than a wrong one. */
static bool knows_counts(const struct brood_conn *conn, const struct slot *slot)
{
	return !conn->model->ops->publishes || conn->pid == 0 || slot->phase == PHASE_OVER;
}

static void write_record(struct brood_conn *conn, enum end_reason reason, const struct child_exit *ended)
{
	struct service *service = conn->service;
	struct log *log = service->engine->log;
	struct slot slot = read_slot(conn);
	char exit_text[EXIT_TEXT_SIZE], peer[PEER_TEXT_SIZE];
	struct log_field fields[MAX_FIELDS];
	size_t n = 0;

	if (level_of(conn, reason) > log->max)
		return;
	if (conn->pid)
		fields[n++] = LOG_INT("worker", conn->pid);
	fields[n++] = LOG_TEXT("peer", read_peer(conn, peer));
	fields[n++] = LOG_TEXT("reason", end_reason_name(reason));
	if (slot.error < 0 && slot.error >= -MAX_ERRNO)
		fields[n++] = LOG_TEXT("error", strerrordesc_np(-slot.error));
	if (knows_counts(conn, &slot)) {
		fields[n++] = LOG_UINT("in", slot.bytes_in);
		fields[n++] = LOG_UINT("out", slot.bytes_out);
		fields[n++] = LOG_UINT("requests", slot.requests);
	}
	/* Not the loop's time: under iterative a whole life fits into one turn of it. */
	fields[n++] = LOG_INT("ms", (clock_now_ns() - conn->accepted_ns) / NS_PER_MS);
	if (ended) {
		fields[n++] = LOG_INT("cpu_us", cpu_us(&ended->usage));
		fields[n++] = LOG_TEXT("exit", child_exit_text(ended, exit_text, sizeof exit_text));
	}
	if (slot.blame[0])
		fields[n++] = LOG_TEXT("blame", slot.blame);
	if (slot.note[0])
		fields[n++] = LOG_TEXT("note", slot.note);
	log_write(log, &(struct log_record){
			       .level = level_of(conn, reason),
			       .service = service->config.name,
			       .message = "end",
			       .fields = fields,
			       .field_count = n,
			       .scratch = service->ledger->scratch,
		       });
}

void end_connection(struct brood_conn *conn, enum end_reason reason, const struct child_exit *ended)
{
	struct service *service = conn->service;

	if (reason == END_NONE)
		reason = atomic_load_explicit(&conn->slot->reason, memory_order_relaxed);
	if (reason == END_NONE || reason >= END_REASONS)
		reason = END_UNKNOWN;
	if (!conn->recorded)
		write_record(conn, reason, ended);
	service->ledger->count.ended++;
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
	conn->recorded = true;
	conn->service->ledger->lost_count++;
	conn->service->ledger->count.written_off++;
	write_record(conn, END_WRITTEN_OFF, NULL);
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

	conn->service->ledger->count.refused++;
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
