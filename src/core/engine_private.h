/* SPDX-License-Identifier: MIT */
/* struct brood from the inside. Private to src/core. */
#ifndef CORE_ENGINE_PRIVATE_H
#define CORE_ENGINE_PRIVATE_H

#include "base/sentence.h"
#include "core/engine.h"
#include "core/service.h"
#include "loop/loop.h"
#include "observe/log.h"
#include "process/zone.h"

#define ENGINE_SERVICES 64

/*
 *   NEW ── brood_start ──> SERVING ── brood_stop ──> DRAINING ── nothing out ──> OVER
 *    └────────── failed: stays NEW      └──────────────────────────────────────────┘ last connected fd:// served
 *
 * One writer: set_state in engine.c.
 */
enum engine_state { ENGINE_NEW, ENGINE_SERVING, ENGINE_DRAINING, ENGINE_OVER };

struct brood {
	enum engine_state state;
	struct zone *zone;    /* where loop, ledgers and connections are */
	struct zone own_zone; /* unless a supervisor has one */
	struct loop *loop;
	struct loop_source wake; /* an eventfd that brood_stop writes */
	_Atomic int stop_requests;
	struct loop_timer tick_timer;
	struct loop_timer drain_timer;
	struct service *services[ENGINE_SERVICES];
	size_t service_count;

	/* Heard by every worker, whatever it does: a byte in it says "draining" (nobody ever reads it), the hang-up says
	 * "everything must end", also when this process died. */
	int life_pipe[2];

	struct log *log;
	struct log own_log; /* embedded: to nowhere until brood_log_to */
	const struct engine_supervised *supervised;
	struct engine_supervised supervised_copy;
	int own_end;    /* see inherit.c */
	int keep_below; /* see inherit.c */

	struct sentence why;
	int failure; /* what brood_run returns */
	bool gave_up;
};

void engine_log(struct brood *engine, enum brood_level level, const char *format, ...) BROOD_PRINTF(3, 4);

/* Effective services only. */
const struct model_ops *engine_model_ops(enum brood_model model);
struct model_config engine_model_config(const struct brood_service *service);

/* In a standing worker that serves many, which is an engine of its own: serving, with this service and this loop alone, and
 * nothing of its parent's. Then: it finishes what it has; whether there is anything to do. */
void engine_become_worker(struct brood *engine, struct service *service, struct loop *loop);
void engine_worker_leaves(struct brood *engine);
bool engine_is_worker_on(const struct brood *engine);

/* Nothing may be out and nothing more to come: checked after each end and each closed listener. */
void engine_check_over(struct brood *engine);

#endif
