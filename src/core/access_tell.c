/* SPDX-License-Identifier: MIT */
/*
 * Reads what somebody else wrote, who may be broken: sizes are checked, what is written is whole lines without control bytes.
 * Invariant: each line is written once, and those of a worker before its death is told.
 */
#include "core/access_tell.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "contract/line_ring.h"
#include "core/access.h"
#include "core/dead.h"
#include "core/engine_private.h"
#include "core/harvest.h"
#include "core/lines.h"
#include "transport/address.h"

#define PEER_SIZE 128

static void say_lost(struct service *service, uint64_t lost, const char *why)
{
	service->model.host->log(service, BROOD_WARN, CAUSE_NONE, "%llu line%s of the access log %s lost: %s",
		(unsigned long long)lost, lost == 1 ? "" : "s", lost == 1 ? "is" : "are", why);
}

int access_open(struct service *service, struct sentence *why)
{
	struct sentence reason;
	int r;

	if (!service->config.access_log_file)
		return 0;
	log_init(&service->own_access_log);
	service->own_access_log.is_foreign = true;
	r = log_open(&service->own_access_log, service->config.access_log_file, &reason);
	if (r < 0)
		return sentence_set(why, r, "service %s: %s", service->config.name, reason.text);
	service->access_log = &service->own_access_log;
	return 0;
}

void access_close(struct service *service)
{
	if (service->ledger->lines_lost > 0)
		say_lost(service, service->ledger->lines_lost, "as before");
	if (service->access_log != &service->own_access_log)
		return;
	log_fini(&service->own_access_log);
	service->access_log = NULL;
}

/* A full disk loses one after the other: they are counted, and told of once a second. */
static void tell_lost(struct service *service, uint64_t lost, const char *why)
{
	struct ledger *ledger = service->ledger;
	uint64_t unsaid;

	if (lost == 0)
		return;
	ledger->lines_lost += lost;
	if (!rarely_may(&ledger->lines_lost_said, &unsaid))
		return;
	say_lost(service, ledger->lines_lost, why);
	ledger->lines_lost = 0;
}

void access_tell_lost(struct service *service)
{
	if (service->access_log)
		tell_lost(service, log_take_lost(service->access_log), "its file does not take them");
}

static void write_lines(struct service *service, char *block, size_t size)
{
	struct ledger *ledger = service->ledger;
	struct log *log = service->access_log;

	if (!log && service->model.ops->publishes)
		lines_hold_until_sleep(service);
	log_pass(access_target(service), !log && ledger->holding ? &ledger->lines : NULL, block, size);
	access_tell_lost(service);
}

static void replace_controls(char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (((unsigned char)text[i] < ' ' && text[i] != '\n') || text[i] == 0x7f)
			text[i] = '?';
}

/* ---- Rings ---- */

static struct line_ring *ring_at(const struct service *service, unsigned int index)
{
	return (void *)((char *)board_standing(&service->board, index) + service->board.area_size - LINE_RING_SIZE);
}

void access_begin_ring(struct service *service, unsigned int index)
{
	struct line_ring *ring = ring_at(service, index);

	atomic_store(&ring->head, 0);
	atomic_store(&ring->tail, 0);
	atomic_store(&ring->lost, 0);
}

static void copy_out(char *text, const struct line_ring *ring, uint64_t tail, size_t size)
{
	size_t at = tail % LINE_RING_BYTES, first = LINE_RING_BYTES - at;

	if (first > size)
		first = size;
	memcpy(text, ring->bytes + at, first);
	memcpy(text + first, ring->bytes, size - first);
}

/* As many whole lines as there are in size bytes. If there is none, or the last of all has no end, it is no line: it gets one. */
static size_t cut_to_lines(char *text, size_t size, bool more_follow)
{
	const char *newline = memrchr(text, '\n', size);

	if (!newline || !more_follow) {
		text[size - 1] = '\n';
		return size;
	}
	return (size_t)(newline - text) + 1;
}

static size_t take_some(struct service *service, const struct line_ring *ring, uint64_t tail, uint64_t head)
{
	char *block = service->ledger->scratch;
	size_t size = head - tail < LOG_LINE_MAX ? (size_t)(head - tail) : LOG_LINE_MAX;

	copy_out(block + 1, ring, tail, size);
	size = cut_to_lines(block + 1, size, size < head - tail);
	replace_controls(block + 1, size);
	write_lines(service, block, size);
	return size;
}

