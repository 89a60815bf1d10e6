/* SPDX-License-Identifier: MIT */
/*
 * What the supervisor knows. Private to src/supervise; one file per verb works on it:
 *
 *   supervise.c    open everything, loop, close everything     orders.c   what a signal means
 *   listeners.c    open, announce, close listeners             stop.c     drain, quick stop, kill
 *   start.c        fork a service process                      watch.c    what must have ended by now
 *   notice.c       what a service process says                 restart.c  when to start again (arithmetic)
 *   generation.c   services of one load of the configuration   reload.c   from one generation to the next
 *   inheritance.c  listeners of one generation in the next     verbs.c    what can be asked for, and who is answered
 *   control*.c     the control socket and its requests         show*.c    what it is asked to show
 *   deaths.c       the last ones (memory only)                 totals.c, rates.c   a service's figures over its processes
 *   death.c        what follows when one has ended             service_process.c   life on the other side of the fork
 *   access_logs.c  files of access logs
 */
#ifndef SUPERVISE_SUPERVISOR_H
#define SUPERVISE_SUPERVISOR_H

#include <brood/brood.h>
#include <sys/types.h>

#include "base/list.h"
#include "base/sentence.h"
#include "contract/listener.h"
#include "core/engine.h"
#include "loop/loop.h"
#include "observe/board.h"
#include "observe/log.h"
#include "process/child.h"
#include "process/signals.h"
#include "process/stall.h"
#include "process/zone.h"
#include "supervise/deaths.h"
#include "supervise/generation.h"
#include "supervise/notify.h"
#include "supervise/pid_file.h"
#include "supervise/rates.h"
#include "supervise/reload.h"
#include "supervise/restart.h"
#include "supervise/state.h"
#include "supervise/supervise.h"
#include "supervise/totals.h"
#include "supervise/upgrade/foreign_board.h"
#include "supervise/upgrade/upgrade.h"
#include "transport/open_fd.h"

#define SUPERVISED_URL_SIZE 512

/* Beside each listener: how it came to be, so that the next generation finds it again. */
struct supervised_origin {
	char url[SUPERVISED_URL_SIZE]; /* as configured; one may have opened several listeners */
	size_t url_number;             /* among those of its service */
	int backlog;
	int sent_as;                    /* its number in the service process, or -1 */
	unsigned int claimed;           /* by the load of this number */
	struct supervised_origin *from; /* the same socket in the generation in office, until ours is */
	bool passed_on;                 /* the next generation has it */
	bool orphaned;                  /* from is closed already: the path is ours, in office or not */
	bool announced;
};

/* What is told about a service process that died. */
struct black_box {
	bool known;
	bool core;
	int64_t cpu_us, peak_kib;
	uint64_t clients; /* that it had, and took along */
};

/* One service in the supervisor's care. Has a process exactly while child.pidfd >= 0; channel and board live and die
 * with the process, listeners outlive it. */
struct supervised {
	struct supervisor *supervisor;
	struct generation *generation;
	struct supervise_service *config;
	struct brood_service effective;
	enum service_state state;
	int64_t state_since_ns; /* 0: from the beginning */

	struct listener listeners[ENGINE_LISTENERS];
	struct supervised_origin origins[ENGINE_LISTENERS];
	size_t listener_count;

	struct log access_log; /* of a file of its own: path NULL if there is none */

	struct child child;
	struct board board;                /* fd -1: none that we can read */
	struct foreign_board foreign;      /* instead of board */
	struct stall stall;                /* see watch.c */
	struct loop_source exit_source;    /* the pidfd */
	struct loop_source channel_source; /* our end of the channel */
	struct loop_timer timer; /* what is waited for in this state: next start, load deadline, drain deadline */
	bool prepared;           /* READY while its generation was coming */
	bool quiet;              /* told to yield, and does not accept any more */
	bool is_hearsay;         /* known by what another image told alone: cannot be started again */
	bool is_told;            /* taken over from another image */
	bool lame;               /* told to stop, and accepts until its timer fires */
	int workers;             /* as resized; 0: as configured */
	int resizing_to;
	struct list resizing; /* who asked for it: one, or nobody */
	unsigned int reopens; /* of the log, that its process has not answered yet */
	struct restart restart;
	struct totals totals;
	uint32_t status_board; /* number of the board, see status_rows.c; 0: not yet */
	struct rates rates;

	struct sentence said;   /* by the process that lives, or lived last: why it failed */
	int said_exit_status;   /* and the status to give up with, or 0 */
	bool told_by_others;    /* to end, and it does */
	const char *killed_for; /* we killed it, and why; or NULL */
	struct black_box box;   /* of the process that died last */
};

/* What was asked for and is not answered yet: lists of struct verb_reply. See verbs.c. */
struct verbs {
	bool reload_wanted;
	bool reload_carried;      /* the image before us was asked: ours is the one, unless we go back */
	struct list reload_waits; /* for the next reload */
	struct list under_way;    /* for what is going on now */
	struct list drain_waits, reopen_waits;
	bool upgrade_wanted;
	struct list upgrade_waits; /* for the next upgrade */
	struct loop_timer reopen_patience;
};

/* How we stop; only ever grows. */
enum stop {
	STOP_NOT,
	STOP_DRAIN,
	STOP_QUICK, /* end connections now, but tell why */
	STOP_KILL,
};

struct supervisor {
	struct zone zone; /* where this is; a service process adds its own, and its workers see none of it */
	const struct supervise_config *config;
	struct list generations;       /* all of them, oldest first */
	struct generation *generation; /* in office; NULL: not yet */
	struct supervised *services;   /* of the generation in office */
	size_t service_count;
	unsigned int loads; /* of the configuration, ever */

	struct reload reload;
	struct upgrade upgrade;
	struct verbs verbs;
	bool drained; /* told to serve nobody until the next reload */

	struct loop loop;
	struct signals signals;
	struct loop_source signal_source;
	struct pid_file pid_file;
	struct notify notify;
	struct control *control;      /* or NULL */
	struct status_server *status; /* or NULL */
	struct open_fd_held held;     /* LISTEN_FDS */
	struct deaths deaths;
	struct loop_timer sweep_timer;

	/* Hangs up for everybody below when we are gone: nobody else ever holds the writing end. */
	int lifeline_read_fd, lifeline_write_fd;

	pid_t pid;
	bool has_terminal; /* at start: a terminal that hangs up is gone when its signal is read */
	int terminations;  /* TERM and QUIT so far */
	int stop_signal;   /* the last one, and when */
	int64_t stop_signal_ns;
	enum stop stop;
	int exit_status; /* written by report_fatal alone, with the reason */
	struct sentence fatal;
	int64_t next_start_ns; /* see restart_may_start */
	bool said_ready;
};

static inline bool supervised_has_process(const struct supervised *service)
{
	return service->child.pidfd >= 0;
}

#endif
