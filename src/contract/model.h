/* SPDX-License-Identifier: MIT */
/*
 * What a model is: only what differs between ways of running many clients at once. Accepting,
 * admission, deadlines, logging and the life of a connection are core's (struct brood_host_ops is how
 * a model calls them).
 *
 *   accepted → room() > 0 → place(conn) → … host->serve(conn) in the worker … → host->ended(conn)
 */
#ifndef CONTRACT_MODEL_H
#define CONTRACT_MODEL_H

#include <brood/brood.h>
#include <stdint.h>

#include "contract/end_reason.h"
#include "contract/standing_host.h"
#include "process/child.h"

struct end_record;
struct loop;
struct model;
struct service;
struct slot;

/* What a rate-limited log line is about. */
enum host_cause { CAUSE_NONE, CAUSE_FULL, CAUSE_ACCEPT, CAUSE_WORKER, CAUSE_TICK, HOST_CAUSES };

/* How a lower layer calls upward; filled in by core. */
struct brood_host_ops {
	/* In the worker: the moment start / stop for this worker's memory. <0: counted as a failed start. */
	int (*worker_start)(struct service *service);
	void (*worker_stop)(struct service *service);

	/* In a child just forked for this connection, first of all: leave the parent's descriptors and, in a process
	 * of brood's own, die with the parent. <0: it cannot serve and must _exit. */
	int (*enter_child)(struct brood_conn *conn, pid_t parent);

	/* In the worker: the whole life of one connection, verify to the last deferred call. Blocks as the model's
	 * wait blocks. Leaves the reason in the slot. Never closes the descriptor. */
	void (*serve)(struct brood_conn *conn);

	/* The same, in a worker that serves many, as far as it goes: true once the connection is between two requests, and
	 * owns no stack until parked_until_ns or until its client sends something. Then it is called again. woken: what
	 * wait would have answered meanwhile; 0 the first time. */
	bool (*serve_some)(struct brood_conn *conn, int woken);

	/* In such a worker, first of all: true if there is nothing to do before its client's first byte; then as above. */
	bool (*waits_for_client)(struct brood_conn *conn);

	/* In such a worker, after serve_some: what became of the answer that was sent later; 0 or -errno of transport->finish. */
	void (*answered)(struct brood_conn *conn, int result);

	/* In such a worker: this is a child that a handler forked by itself, and that still runs in it. */
	bool (*is_stray)(const struct brood_conn *conn);

	/* In such a worker: some child has the connection's descriptor, too: closing it here is not its end. */
	bool (*is_shared)(const struct brood_conn *conn);

	/* In the service process, in its loop: the connection is over. Writes the end record, closes, frees, and resumes
	 * accepting. Takes conn. reason END_NONE: whatever the slot says. exit: NULL if the worker was no process. */
	void (*ended)(struct brood_conn *conn, enum end_reason reason, const struct child_exit *exit);

	/* In the service process: the worker will not give this connection back in time. Writes the end record; conn
	 * stays the worker's, and ended is still due should it ever come back. */
	void (*written_off)(struct brood_conn *conn);

	/* In the service process: its deadline passed, or everything must end; shut it down, so that its worker wakes, and
	 * answer for a worker that missed its deadline (core/dead.h). Idempotent. */
	void (*expire)(struct brood_conn *conn);

	/* In the service process: the process of a standing worker is reaped. record: worker, accepted_ns, peer, queue and
	 * reason (END_NONE: whatever slot says) are filled in. slot: of the client in its hands, fd: that client's socket or
	 * -1, which stays the caller's; slot NULL: it had none, and accepted_ns is when the worker began. Answers for it,
	 * writes the line and the counters. */
	void (*died)(struct service *service, struct end_record *record, const struct slot *slot, int fd,
		const struct child_exit *exit);

	/* In the service process: this process should be replaced (too many stuck threads): drain, then fail. */
	void (*give_up)(struct service *service, const char *why);

	const struct standing_host_ops *standing;

	/* One line; at most one per cause and second unless cause is CAUSE_NONE. In the service process, its loop's
	 * thread: what it counts is not there in a forked child. */
	void (*log)(struct service *service, enum brood_level level, enum host_cause cause, const char *format, ...)
		BROOD_PRINTF(4, 5);
};

/* A worker that has used so much CPU since it last waited for anything is stuck, deadline or not. */
#define MODEL_STALL_CPU_MS 60000

/* One that serves many is stuck when its loop has not turned for so long, whatever it waits for. */
#define MODEL_STALL_LOOP_MS 30000

/* Clients of each worker that serves many, unless somebody says how many, or there is room for fewer. */
#define MODEL_CONNS 10000

/* Places for so many workers leave room for some that come by resize. */
static inline int model_places(int workers)
{
	return workers + (workers < 64 ? workers : 64);
}

/* What a model is told at start. */
struct model_config {
	int workers;
	int workers_min, workers_max, workers_spare;
	int max_requests;       /* BROOD_OFF: any number */
	int recycle_memory_kib; /* BROOD_OFF: any */
	int max_memory_kib;     /* BROOD_OFF: any */
	bool oneshot;
	int threads;
	int max_conns; /* of each worker that serves many */
	int stack_kib;
	int last_chance_ms; /* when it drains, a client between two requests may still send one for so long */
	int kill_after_ms;
	int stall_cpu_ms;  /* MODEL_STALL_CPU_MS, but for tests */
	int stall_loop_ms; /* MODEL_STALL_LOOP_MS, but for tests */
	bool keeps;        /* standing workers have keepers: there is something to say for those that die */
	bool supervised;   /* in a process of brood's own: clone3 */
	bool worker_copies; /* forked workers see no page that the service process writes for itself (process/zone.h) */
	int life_fd;        /* readable once the service drains; hangs up once everything must end */
	int board_fd;       /* where copies publish their slot, or -1 */
};

