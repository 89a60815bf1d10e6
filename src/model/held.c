/* SPDX-License-Identifier: MIT */
#include "model/held.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/list.h"
#include "contract/conn.h"
#include "contract/model.h"
#include "platform/direct.h"
#include "platform/leak_check.h"
#include "process/pages.h"

static size_t set_size(int capacity)
{
	return sizeof(struct held_set) + (size_t)capacity * sizeof(struct held);
}

/* exit(3) in a handler must not run the atexit work of the parent a second time, nor flush its stdio buffers. Registered
 * after everything the child inherits, hence called before it. */
static void exit_hook(int status, void *arg)
{
	const struct model *model = arg;

	if (getpid() != model->pid)
		held_exit(status);
}

struct held_set *held_new(struct model *model, int capacity)
{
	struct held_set *set = pages_new(set_size(capacity));

	if (!set)
		return NULL;
	/* Once for all children, where the process is ours: in each child it would cost a page of libc's. */
	if (model->config.supervised)
		on_exit(exit_hook, model);
	set->capacity = capacity;
	if (model->config.worker_copies && pages_leave_out_of_forks(set, set_size(capacity)) < 0) {
		held_free(set);
		return NULL;
	}
	return set;
}

void held_free(struct held_set *set)
{
	if (set)
		pages_free(set, set_size(set->capacity));
}

/* What the child's death says about its connection, where the slot does not know better. */
static enum end_reason reason_of(const struct brood_conn *conn, bool ended_by_us, const struct child_exit *ended)
{
	unsigned int said = atomic_load_explicit(&conn->slot->reason, memory_order_relaxed);

	/* A worker sees that everything must end, not why: it takes the worst for granted. */
	if (atomic_load_explicit(&conn->slot->phase, memory_order_relaxed) == PHASE_OVER)
		return said == END_SUPERVISOR_GONE && conn->model->killed ? END_STOPPED : END_NONE;
	if (conn->model->killed)
		return END_STOPPED;
	if (ended_by_us)
		return END_WORKER_KILLED;
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
	conn->model->host->ended(conn, reason_of(conn, held->ended_by_us, &ended), &ended);
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

static void sweep_one(struct held *held, int64_t now_ns)
{
	const struct model *model = held->conn->model;
	int64_t must_end_ns = atomic_load_explicit(&held->conn->slot->must_end_ns, memory_order_relaxed);
	int64_t late_ns;

	if (must_end_ns <= 0 || now_ns < must_end_ns)
		return;
	model->host->expire(held->conn);
	late_ns = now_ns - must_end_ns;
	if (late_ns < model->config.kill_after_ms * NS_PER_MS || model->config.kill_after_ms < 0)
		return;
	if (held->term_ns == 0) {
		held->term_ns = now_ns;
		held->ended_by_us = true;
		child_signal(&held->child, SIGTERM);
	} else if (now_ns - held->term_ns >= HELD_TERM_GRACE_MS * NS_PER_MS) {
		child_signal(&held->child, SIGKILL);
	}
}

void held_sweep(struct held_set *set, int64_t now_ns)
{
	int left = set->count;

	for (int i = 0; i < set->capacity && left > 0; i++) {
		if (!set->entries[i].conn)
			continue;
		left--;
		sweep_one(&set->entries[i], now_ns);
	}
}

void held_kill(struct held_set *set)
{
	for (int i = 0; i < set->capacity; i++)
		if (set->entries[i].conn)
			child_signal(&set->entries[i].child, SIGKILL);
}
