/* SPDX-License-Identifier: MIT */
/*
 * The engine as the supervisor's service process sees it: what brood.h offers, and how to be supervised.
 * Embedding programs use brood.h alone.
 */
#ifndef CORE_ENGINE_H
#define CORE_ENGINE_H

#include <brood/brood.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/sentence.h"
#include "contract/end_reason.h"

struct board;
struct child_exit;
struct listener;
struct log;
struct loop;
struct zone;

/* Of one service. */
#define ENGINE_LISTENERS 16

/* Everything is borrowed until brood_free, but the listeners, which the engine takes (their sockets are
 * closed by it, their paths are not removed: the supervisor owns those). */
struct engine_supervised {
	const struct board *board; /* at least engine_slots(service) slots */
	struct log *log;
	struct log *access_log; /* with a file of its own, or NULL */
	struct listener *listeners;
	size_t listener_count;
	bool hold; /* accept nobody before engine_go */

	/* In the loop: a worker did not end in good order. Must not wait. May be NULL. */
	void (*worker_died)(void *arg, pid_t pid, enum end_reason reason, const struct child_exit *ended);
	void *worker_died_arg;
};

/* How many slots a service needs under its model and limits. Pure. */
unsigned int engine_slots(const struct brood_service *service);

/* Bytes of each slot's area on the board. Pure. */
size_t engine_area_size(const struct brood_service *service);

/* Defaults filled in and everything checked: -EINVAL and a sentence. Pure. */
int engine_effective(
	const struct brood_service *service, size_t size, struct brood_service *ret_service, struct sentence *why);

/* brood_new, with what only this process writes in a zone that is there already (NULL: in one of its own). */
struct brood *engine_new(struct zone *zone);

#define ENGINE_ZONE_SIZE (1024 * 1024) /* of addresses: pages are taken as they are touched */

/* Before brood_start, after the one brood_add: this process is brood's own. */
int engine_supervise(struct brood *engine, const struct engine_supervised *supervised);

struct loop *engine_loop(struct brood *engine);

/* Handing over from one process to the next, so that never both accept: engine_yield here (the queues are left alone), then
 * engine_go there, then engine_leave here: a drain that leaves alone the listeners that were passed on (a bit for each,
 * in their order). All idempotent. */
void engine_go(struct brood *engine);
void engine_yield(struct brood *engine);
void engine_leave(struct brood *engine, uint32_t passed_on);

/* So many clients at once from now on. 0, or -errno with a sentence. */
int engine_resize(struct brood *engine, int workers, struct sentence *why);

/* Loop-side twins of brood_stop: drain; end at once. Idempotent. */
void engine_drain(struct brood *engine);
void engine_kill(struct brood *engine);

/* Why brood_run returned <0 was a request to be replaced (stuck threads). */
bool engine_gave_up(const struct brood *engine);

bool engine_model_is_standing(enum brood_model model); /* its workers accept by themselves */
const char *engine_model_name(enum brood_model model); /* NULL if there is none */

#endif
