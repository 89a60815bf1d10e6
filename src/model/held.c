/* SPDX-License-Identifier: MIT */
#include "model/held.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/list.h"
#include "contract/conn.h"
#include "contract/model.h"
#include "platform/direct.h"
#include "platform/leak_check.h"
#include "process/zone.h"

/* Whether a child is stuck is looked at once a second; not for all of them in the same sweep. */
#define SWEEPS_PER_LOOK 4

static size_t set_size(int capacity)
{
	return sizeof(struct held_set) + (size_t)capacity * sizeof(struct held);
}

/* exit(3) in a handler must not run the atexit work of the parent a second time, nor flush its stdio buffers.
 * Registered after everything the child inherits, hence called before it. */
static void exit_hook(int status, void *arg)
{
	const struct model *model = arg;

	if (getpid() != model->pid)
		held_exit(status);
}

void held_catch_exit(struct model *model)
{
	on_exit(exit_hook, model);
}

struct held_set *held_new(struct model *model, int capacity)
{
	struct held_set *set = zone_take(model->zone, set_size(capacity));

	if (!set)
		return NULL;
	/* Once for all children, where the process is ours: in each child it would cost a page of libc's. */
	if (model->config.supervised)
		held_catch_exit(model);
	set->capacity = capacity;
	set->zone = model->zone;
	if (model->config.worker_copies && zone_leave_out_too(model->zone, set, set_size(capacity)) < 0) {
		held_free(set);
		return NULL;
	}
	return set;
}

void held_free(struct held_set *set)
{
	if (set)
		zone_give(set->zone, set, set_size(set->capacity));
}

enum end_reason held_reason(
	const struct model *model, const struct slot *slot, enum end_reason ended_as, const struct child_exit *ended)
{
	unsigned int said = atomic_load_explicit(&slot->reason, memory_order_relaxed);

	/* A worker sees that everything must end, not why: it takes the worst for granted. */
	if (atomic_load_explicit(&slot->phase, memory_order_relaxed) == PHASE_OVER)
		return said == END_SUPERVISOR_GONE && model->killed ? END_STOPPED : END_NONE;
	if (model->killed)
		return END_STOPPED;
	if (ended_as != END_NONE)
		return ended_as;
	switch (ended->code) {
	case CLD_EXITED:
		return END_HANDLER_EXITED;
	case CLD_KILLED:
	case CLD_DUMPED:
		return ended->status == SIGKILL || ended->status == SIGTERM ? END_WORKER_KILLED : END_HANDLER_CRASHED;
	default:
		return END_UNKNOWN;
	}
}

static void held_ready(struct loop_source *source, uint32_t events)
{
	struct held *held = container_of(source, struct held, source);
	struct brood_conn *conn = held->conn;
	struct held_set *set = conn->model->state;
	struct child_exit ended;

	(void)events;
	if (child_reap(&held->child, &ended) < 0)
		return;
	loop_del(conn->model->loop, source);
	child_close(&held->child);
	held->conn = NULL;
	set->count--;
	conn->model->host->ended(conn, held_reason(conn->model, conn->slot, held->ended_as, &ended), &ended);
}

void held_exit(int status)
{
	leak_check();
	direct_exit(status);
}

/* In a child of an embedding program, where nothing but ourselves knows which descriptors these are. */
static void leave_siblings(const struct held_set *set)
{
	for (int i = 0; i < set->capacity; i++)
		if (set->entries[i].conn)
			close(set->entries[i].child.pidfd);
}

static void begin_child(const struct held_set *set, struct brood_conn *conn, pid_t parent)
{
	if (conn->model->host->enter_child(conn, parent) < 0)
		_exit(EXIT_FAILURE);
	if (!conn->model->config.supervised) {
		leave_siblings(set);
		on_exit(exit_hook, conn->model);
	}
	conn->child = true;
	conn->pid = direct_getpid();
}

int held_spawn(struct held_set *set, struct brood_conn *conn, struct brood_conn *its_conn)
{
	struct model *model = conn->model;
	struct held *held = &set->entries[conn->index];
	pid_t parent = model->pid;
	struct child child;
	int r;

	r = child_spawn(!model->config.supervised, &child);
	if (r == 0)
		begin_child(set, its_conn, parent);
	if (r <= 0)
		return r;

	*held = (struct held){ .source = { .fd = child.pidfd, .ready = held_ready }, .child = child, .conn = conn };
	r = loop_add(model->loop, &held->source, EPOLLIN);
	if (r < 0) {
		struct child_exit ended;

		/* Nobody would see it end: it must not begin. KILL cannot be caught, so the wait is short. */
		child_signal(&child, SIGKILL);
		while (child_reap(&child, &ended) == -EAGAIN)
			usleep(1000);
		child_close(&child);
		held->conn = NULL;
		return r;
	}
	conn->pid = child.pid;
	set->count++;
	return 1;
}

/* What gets on with its work without ever having to wait shows it here: it publishes now and then (core/io.c). */
static uint64_t progress_of(const struct slot *slot)
{
	return atomic_load_explicit(&slot->requests, memory_order_relaxed) +
	       atomic_load_explicit(&slot->bytes_in, memory_order_relaxed) +
	       atomic_load_explicit(&slot->bytes_out, memory_order_relaxed);
}

static bool is_stuck(struct held_set *set, struct held *held)
{
	const struct model *model = held->conn->model;
	int r = stall_look(
		&held->stall, held->child.pid, progress_of(held->conn->slot), model->config.stall_cpu_ms * NS_PER_MS);

	if (r < 0 && r != -ESRCH && !set->blind) {
		set->blind = true;
		model->host->log(model->service, BROOD_WARN, CAUSE_NONE,
			"cannot see in /proc whether workers are stuck: %s; only deadlines end them",
			strerrordesc_np(-r));
	}
	return r > 0;
}

/* Its client is let go at once; the worker itself has kill_after to come back. */
static bool is_overdue(const struct held *held, int64_t now_ns)
{
	const struct model *model = held->conn->model;
	int64_t must_end_ns = atomic_load_explicit(&held->conn->slot->must_end_ns, memory_order_relaxed);

	if (must_end_ns <= 0 || now_ns < must_end_ns)
		return false;
	model->host->expire(held->conn);
	return now_ns - must_end_ns >= model->config.kill_after_ms * NS_PER_MS;
}

static void sweep_one(struct held_set *set, struct held *held, bool look, int64_t now_ns)
{
	bool overdue = is_overdue(held, now_ns);

	if (held->conn->model->config.kill_after_ms < 0)
		return;
	if (held->ended_as == END_NONE && overdue)
		held->ended_as = END_WORKER_KILLED;
	else if (held->ended_as == END_NONE && look && is_stuck(set, held))
		held->ended_as = END_WORKER_STUCK;
	if (held->ended_as != END_NONE)
		ladder_climb(&held->ladder, &held->child, now_ns);
}

void held_sweep(struct held_set *set, int64_t now_ns)
{
	int left = set->count;

	set->sweeps++;
	for (int i = 0; i < set->capacity && left > 0; i++) {
		if (!set->entries[i].conn)
			continue;
		left--;
		sweep_one(set, &set->entries[i], ((unsigned int)i + set->sweeps) % SWEEPS_PER_LOOK == 0, now_ns);
	}
}

void held_kill(struct held_set *set)
{
	for (int i = 0; i < set->capacity; i++)
		if (set->entries[i].conn)
			child_signal(&set->entries[i].child, SIGKILL);
}
