/* SPDX-License-Identifier: MIT */
/*
 * A keeper: a sleeping child that makes one standing worker after the other. Each shares its table of descriptors, so what
 * a worker had open outlives it here, and somebody can still answer for it; each is a child of the service process. A
 * keeper is started only where there is something to say for the dead (.last_words), and costs a client nothing.
 */
#ifndef MODEL_KEEPER_H
#define MODEL_KEEPER_H

#include <stdbool.h>
#include <sys/types.h>

#include "process/child.h"

struct model;

struct keeper {
	struct child child; /* pidfd -1: there is none */
	int channel;
};

#define KEEPER_NONE ((struct keeper){ .child.pidfd = -1, .channel = -1 })

/* In the service process, after host->standing->lend. 0 or -errno. */
int keeper_start(struct keeper *keeper, struct model *model, unsigned int index);
void keeper_end(struct keeper *keeper);   /* kills and reaps it; idempotent. Its worker lives on */
void keeper_close(struct keeper *keeper); /* in a child: its descriptors */

/* Orders: a worker; to let go of what the last one had open. Answered on the channel, in that order. 0 or -errno. */
int keeper_ask(const struct keeper *keeper);
int keeper_clean(const struct keeper *keeper);

/* 0 and an answer: the worker's pid, or -errno if none could be made. -EAGAIN: not yet; -EPIPE: the keeper is no more. */
int keeper_answer(const struct keeper *keeper, pid_t *ret_pid);

/* The same, before the end of one that was asked: waits for it, a second at most. */
int keeper_last_answer(const struct keeper *keeper, pid_t *ret_pid);

#endif
