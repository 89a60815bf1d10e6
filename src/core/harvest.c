/* SPDX-License-Identifier: MIT */
/*
 * Reads rings of end records that somebody else writes, who may be broken: numbers are only shown and added, enums and
 * lengths are checked, texts are cut at their arrays. Invariant: each record is told once, and each worker's before its
 * death is.
 */
#include "core/harvest.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "contract/standing.h"
#include "core/access.h"
#include "core/access_tell.h"
#include "core/admit.h"
#include "core/arena.h"
#include "core/dead.h"
#include "core/end.h"
#include "core/engine_private.h"
#include "core/fold.h"
#include "core/lines.h"
#include "core/reach.h"

/* A bool that somebody else wrote may be any byte, and then the compiler's guess is as good as ours. */
static bool read_flag(const bool *flag)
{
	unsigned char byte;

	memcpy(&byte, flag, 1);
	return byte != 0;
}

static void copy_record(struct end_record *record, const struct end_record *left, const struct service *service)
{
	memcpy(record, left, offsetof(struct end_record, peer));
	record->arrival = read_flag(&left->arrival) && service->model.ops->many;
	record->queue_at_most = read_flag(&left->queue_at_most);
	record->datagram = read_flag(&left->datagram);
	record->counted = true;
	record->died = record->answered = record->answered_late = record->bystander = false;
	if (record->asked_ns)
		record->status = left->status;
	record->overdue_ms = 0;
	if (record->reason == END_NONE || record->reason >= END_REASONS)
		record->reason = END_UNKNOWN;
	/* A worker sees that everything must end, not why: it takes the worst for granted. */
	if (record->reason == END_SUPERVISOR_GONE && service->model.killed)
		record->reason = END_STOPPED;
	if (record->would_refuse >= END_REASONS)
		record->would_refuse = END_NONE;
	if (record->peer_size > sizeof record->peer)
		record->peer_size = 0;
	memcpy(&record->peer, &left->peer, record->peer_size);
	end_copy_texts(record, read_flag(&left->has_texts), left->blame, left->note);
}

/* What limits make of the record in hand. */
static void take_note(struct service *service)
{
	const struct end_record *record = &service->ledger->record;

	if (record->arrival)
		admit_arrival(service, record);
	else if (record->would_refuse == END_NONE)
		admit_harvest(service, record, record->uid);
}

/* Of one that serves many, whoever came is counted when he comes: it may be long until he goes. */
static void count_arrivals(struct service *service, struct harvest_note *note, const struct standing *standing)
{
	uint64_t served = atomic_load_explicit(&standing->served, memory_order_relaxed);

	if (served > note->served)
		tally_add(&service->ledger->tally->accepted, served - note->served);
	note->served = served;
}

static bool is_counted(const struct service *service, const struct end_record *record)
{
	return service->model.ops->many && end_reason_kind(record->reason) != END_KIND_REFUSED;
}

static void tell(struct service *service, const struct harvest_note *note, pid_t worker)
{
	struct ledger *ledger = service->ledger;
	struct end_record *record = &ledger->record;

	record->worker = worker;
	if (record->arrival)
		return;
	record->answered_late = note->answered_ns != 0 && note->answered_ns == record->accepted_ns;
	if (record->datagram && record->listener < ledger->acceptor_count)
		ledger->acceptors[record->listener].dropped = record->dropped;
	if (record->accepted_ns > ledger->last_accept_ns && record->accepted_ns <= ledger->loop_now_ns)
		ledger->last_accept_ns = record->accepted_ns;
	if (!is_counted(service, record))
		tally_add(&ledger->tally->accepted, 1);
	tally_add(&ledger->tally->ended, 1);
	if (record->would_refuse != END_NONE)
		admit_tell_would(service, record, record->would_refuse);
	end_tell(service, record, NULL);
}

static size_t notes_size(const struct service *service)
{
	return service->board.count * sizeof(struct harvest_note);
}

int harvest_open(struct service *service)
{
	service->ledger->notes = zone_take(service->engine->zone, notes_size(service));
	if (!service->ledger->notes)
		return -ENOMEM;
	return service->model.config.worker_copies
		       ? zone_leave_out_too(service->engine->zone, service->ledger->notes, notes_size(service))
		       : 0;
}

void harvest_close(struct service *service)
{
	zone_give(service->engine->zone, service->ledger->notes, notes_size(service));
	service->ledger->notes = NULL;
}

void harvest_begin(struct service *service, unsigned int index)
{
	service->ledger->notes[index] = (struct harvest_note){ 0 };
}