struct model_ops {
	const char *name;
	bool standing; /* workers are there before their clients, and accept them by themselves (contract/standing.h) */
	bool many;     /* … each of them many at once, in a loop of its own (core/crowd.h) */
	bool shares_queues; /* other processes accept from the same sockets, by loops of theirs */
	bool hears_all; /* wait hears whatever comes after a try that found nothing: no need to try again before it */
	bool publishes; /* a worker has its slot to itself and publishes it (conn_publish) */
	bool has_control; /* a handler has a thread of control of its own: brood_file works */
	int descriptors;  /* that one connection holds in the service process */
	int accept_batch; /* connections taken per turn of the loop */

	/* How many connections may be out at once under this configuration. Pure. */
	int (*capacity)(const struct model_config *config);

	/* In the service process: how many more may come in now. */
	int (*room)(const struct model *model);

	/* In the service process, after load, before the first place. 0 or -errno. May block briefly. */
	int (*start)(struct model *model);

	/* In the service process: one more accepted connection. Takes conn on 0 and promises one host->ended.
	 * <0 (-EAGAIN, -ENOMEM: no worker to be had): conn stays the caller's. Iterative blocks; others do not. */
	int (*place)(struct model *model, struct brood_conn *conn);

	/* In the worker: until the descriptor is ready for POLLIN/POLLOUT or deadline_ns (monotonic; CONN_NEVER).
	 * events 0: just sleep. 0: ready; -ETIMEDOUT; -ESHUTDOWN: draining began (only if watch_drain);
	 * -ECANCELED: everything must end. */
	int (*wait)(struct brood_conn *conn, short events, int64_t deadline_ns, bool watch_drain);

	/* In the worker: until fd, which is the handler's own, is ready for events, or deadline_ns. What is ready, as poll(2)'s
	 * revents; -ETIMEDOUT; -ECANCELED; -EBADF. NULL where nobody is served. */
	int (*wait_fd)(struct brood_conn *conn, int fd, short events, int64_t deadline_ns);

	/* In the worker: fn(arg), which blocks, in a thread while others go on here. 0: it has returned, however late; <0: it
	 * was not called: -ETIMEDOUT, -ECANCELED, or -EAGAIN: no thread to be had. NULL: nobody else waits here, core calls it. */
	int (*offload)(struct brood_conn *conn, void (*fn)(void *arg), void *arg, int64_t deadline_ns);

	/* In the worker, the last that happens to a connection: the answer to a datagram leaves together with others, when its
	 * life is over; host->answered is called with what became of it, then host->ended. NULL: it leaves at once. */
	void (*send_later)(struct brood_conn *conn);

	/* In the worker, after so many operations that did not have to wait: others may go on now. NULL: the kernel sees to
	 * that. */
	void (*breathe)(struct brood_conn *conn);

	/* In the service process, each 250 ms while connections are out: end what is past its deadline. */
	void (*sweep)(struct model *model, int64_t now_ns);

	/* In the worker: brood_fork. NULL: -EOPNOTSUPP. */
	int (*fork)(struct brood_conn *conn);

	/* In the service process: end everything that is out, now; ended is still called for each. */
	void (*kill)(struct model *model);

	/* Standing models, in the service process. go: workers may accept from now on; called once, after start, maybe not
	 * at once. yield: they accept nothing more and leave the queues alone, another process has the listeners; what
	 * was accepted is finished. Neither waits. NULL where core accepts. */
	void (*go)(struct model *model);
	void (*yield)(struct model *model);

	/* Standing models, in the service process, draining: who waits in these queues (a bit for each listener) is served,
	 * then the workers go; host->standing->emptied once nobody waits. */
	void (*empty)(struct model *model, uint32_t queues);

	/* Standing models: how many workers there are still. */
	int (*left)(const struct model *model);

	/* Standing models, in a child of an embedding program: close what is the service process's own. */
	void (*forget)(const struct model *model);

	/* Standing models, in a worker: brood_fork left the connection to a child; wait until that is over. */
	void (*join)(struct brood_conn *conn);

	/* In the service process: from now on so many at once, 1 or more; those beyond finish what they started. 0;
	 * -E2BIG: more than the board has places for. NULL: this model has a fixed size. */
	int (*resize)(struct model *model, int workers);

	/* In the service process, with nothing out: release everything. Idempotent. */
	void (*stop)(struct model *model);
};

struct model {
	const struct model_ops *ops;
	const struct brood_host_ops *host;
	struct service *service;
	struct loop *loop;
	struct zone
		*zone; /* for what only the service process writes: left out of forks where processes are our own */
	struct model_config config;
	void *state;           /* the model's own, made by start, freed by stop */
	pid_t pid;             /* of the service process */
	bool serving;          /* a handler is running in the loop's own thread (iterative): no ticks, no room */
	_Atomic bool draining; /* written by core, in the service process; read by its threads */
	_Atomic bool killed;
};

extern const struct model_ops model_fork;
extern const struct model_ops model_iterative;
extern const struct model_ops model_prefork;
extern const struct model_ops model_event;       /* as the service process sees it … */
extern const struct model_ops model_event_inner; /* … and as it is in each of its workers */
extern const struct model_ops model_thread;

#endif
