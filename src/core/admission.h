/* SPDX-License-Identifier: MIT */
/* What admission remembers, made once when the service starts. Its users are core/admit.c and, through it, standing workers. */
#ifndef CORE_ADMISSION_H
#define CORE_ADMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limits/limits.h"
#include "limits/sources.h"

struct service;

struct admit_client {
	struct source_key peer;   /* the whole address */
	struct source_key source; /* what limits per source are about */
	uint64_t tag;             /* stands for source in every table; 0: nobody in particular, or exempt */
	struct queue_wait queue_wait;
};

/* Of a connection, by its index in the pool. */
struct admission_place {
	bool counted;               /* in hand */
	bool owes;                  /* it was let in: what it did will be written down */
	struct source_entry *entry; /* NULL: untracked, or nobody in particular */
	enum end_reason would;      /* a dry run let it in */
	struct admit_client client;
};

struct admission {
	struct limits_config config;
	struct sources sources; /* shared with standing workers */
	size_t sources_size;
	_Atomic uint64_t *turn; /* behind the sources: odd while the service process writes (core/admit.h) */
	struct sources own;     /* in a worker that serves many: of its own clients, for the others to read */
	size_t size;            /* of all of this */
	unsigned int clients;   /* in the hands of this process's connections */
	uint64_t draws;         /* of random numbers */
	int64_t looked_ns;      /* when admission_give_back_over last did */
	struct admission_place places[];
};

/* In the service process, before the model starts: fills in service->admission if there are limits. 0 or -errno, with a
 * sentence. Forked workers see it if they are standing; the others have no use for it. */
int admission_open(struct service *service);
void admission_close(struct service *service); /* idempotent */

/* In a standing worker, once: what the service process writes is read-only from now on. 0 or -errno. */
int admission_enter_worker(struct service *service);

/* In a worker that serves many: memory for its own table is at the end of its area (admission_own_size). */
size_t admission_own_size(const struct brood_service *config); /* 0: no limits per source */
void admission_own(struct admission *admission, const struct brood_service *config, void *memory);

/* ---- In the service process, or a worker that serves many ---- */

void admission_let_in(struct service *service, struct admission_place *place, int64_t now_ns);
void admission_give_back(struct service *service, struct admission_place *place); /* its count. Idempotent */

/* Those whose worker said already that they are over, before it is seen to be: a client may be back sooner than that.
 * True: there were some. */
bool admission_give_back_over(struct service *service);

/* Finds its source a place in the table, and takes a token as of then. */
void admission_enter(struct service *service, struct admission_place *place, int64_t at_ns, int64_t now_ns);

/* Writes down how it ended. */
void admission_punish(
	struct service *service, const struct admission_place *place, enum end_reason reason, bool blamed);

#endif
