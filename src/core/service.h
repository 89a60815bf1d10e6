/* SPDX-License-Identifier: MIT */
/* A service inside its engine: what is served, its listeners, its connections. Private to src/core. */
#ifndef CORE_SERVICE_H
#define CORE_SERVICE_H

#include <brood/brood.h>

#include "base/list.h"
#include "base/sentence.h"
#include "contract/conn.h"
#include "contract/listener.h"
#include "contract/model.h"
#include "contract/record.h"
#include "core/engine.h"
#include "loop/loop.h"
#include "observe/board.h"
#include "observe/log.h"

/* Why nobody is accepted at the moment. */
enum accept_state {
	ACCEPT_OPEN,    /* the listeners are in the loop */
	ACCEPT_FULL,    /* at the bound: resumed by the next end */
	ACCEPT_BACKOFF, /* accept or place failed: resumed by a timer */
	ACCEPT_CLOSED,
};

struct acceptor {
	struct loop_source source;
	struct listener listener;
	struct service *service;
	bool done;        /* drained or served (a connected fd://): closed */
	uint32_t dropped; /* datagrams that the kernel had no room for, by its own count */
};

/* Connections are made once, when the service starts: no allocation per client. */
struct pool {
	struct brood_conn *conns;
	size_t conns_size;
	char *extras; /* each connection's buffer, packets and state */
	size_t extras_size;
	struct list free;
};

struct cause_state {
	int64_t said_ns;
	uint64_t unsaid;
};

/* What the service process writes while it serves, and no worker ever reads: pages of its own (process/pages.h). */
struct ledger {
	struct acceptor acceptors[ENGINE_LISTENERS];
	size_t acceptor_count;
	size_t next_acceptor; /* whose turn it is after a pause */
	enum accept_state accept_state;
	struct loop_timer backoff_timer;
	int backoff_ms;
	struct brood_conn *placeless; /* accepted, but no worker could be made yet: first in line for the next one */
	int64_t placeless_since_ns;   /* since when none could be made; 0: the last one could */
	bool accepting;               /* inside accept_pass: ends must not start another */

	struct pool pool;
	struct list out; /* connections that are with a worker */
	unsigned int out_count;
	unsigned int lost_count; /* of those: written off, with a thread that may never come back */
	struct loop_timer sweep_timer;
	bool sweeping;
	int64_t last_accept_ns; /* for idle */
	struct tally *tally;          /* at the end of the board */
	struct end_record record;     /* of the end in hand: not on the stack, for the reason of scratch */
	struct cause_state cause[HOST_CAUSES];
	struct service *service;
	char scratch[LOG_SCRATCH_SIZE]; /* for end records: stack pages are copied after each fork, these are not */
};

/* What a forked worker sees as well: hardly ever written once it serves. */
struct service {
	struct brood *engine;
	struct brood_service config; /* effective */
	void *app;                   /* as load left it */
	struct model model;
	struct board board;
	bool board_borrowed;
	bool loaded, model_started;
	struct ledger *ledger;
};

#endif