/* Records that the worker had no room for: their counts are gone with them. */
static void tell_lost(struct service *service, struct harvest_note *note, uint64_t lost)
{
	uint64_t more = lost - note->lost;
	struct tally *tally = service->ledger->tally;

	if (more == 0)
		return;
	note->lost = lost;
	tally_add(&tally->lost_records, more);
	tally_add(&tally->accepted, more);
	tally_add(&tally->ended, more);
	service->model.host->log(service, BROOD_WARN, CAUSE_WORKER,
		"%llu ends are not in the log: their workers were quicker than it",
		(unsigned long long)tally->lost_records);
}

static void tell_accept_errors(struct service *service, struct harvest_note *note, const struct standing *standing)
{
	uint64_t errors = atomic_load_explicit(&standing->accept_errors, memory_order_relaxed);
	int error = atomic_load_explicit(&standing->accept_error, memory_order_relaxed);

	if (errors == note->accept_errors)
		return;
	tally_add(&service->ledger->tally->accept_errors, errors - note->accept_errors);
	note->accept_errors = errors;
	service->model.host->log(service, BROOD_ERROR, CAUSE_ACCEPT, "a worker cannot accept: %s; it pauses",
		error < 0 && error > -4096 ? strerrordesc_np(-error) : "?");
}

bool harvest_ring(struct service *service, unsigned int index, pid_t worker)
{
	struct standing *standing = board_standing(&service->board, index);
	struct harvest_note *note = &service->ledger->notes[index];
	uint64_t tail = note->tail;
	uint64_t head = atomic_load_explicit(&standing->head, memory_order_acquire);
	bool active = false;

	/* Those of the ends up to head, if not more. */
	if (access_is_wanted(service))
		active = access_harvest(service, index);
	if (standing->lost != note->lost)
		tell_lost(service, note, standing->lost);
	tell_accept_errors(service, note, standing);
	if (service->model.ops->many) {
		count_arrivals(service, note, standing);
		active |= fold_harvest(service->ledger->tally, &standing->folded, &note->folded);
	}
	if (head == tail)
		return active;
	lines_hold(service);
	service->ledger->loop_now_ns = clock_now_ns();
	/* More than it can hold: that was no counting. What is in there cannot be told from rubbish. */
	if (head - tail > STANDING_RECORDS) {
		tally_add(&service->ledger->tally->lost_records, 1);
		tail = head;
	}
	for (; tail != head; tail++) {
		copy_record(&service->ledger->record, &standing->ring[tail % STANDING_RECORDS], service);
		admit_write_begin(service);
		atomic_store(&standing->harvested, tail + 1);
		take_note(service);
		admit_write_end(service);
		tell(service, note, worker);
	}
	note->tail = tail;
	atomic_store_explicit(&standing->harvested, tail, memory_order_release);
	return true;
}

/* ---- A worker is gone ---- */

static bool had_client(const struct standing *standing)
{
	return atomic_load_explicit(&standing->state, memory_order_relaxed) == STANDING_BUSY &&
	       standing->served != standing->head + standing->lost;
}

/* One that publishes its area and died on the way took its counts along: no figure is better than a wrong one. */
static bool knows_counts(const struct service *service, const struct seat *seat)
{
	return service->arena->board_fd < 0 ||
	       atomic_load_explicit(&seat->slot.phase, memory_order_relaxed) == PHASE_OVER;
}

static void fill_in(const struct service *service, const struct seat *seat, pid_t worker, enum end_reason reason)
{
	struct end_record *record = &service->ledger->record;
	uint32_t peer_size = seat->peer_size; /* once: a child that its worker left behind may still write here */

	memset(record, 0, offsetof(struct end_record, peer));
	record->reason = reason;
	record->worker = worker;
	record->queue_us = atomic_load_explicit(&seat->queue_us, memory_order_relaxed);
	record->counted = knows_counts(service, seat);
	record->accepted_ns = atomic_load_explicit(&seat->accepted_ns, memory_order_relaxed);
	record->peer.any.sa_family = AF_UNSPEC;
	record->peer_size = peer_size <= sizeof record->peer ? peer_size : 0;
	memcpy(&record->peer, &seat->peer, record->peer_size);
	record->uid = seat->uid;
	record->has_texts = false;
}

/* Answers for it, if it can be reached, and tells its end. */
static void end_seat(struct service *service, unsigned int index, struct seat *seat, const struct child_exit *ended,
	int table_pidfd)
{
	struct end_record *record = &service->ledger->record;
	const struct harvest_note *note = &service->ledger->notes[index];
	int fd = reach_client(service, seat, table_pidfd);

	if (access_is_wanted(service))
		access_settle(service, index, seat);
	record->answered_late = note->answered_ns != 0 && note->answered_ns == record->accepted_ns;

	if (!service->model.ops->many)
		tally_add(&service->ledger->tally->accepted, 1);
	/* A penalty is in force before anybody reads of it. */
	end_read_slot(record, &seat->slot);
	admit_write_begin(service);
	atomic_store(&seat->uncounted, 1);
	admit_harvest(service, record, record->uid);
	admit_write_end(service);
	service->model.host->died(service, record, &seat->slot, fd, ended);
	if (fd >= 0)
		close(fd);
}

