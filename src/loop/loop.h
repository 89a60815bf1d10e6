/* SPDX-License-Identifier: MIT */
/*
 * One loop for the supervisor and for service processes: readiness (epoll), timers (a binary heap), no allocation
 * per turn. Single-threaded. Sources and timers are embedded in their owners; a callback may delete
 * any source or timer, also ones whose event is already in hand.
 */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

#define LOOP_BATCH      64
#define LOOP_FIRST_HEAP 32

struct loop_source {
	int fd;
	/* In the loop. events: EPOLLIN … as reported. */
	void (*ready)(struct loop_source *source, uint32_t events);
	bool added;
};

struct loop_timer {
	int64_t at_ns;
	size_t place; /* in the heap; 0: not armed (place 0 is never used) */
	void (*fire)(struct loop_timer *timer);
};

/* Something to be done before the loop sleeps, as there is nothing else to do. */
struct loop_pause {
	/* In the loop, once for each loop_before_sleep. May not add sources or timers. */
	void (*about_to)(struct loop_pause *pause);
	struct loop_pause *next;
	bool due;
};

struct loop {
	int epoll_fd;
	int64_t now_ns;   /* as of the last wake-up */
	bool notes_sleep; /* somebody wants to know the next; it costs a system call for each turn */
	bool stays;       /* the next turn follows at once: not a loop that others call now and then */
	struct loop_pause *pauses;
	bool slept; /* nothing was ready when this turn began: what is ready now came just now */
	struct loop_timer **heap;
	size_t heap_size, heap_capacity;
	/* Mostly enough: memory from malloc would be shared with others, and copied after each fork (process/pages.h). */
	struct loop_timer *first_heap[LOOP_FIRST_HEAP];
	struct epoll_event batch[LOOP_BATCH]; /* what is in hand; data.ptr NULL: deleted meanwhile */
	int batch_next, batch_size;
	int timer_fd; /* -1 unless loop_fd was asked for */
	int64_t timer_fd_at_ns;
	struct loop_source timer_source;
};

int loop_init(struct loop *loop);
void loop_fini(struct loop *loop);

int loop_add(struct loop *loop, struct loop_source *source, uint32_t events); /* EPOLLIN …; 0 or -errno */
int loop_mod(struct loop *loop, const struct loop_source *source, uint32_t events);
void loop_del(struct loop *loop, struct loop_source *source); /* idempotent; before close(2) of its fd */

/* The same, without a system call, for a descriptor that nobody else has and that is closed next. */
void loop_forget(struct loop *loop, struct loop_source *source);

int loop_arm(struct loop *loop, struct loop_timer *timer, int64_t at_ns); /* also re-arms; -ENOMEM */
void loop_disarm(struct loop *loop, struct loop_timer *timer);            /* idempotent */
int loop_reserve(struct loop *loop, size_t timers); /* so many may be armed without -ENOMEM; 0 or -ENOMEM */

/* Idempotent until it was done. Where the next turn may come late (see stays), that is at the end of each turn. */
void loop_before_sleep(struct loop *loop, struct loop_pause *pause);
void loop_not_before_sleep(struct loop *loop, struct loop_pause *pause); /* idempotent */

/* Wait for at most timeout_ms (-1: until something happens), then run what is ready and due, once. May be called from
 * a callback (an iterative handler waits): what the outer turn still had in hand is then reported again later. */
int loop_turn(struct loop *loop, int timeout_ms);

/* timeout_ms, or less if a timer is due before: for those who poll(2) epoll_fd among others. */
int loop_timeout_ms(const struct loop *loop, int timeout_ms);

/* The epoll descriptor, with the timers behind a timerfd in it from now on: for a foreign loop. */
int loop_fd(struct loop *loop);

#endif