bool access_harvest(struct service *service, unsigned int index)
{
	struct line_ring *ring = ring_at(service, index);
	struct harvest_note *note = &service->ledger->notes[index];
	uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
	uint64_t lost = atomic_load_explicit(&ring->lost, memory_order_relaxed);

	if (lost > note->lines_lost)
		tell_lost(service, lost - note->lines_lost, "their worker was quicker than it");
	note->lines_lost = lost;
	if (head == note->lines_tail)
		return false;
	/* More than it can hold: that was no counting. */
	if (head - note->lines_tail > LINE_RING_BYTES) {
		tell_lost(service, 1, "their worker does not count right");
		note->lines_tail = head;
	}
	lines_hold(service);
	while (note->lines_tail != head) {
		note->lines_tail += take_some(service, ring, note->lines_tail, head);
		atomic_store_explicit(&ring->tail, note->lines_tail, memory_order_release);
	}
	return true;
}

void access_settle(struct service *service, unsigned int index, struct seat *seat)
{
	uint64_t end = atomic_load_explicit(&seat->slot.line_end, memory_order_relaxed);

	if (end != 0 && end <= atomic_load_explicit(&ring_at(service, index)->head, memory_order_acquire))
		atomic_store_explicit(&seat->slot.asked_ns, 0, memory_order_relaxed);
}

/* ---- Pages ---- */

static void take_spool(struct brood_conn *conn, struct end_record *record)
{
	char *block = conn->service->ledger->scratch;
	int64_t last_ns;
	size_t size;

	memcpy(block + 1, line_spool_of(conn->slot), LINE_SPOOL_SIZE);
	size = line_spool_take(block + 1, &last_ns);
	/* It died between the line and saying so. */
	if (record->asked_ns <= last_ns)
		record->asked_ns = 0;
	if (size == 0)
		return;
	replace_controls(block + 1, size);
	size = cut_to_lines(block + 1, size, false);
	write_lines(conn->service, block, size);
}

void access_collect(struct brood_conn *conn, struct end_record *record)
{
	if (conn->model->ops->publishes)
		take_spool(conn, record);
	else
		/* A thread may yet come back, and would tell of it, too. */
		record->asked_ns = atomic_exchange(&conn->slot->asked_ns, 0);
}

/* ---- Requests that others tell of ---- */

/* "METHOD TARGET", and what the handler had to say. */
static void read_note(const struct end_record *record, struct access_facts *facts, char text[SLOT_NOTE_SIZE])
{
	char *target, *end;

	if (!record->has_texts || record->asked_ns == 0)
		return;
	memcpy(text, record->note, SLOT_NOTE_SIZE);
	target = strchr(text, ' ');
	if (!target || memchr(text, '=', (size_t)(target - text)))
		return;
	*target++ = '\0';
	end = strchrnul(target, ' ');
	facts->target_is_cut = end == text + SLOT_NOTE_SIZE - 1;
	*end = '\0';
	facts->method = (struct access_text){ text, strlen(text) };
	facts->target = (struct access_text){ target, strlen(target) };
}

static unsigned int status_of(
	const struct service *service, const struct end_record *record, const struct child_exit *ended)
{
	/* Without a request of its own it is that of another one. */
	if (record->asked_ns && record->status >= 100 && record->status <= 999)
		return record->status;
	if (record->answered_late)
		return dead_status(&service->config, NULL);
	return record->answered ? dead_status(&service->config, ended) : 0;
}

static int64_t realtime_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * NS_PER_SEC + now.tv_nsec;
}

void access_tell_end(struct service *service, const struct end_record *record, const struct child_exit *ended)
{
	int64_t lasted_ns = record->ended_ns - (record->asked_ns ? record->asked_ns : record->accepted_ns);
	struct access_facts facts = {
		.service = service->config.name,
		.minor = ACCESS_UNKNOWN,
		.bytes = ACCESS_UNKNOWN,
		.queue_us = record->requests <= 1 ? record->queue_us : ACCESS_UNKNOWN,
		.worker = record->worker ? record->worker : service->model.pid,
		.status = status_of(service, record, ended),
	};
	char peer[PEER_SIZE], note[SLOT_NOTE_SIZE];
	struct access_stamp stamp = { 0 };

	/* Whoever wrote that may have written anything. */
	if (lasted_ns < 0 || lasted_ns > record->ended_ns)
		lasted_ns = 0;
	facts.began_ns = realtime_ns() - lasted_ns;
	facts.duration_us = lasted_ns / NS_PER_US;
	if (facts.status == 0)
		facts.reason = end_reason_name(record->reason);
	read_note(record, &facts, note);
	address_text(&record->peer.any, record->peer_size, peer, sizeof peer);
	facts.peer = peer;
	write_lines(service, service->ledger->scratch,
		access_line(service->ledger->scratch + 1, service->access_format, &facts, &stamp));
}
