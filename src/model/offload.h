/* SPDX-License-Identifier: MIT */
/*
 * Functions that block, run by a few threads while those who asked for them wait in the loop. First come, first
 * served; the queue is as long as there are callers. Threads are made when first needed and stay until the end.
 * One mutex guards the queue, what is done and which of both a job is in; all else belongs to the loop's thread.
 * Used by the strands of a worker (model/strand_aside.c).
 */
#ifndef MODEL_OFFLOAD_H
#define MODEL_OFFLOAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/list.h"
#include "loop/loop.h"

/* Of one worker. So many functions run at once: they are there to wait for something, not to compute. */
#define OFFLOAD_THREADS 8

/* Of stack at least: resolvers and the clients of data bases take more than a handler needs. */
#define OFFLOAD_STACK_KIB 256

enum offload_state { OFFLOAD_QUEUED, OFFLOAD_TAKEN, OFFLOAD_DONE };

/* Lives with whoever waits for it, from offload_begin until done was called or it was withdrawn. */
struct offload_job {
	void (*fn)(void *arg); /* in a thread, all signals blocked */
	void *arg;
	void (*done)(struct offload_job *job); /* in the loop: fn has returned. The job may end in it */
	struct list link;
	enum offload_state state;
};

struct offload {
	struct loop *loop;
	size_t stack_size;
	pid_t pid; /* whose threads these are */
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct list queue, done;
	unsigned int idle, queued;
	bool quitting;
	pthread_t threads[OFFLOAD_THREADS];
	unsigned int started;
	unsigned int out;               /* jobs begun, neither done nor withdrawn */
	struct loop_source done_source; /* an eventfd: jobs are in done */
};

int offload_init(struct offload *offload, struct loop *loop, size_t stack_size); /* 0 or -errno */

/* False: some function has not returned, and may never. Then nothing was freed, since it may use whatever there is, and
 * the process should end. */
bool offload_fini(struct offload *offload);

/* Borrows job. 0, or -EAGAIN: there is no thread, nor can one be made. */
int offload_begin(struct offload *offload, struct offload_job *job);

/* True: its fn was not called and will not be, nor will done. */
bool offload_withdraw(struct offload *offload, struct offload_job *job);

#endif
