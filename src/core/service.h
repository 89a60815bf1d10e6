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
#include "core/park.h"
#include "core/rarely.h"
#include "loop/loop.h"
#include "observe/access_line.h"
#include "observe/board.h"
#include "observe/log.h"

struct admission;
struct arena;
struct crowd;

/* Why nobody is accepted at the moment. */
enum accept_state {
	ACCEPT_OPEN,    /* the listeners are in the loop */
	ACCEPT_FULL,    /* at the bound: resumed by the next end */
	ACCEPT_BACKOFF, /* accept or place failed: resumed by a timer */
	ACCEPT_CLOSED,
};

/* Who else accepts from a queue: see core/accept_shared.c. */
enum queue_kind {
	QUEUE_COMMON,   /* all alike */
	QUEUE_OWN,      /* of several with one address: the one that is first of all this worker's … */
	QUEUE_OF_OTHERS /* … and those that are not */
};

struct acceptor {
	struct loop_source source;
	struct listener listener;
	struct service *service;
	enum queue_kind kind;
	unsigned int siblings;   /* queues of this address, itself among them; of one that is common 0 */
	unsigned int since_turn; /* accepted since the others had their turn */
	bool done;               /* drained or served (a connected fd://): closed */
	int batch;               /* datagrams received last, or twice as many if there may have been more */
	uint32_t dropped;        /* datagrams that the kernel had no room for, by its own count */
};

/* What hangs on connections, in one mapping: all states, then all that is cold, then all kits (buffer, packet and answer). */
struct pool_layout {
	size_t state_size;
	size_t packet_size; /* 0: no datagrams */
	size_t cold_at;
	size_t kits_at, kit_size;
	size_t size;
};

/* Connections are made once, when the service starts: no allocation per client. Memory that none has used is not touched. */
struct pool {
	struct brood_conn *conns;
	size_t conns_size;
	unsigned int count, used; /* those beyond used were never taken */
	struct pool_layout layout;
	char *extras;
	struct list free;
	/* In a worker that serves many, see pool_take_kit: kits that nobody has, the warmest last. */
	uint32_t *free_kits;
	unsigned int free_kit_count, cold_kits; /* of these, the first: their memory was given back */
	unsigned int kits;                      /* that were ever in use */
};

/* What the service process writes while it serves, and no worker ever reads: in the zone (process/zone.h). */
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
	bool held;                    /* not our turn: another process has the listeners, or will leave them to us */

	struct pool pool;
	struct list out; /* connections that are with a worker */
	unsigned int out_count;
	unsigned int lost_count; /* of those: written off, with a thread that may never come back */
	struct loop_timer sweep_timer;
	bool sweeping;
	int64_t last_accept_ns;   /* for idle */
	struct tally *tally;      /* at the end of the board */
	struct end_record record; /* of the end in hand: not on the stack, for the reason of scratch */
	struct rarely cause[HOST_CAUSES];
	struct rarely refused[END_REASONS], would_refuse[END_REASONS];
	struct park park; /* refused clients that may still be sending */
	struct loop_timer park_timer;
	struct harvest_note *notes; /* of each standing worker */
	bool saturated;             /* every standing worker is busy */
	int64_t loop_now_ns;        /* of the harvest in hand */
	uint64_t lines_lost;        /* of the access log, and not told of yet */
	struct rarely lines_lost_said;
	struct log_batch lines; /* of ends, while holding (core/lines.h) */
	bool holding;
	int64_t held_since_ns;
	struct loop_pause lines_pause;
	struct service *service;
	char scratch[LOG_SCRATCH_SIZE +
		     1]; /* for end records: stack pages are copied after each fork, these are not */
};

/* The line of HTTP's answers that says Date, where one process makes many of them (http/http_clock.c). */
struct service_date {
	int64_t second;
	char line[40];
};

/* What a forked worker sees as well: hardly ever written once it serves. */
struct service {
	struct brood *engine;
	struct brood_service config; /* effective */
	const char *supervised_only; /* a field that only a supervised process honours, or NULL */
	void *app;                   /* as load left it */
	struct model model;
	struct board board;
	bool board_borrowed;
	bool loaded, model_started;
	struct ledger *ledger;
	struct arena *arena;         /* of standing workers */
	struct crowd *crowd;         /* in a worker that serves many: itself; NULL elsewhere */
	struct admission *admission; /* NULL: no limits */
	struct service_date date;    /* of a crowd */

	enum access_format access_format;
	struct log *access_log;           /* with a file of its own; NULL: its lines are among all others */
	struct log own_access_log;        /* that, unless a supervisor has it */
	struct access_stamp access_stamp; /* of a crowd */
};

#endif
