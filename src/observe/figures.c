/* SPDX-License-Identifier: MIT */
/*
 * Decides what of a board is believed: nothing. Enums are looked up, times cut to the past, pids and sizes to their
 * range, and addresses copied once and then checked, since their writer may be at it. Called by whoever shows figures.
 */
#include "observe/figures.h"

#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "contract/placed.h"
#include "contract/standing.h"

#define PID_LAST 4194304 /* the kernel's largest, whatever pid_max is */

#define COUNTER(field, text)                                                                 \
	{                                                                                    \
		.name = #field, .help = text, .tally_offset = offsetof(struct tally, field), \
		.offset = offsetof(struct figures, field)                                    \
	}

const struct figures_counter figures_counters[] = {
	COUNTER(accepted, "connections and datagrams accepted"),
	COUNTER(ended, "connections and datagrams that are over"),
	COUNTER(refused, "of those, never given to a handler"),
	COUNTER(would_refuse, "would have been refused, but for --dry-run-limits"),
	COUNTER(written_off, "left to a thread that did not come back"),
	COUNTER(requests, "calls of handle, of ended connections"),
	COUNTER(bytes_in, "bytes from clients, of ended connections"),
	COUNTER(bytes_out, "bytes to clients, of ended connections"),
	COUNTER(pauses, "times that accepting paused at the bound"),
	COUNTER(accept_errors, "times that accepting failed"),
	COUNTER(place_errors, "times that no worker could be made for a client"),
	COUNTER(worker_starts, "workers started"),
	COUNTER(worker_deaths, "workers that did not end in good order"),
	COUNTER(worker_recycled, "workers replaced after their share of requests or memory"),
	COUNTER(answered_for_the_dead, "clients told the last words of a dead worker"),
	COUNTER(lost_records, "ends of which a worker kept no record"),
	COUNTER(lost_lines, "lines of the log that its target did not take"),
	{ 0 },
};

static uint64_t load(const _Atomic uint64_t *value)
{
	return atomic_load_explicit(value, memory_order_relaxed);
}

void figures_read(struct figures *ret_figures, const struct board *board)
{
	const struct tally *tally = board_tally(board);

	for (const struct figures_counter *counter = figures_counters; counter->name; counter++)
		*figures_counter_of(ret_figures, counter) =
			load((const _Atomic uint64_t *)(const void *)((const char *)tally + counter->tally_offset));
	for (unsigned int i = 0; i < END_REASONS; i++)
		ret_figures->ended_by[i] = load(&tally->ended_by[i]);
	ret_figures->out = load(&tally->out);
	ret_figures->workers = load(&tally->workers);
	ret_figures->idle = load(&tally->idle);
	ret_figures->capacity = load(&tally->capacity);
	ret_figures->paused = load(&tally->paused) != 0;
	histogram_read(&ret_figures->duration, &tally->duration);
	histogram_read(&ret_figures->queue_wait, &tally->queue_wait);
}

void figures_add(struct figures *figures, const struct figures *more)
{
	for (const struct figures_counter *counter = figures_counters; counter->name; counter++)
		*figures_counter_of(figures, counter) += figures_counter(more, counter);
	for (unsigned int i = 0; i < END_REASONS; i++)
		figures->ended_by[i] += more->ended_by[i];
	histogram_merge(&figures->duration, &more->duration);
	histogram_merge(&figures->queue_wait, &more->queue_wait);
}

static int64_t past(const _Atomic int64_t *time_ns, int64_t now_ns)
{
	int64_t ns = atomic_load_explicit(time_ns, memory_order_relaxed);

	return ns > 0 && ns <= now_ns ? ns : 0;
}

static pid_t pid_of(const _Atomic int32_t *pid)
{
	int32_t value = atomic_load_explicit(pid, memory_order_relaxed);

	return value > 0 && value <= PID_LAST ? value : 0;
}

/* A Unix name's size is part of it, and the only family whose size varies. */
static bool is_address(const union conn_address *address, uint32_t size)
{
	switch (address->any.sa_family) {
	case AF_UNIX:
		return size >= sizeof(sa_family_t) && size <= sizeof(struct sockaddr_un);
	default:
		return size > sizeof(sa_family_t) && size <= sizeof *address;
	}
}

static void read_peer(struct figures_worker *worker, const union conn_address *peer, uint32_t size)
{
	memcpy(&worker->peer, peer, sizeof worker->peer);
	worker->peer_size = is_address(&worker->peer, size) ? size : 0;
}

