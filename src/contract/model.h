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
#include <sys/resource.h>

#include "contract/end_reason.h"

struct brood_conn;
struct loop;
struct model;
struct service;
struct slot;

/* How a worker process ended; zeroed where the worker was no process. */
struct worker_exit {
	bool process;	/* the rest is valid */
	int code;	/* CLD_EXITED, CLD_KILLED, CLD_DUMPED */
	int status;	/* exit status or signal */
	struct rusage usage;
};

/* How a lower layer calls upward; filled in by core. */
struct brood_host_ops {
	/* In the worker: the moment start / stop for this worker's memory. <0: counted as a failed start. */
	int (*worker_start)(struct service *service);
	void (*worker_stop)(struct service *service);

	/* In the worker: the whole life of one connection, verify to the last deferred call. Blocks as the model's
	 * wait blocks. Leaves the reason in the slot. Never closes the descriptor. */
	void (*serve)(struct brood_conn *conn);

	/* In the service process, in its loop: the connection is over. Writes the end record, closes, frees,
	 * and resumes accepting. Takes conn. reason END_NONE: whatever the slot says. */
	void (*ended)(struct brood_conn *conn, enum end_reason reason, const struct worker_exit *exit);

	/* In the service process: sweep said this connection's deadline passed; wake its worker. */
	void (*expire)(struct brood_conn *conn);

	/* One line; at most one per cause and second when cause is not NULL. Any process, any thread. */
	void (*log)(struct service *service, enum brood_level level, const char *cause, const char *format, ...)
		BROOD_PRINTF(4, 5);

	/* In the service process: this process should be replaced (too many stuck threads): drain and fail. */
	void (*give_up)(struct service *service, const char *why);
};

/* What a model may not reach by itself, given at start. */
struct model_config {
	int workers;
	int threads;
	int stack_kib;
	int kill_after_ms;
	bool supervised;    /* brood's own process: clone3, close_range, PDEATHSIG */
	int drain_fd;	    /* readable (hang-up) once the service drains */
	int lifeline_fd;    /* readable (hang-up) once the supervisor is gone, or -1 */
	int keep_below;	    /* supervised: descriptors below this one are the application's, the log's and
			     * the two above: a child keeps them */
	int board_fd;	    /* where slot pages live, and their mapping */
	struct slot *(*slot_at)(struct service *service, unsigned int index);
};

struct model_ops {
	const char *name;
	bool own_process;   /* serve runs in a process of the connection's own */
	bool own_thread;    /* serve runs in a thread of its own: wakes by shutdown(2) */
	int accept_batch;   /* connections taken per turn of the loop */

	/* How many connections may be out at once under this configuration. Pure. */
	int (*capacity)(const struct model_config *config);

	/* In the service process, after load, before the first place. 0 or -errno. May block briefly. */
	int (*start)(struct model *model);

	/* In the service process: one more accepted connection. Takes conn on 0 and promises one host->ended.
	 * <0 (-EAGAIN, -ENOMEM: no worker to be had): conn stays the caller's. Iterative blocks; others do not. */
	int (*place)(struct model *model, struct brood_conn *conn);

	/* In the worker: until the descriptor is ready for POLLIN/POLLOUT or deadline_ns (monotonic; CONN_NEVER).
	 * events 0: just sleep. 0 ready; -ETIMEDOUT; -ESHUTDOWN: draining began (only if watch_drain);
	 * -ECANCELED: the supervisor is gone. */
	int (*wait)(struct brood_conn *conn, short events, int64_t deadline_ns, bool watch_drain);

	/* In the service process, each 250 ms while connections are out: end what is past its deadline. */
	void (*sweep)(struct model *model, int64_t now_ns);

	/* In the worker: see brood_fork(3). NULL: -EOPNOTSUPP. */
	int (*fork)(struct brood_conn *conn);

	/* In the service process: end everything that is out, now; ended is still called for each. */
	void (*kill)(struct model *model);

	/* In the service process, with nothing out: release everything. Idempotent. */
	void (*stop)(struct model *model);
};

struct model {
	const struct model_ops *ops;
	const struct brood_host_ops *host;
	struct service *service;
	struct loop *loop;
	struct model_config config;
	void *state; /* the model's own, made by start, freed by stop */
};

extern const struct model_ops model_fork;
extern const struct model_ops model_iterative;
extern const struct model_ops model_thread;

#endif
