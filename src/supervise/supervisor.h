/* SPDX-License-Identifier: MIT */
/*
 * What the supervisor knows. Private to src/supervise; one file per verb works on it:
 *
 *   supervise.c    open everything, loop, close everything     orders.c   what a signal means
 *   listeners.c    open, announce, close listeners             stop.c     drain, quick stop, kill
 *   start.c        fork a service process                      watch.c    what must have ended by now
 *   notice.c       what a service process says                 restart.c  when to start again (arithmetic)
 *   death.c        what follows when one has ended             service_process.c   life on the other side of the fork
 */
#ifndef SUPERVISE_SUPERVISOR_H
#define SUPERVISE_SUPERVISOR_H

#include <brood/brood.h>
#include <sys/types.h>

#include "base/sentence.h"
#include "contract/listener.h"
#include "core/engine.h"
#include "loop/loop.h"
#include "observe/board.h"
#include "process/child.h"
#include "process/signals.h"
#include "supervise/notify.h"
#include "supervise/pid_file.h"
#include "supervise/restart.h"
#include "supervise/state.h"
#include "supervise/supervise.h"

/* One service in the supervisor's care. Has a process exactly while child.pidfd >= 0; channel and board live and die
 * with the process, listeners outlive it. */
struct supervised {
	struct supervisor *supervisor;
	struct supervise_service *config;
	struct brood_service effective;
	enum service_state state;

	struct listener listeners[ENGINE_LISTENERS];
	size_t listener_count;

	struct child child;
	struct board board;
	struct loop_source exit_source;    /* the pidfd */
	struct loop_source channel_source; /* our end of the channel */
	struct loop_timer timer; /* what is waited for in this state: next start, load deadline, drain deadline */
	struct restart restart;

	struct sentence said;   /* by the process that lives, or lived last: why it failed */
	int said_exit_status;   /* and the status to give up with, or 0 */
	const char *killed_for; /* we killed it, and why; or NULL */
};

/* How we stop; only ever grows. */
enum stop {
	STOP_NOT,
	STOP_DRAIN,
	STOP_QUICK, /* end connections now, but tell why */
	STOP_KILL,
};

struct supervisor {
	const struct supervise_config *config;
	struct supervised *services;
	size_t service_count;

	struct loop loop;
	struct signals signals;
	struct loop_source signal_source;
	struct pid_file pid_file;
	struct notify notify;
	struct loop_timer sweep_timer;

	/* Hangs up for everybody below when we are gone: nobody else ever holds the writing end. */
	int lifeline_read_fd, lifeline_write_fd;

	pid_t pid;
	bool has_terminal; /* at start: a terminal that hangs up is gone when its signal is read */
	int terminations;  /* TERM and QUIT so far */
	enum stop stop;
	int exit_status;       /* written by report_fatal alone */
	int64_t next_start_ns; /* see restart_may_start */
	bool said_ready;
};

static inline bool supervised_has_process(const struct supervised *service)
{
	return service->child.pidfd >= 0;
}

#endif