static int64_t promise_of(const struct slot *slot)
{
	int64_t must_end_ns = atomic_load_explicit(&slot->must_end_ns, memory_order_relaxed);

	return must_end_ns > 0 ? must_end_ns : 0;
}

static void read_slot(struct figures_worker *worker, const struct slot *slot)
{
	worker->must_end_ns = promise_of(slot);
	worker->requests = load(&slot->requests);
	worker->bytes_in = load(&slot->bytes_in);
	worker->bytes_out = load(&slot->bytes_out);
}

static bool read_standing(struct figures_worker *worker, const struct standing *standing, int64_t now_ns)
{
	static const char *const names[] = {
		[STANDING_GONE] = "gone",
		[STANDING_STARTING] = "starting",
		[STANDING_IDLE] = "idle",
		[STANDING_BUSY] = "busy",
		[STANDING_LEAVING] = "leaving",
	};
	uint32_t state = atomic_load_explicit(&standing->state, memory_order_relaxed);
	int32_t queue_us = atomic_load_explicit(&standing->seat.queue_us, memory_order_relaxed);

	if (state == STANDING_GONE)
		return false;
	worker->standing = worker->counted = true;
	worker->busy = state == STANDING_BUSY;
	worker->state = state < STANDING_STATES ? names[state] : "unknown";
	worker->pid = pid_of(&standing->pid);
	worker->since_ns = past(&standing->since_ns, now_ns);
	worker->started_ns = past(&standing->started_ns, now_ns);
	worker->served = load(&standing->served);
	worker->requests = load(&standing->requests);
	worker->bytes_in = load(&standing->bytes_in);
	worker->bytes_out = load(&standing->bytes_out);
	worker->clients = atomic_load_explicit(&standing->clients, memory_order_relaxed);
	/* Of one that serves many, each client is in a seat of its own. */
	if (!worker->busy || worker->clients > 0)
		return true;
	worker->clients = 1;
	worker->must_end_ns = promise_of(&standing->seat.slot);
	read_peer(worker, &standing->seat.peer, standing->seat.peer_size);
	worker->queue_us = queue_us >= 0 ? queue_us : -1;
	/* What it has in hand is not in its sums yet. */
	worker->requests += load(&standing->seat.slot.requests);
	worker->bytes_in += load(&standing->seat.slot.bytes_in);
	worker->bytes_out += load(&standing->seat.slot.bytes_out);
	return true;
}

static bool read_placed(struct figures_worker *worker, struct slot *slot, int64_t now_ns)
{
	uint32_t phase = atomic_load_explicit(&slot->phase, memory_order_relaxed);
	const struct placed *placed = placed_of(slot);
	int64_t since_ns = atomic_load_explicit(&placed->since_ns, memory_order_acquire);

	if (since_ns == 0)
		return false;
	worker->busy = true;
	worker->since_ns = worker->started_ns = past(&placed->since_ns, now_ns);
	worker->pid = pid_of(&placed->pid);
	worker->counted = worker->pid == 0;
	worker->state = slot_phase_name(phase);
	/* A process of its own tells where it is only when it makes a promise, and when it is over. */
	if (worker->pid && phase == PHASE_PLACED)
		worker->state = "serving";
	read_slot(worker, slot);
	read_peer(worker, &placed->peer, atomic_load_explicit(&placed->peer_size, memory_order_relaxed));
	return true;
}

unsigned int figures_used(const struct board *board, unsigned int index)
{
	off_t at = lseek(board->fd, (off_t)index * (off_t)board->area_size, SEEK_DATA);

	/* -ENXIO: nothing but holes. The tally behind the last slot is no hole. */
	if (at < 0)
		return board->count;
	at /= (off_t)board->area_size;
	if (at < index)
		at = index;
	return at < board->count ? (unsigned int)at : board->count;
}

bool figures_worker(struct figures_worker *ret_worker, const struct board *board, unsigned int index, int64_t now_ns)
{
	struct figures_worker worker = { .index = index, .queue_us = -1 };
	struct slot *slot = board_slot(board, index);
	bool found;

	if (board->area_size >= sizeof(struct standing))
		found = read_standing(&worker, (const struct standing *)(const void *)slot, now_ns);
	else
		found = read_placed(&worker, slot, now_ns);
	if (found)
		*ret_worker = worker;
	return found;
}