static void end_client(struct service *service, unsigned int index, pid_t worker, enum end_reason reason,
	const struct child_exit *ended, int table_pidfd)
{
	struct standing *standing = board_standing(&service->board, index);

	fill_in(service, &standing->seat, worker, reason);
	service->ledger->record.answered = standing->served == service->ledger->notes[index].answered;
	end_seat(service, index, &standing->seat, ended, table_pidfd);
}

/* Of a worker that served many: the reason is that of the client whose handler ran; the others were only there. False: it had
 * nobody. */
static bool end_crowd(struct service *service, unsigned int index, pid_t worker, enum end_reason reason,
	const struct child_exit *ended, int table_pidfd)
{
	struct standing *standing = board_standing(&service->board, index);
	uint32_t seats = atomic_load_explicit(&standing->seats, memory_order_relaxed);
	uint32_t running = atomic_load_explicit(&standing->running, memory_order_relaxed);
	bool any = false;

	for (uint32_t i = 0; i < seats && i < (uint32_t)service->config.max_conns; i++) {
		struct seat *seat = &standing_seats(standing)[i];
		bool ran = running == i + 1;
		bool all = running == 0 && reason != END_HANDLER_CRASHED && reason != END_HANDLER_EXITED;

		if (atomic_load_explicit(&seat->accepted_ns, memory_order_relaxed) == 0)
			continue;
		fill_in(service, seat, worker, ran || all ? reason : END_WORKER_LOST);
		service->ledger->record.bystander = any;
		end_seat(service, index, seat, ended, table_pidfd);
		any = true;
	}
	return any;
}

static void tell_idle_death(
	struct service *service, const struct standing *standing, pid_t worker, const struct child_exit *ended)
{
	struct end_record *record = &service->ledger->record;

	fill_in(service, &standing->seat, worker, END_NONE);
	record->accepted_ns = atomic_load_explicit(&standing->started_ns, memory_order_relaxed);
	service->model.host->died(service, record, NULL, -1, ended);
}

static bool failed_to_start(const struct standing *standing)
{
	return atomic_load_explicit(&standing->seat.slot.reason, memory_order_relaxed) == END_START_FAILED;
}

void harvest_gone(struct service *service, unsigned int index, pid_t worker, enum end_reason reason,
	const struct child_exit *ended, int table_pidfd)
{
	const struct standing *standing = board_standing(&service->board, index);
	bool in_order = ended->code == 0 || (ended->code == CLD_EXITED && ended->status == 0);
	unsigned int state = atomic_load_explicit(&standing->state, memory_order_relaxed);

	lines_hold(service);
	if (service->model.ops->many && end_crowd(service, index, worker, reason, ended, table_pidfd))
		return;
	if (!service->model.ops->many && had_client(standing))
		end_client(service, index, worker, reason, ended, table_pidfd);
	else if (state == STANDING_STARTING && failed_to_start(standing))
		service->model.host->log(service, BROOD_ERROR, CAUSE_WORKER,
			"a worker does not start: %s%s; reason=%s",
			service->config.handler.start ? "the moment start failed: " : "",
			strerrordesc_np(-standing->seat.slot.error), end_reason_name(END_START_FAILED));
	else if (!service->model.killed && (!in_order || state != STANDING_LEAVING))
		tell_idle_death(service, standing, worker, ended);
}

const struct seat *harvest_in_hand(const struct service *service, unsigned int index)
{
	struct standing *standing = board_standing(&service->board, index);
	uint32_t running = atomic_load_explicit(&standing->running, memory_order_relaxed);

	if (!service->model.ops->many)
		return &standing->seat;
	if (running == 0 || running > (uint32_t)service->config.max_conns)
		return NULL;
	return &standing_seats(standing)[running - 1];
}

void harvest_expire(struct service *service, unsigned int index, int table_pidfd)
{
	const struct standing *standing = board_standing(&service->board, index);
	const struct seat *seat = harvest_in_hand(service, index);
	int fd = seat ? reach_client(service, seat, table_pidfd) : -EBADF;

	if (fd < 0)
		return;
	/* Meanwhile it may be done, and this the next client's socket with the same number: who has no promise to break yet. */
	if (end_is_overdue(&seat->slot) && dead_expire(service, fd, &seat->slot)) {
		service->ledger->notes[index].answered = standing->served;
		service->ledger->notes[index].answered_ns =
			atomic_load_explicit(&seat->accepted_ns, memory_order_relaxed);
	}
	close(fd);
}
