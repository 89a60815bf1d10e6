/* SPDX-License-Identifier: MIT */
/*
 * --status-listen, as the supervisor sees it: a process of its own that answers /healthz, /readyz and /metrics. The supervisor
 * opens its listener, tells it what there is through shared memory (status_shared.h) and starts it again when it dies. All
 * functions do nothing where nobody asked for it.
 */
#ifndef SUPERVISE_STATUS_SERVER_H
#define SUPERVISE_STATUS_SERVER_H

#include <sys/types.h>

#include "supervise/supervisor.h"

#define STATUS_LISTENERS 4 /* of the one URL: a name may have several addresses */

struct status_server {
	struct supervisor *supervisor;
	struct status_shared *shared;
	int shared_fd;
	struct listener listeners[STATUS_LISTENERS];
	size_t listener_count;

	struct child child;
	int channel_fd; /* boards go there; -1: no process */
	struct loop_source exit_source;
	struct loop_timer timer; /* the next start */
	struct restart restart;
	bool keeps_rights; /* it could not become anybody else */
};

/* Opens what it needs and starts it. 0, or an exit status after report_fatal. */
int status_server_start(struct supervisor *supervisor);

/* Ends it at once and closes everything: the very last service. */
void status_server_stop(struct supervisor *supervisor);

/* After each turn of the loop: what has changed. */
void status_server_refresh(struct supervisor *supervisor);

/* The board of a service's process is about to be closed: its counters are kept. */
void status_server_board_gone(struct supervised *service);

/* Whether this is its pid: of a child of the supervisor that is no service process. */
bool status_server_is(const struct supervisor *supervisor, pid_t pid);

#endif
