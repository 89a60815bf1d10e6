/* SPDX-License-Identifier: MIT */
#include "loop/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/list.h"
#include "loop/heap.h"

int loop_init(struct loop *loop)
{
	*loop = (struct loop){ .timer_fd = -1, .epoll_fd = epoll_create1(EPOLL_CLOEXEC) };
	if (loop->epoll_fd < 0)
		return -errno;
	heap_init(loop);
	loop->now_ns = clock_now_ns();
	return 0;
}

void loop_fini(struct loop *loop)
{
	if (loop->timer_fd >= 0)
		close(loop->timer_fd);
	if (loop->epoll_fd >= 0)
		close(loop->epoll_fd);
	heap_free(loop);
	*loop = (struct loop){ .timer_fd = -1, .epoll_fd = -1 };
}

int loop_add(struct loop *loop, struct loop_source *source, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = source };

	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, source->fd, &event) < 0)
		return -errno;
	source->added = true;
	return 0;
}

int loop_mod(struct loop *loop, const struct loop_source *source, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = (void *)(uintptr_t)source };

	return epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, source->fd, &event) < 0 ? -errno : 0;
}

/* Closing alone would not do: epoll knows open files, and a forked child may still hold a duplicate. */
void loop_del(struct loop *loop, struct loop_source *source)
{
	if (!source->added)
		return;
	epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
	loop_forget(loop, source);
}

void loop_forget(struct loop *loop, struct loop_source *source)
{
	source->added = false;
	for (int i = loop->batch_next; i < loop->batch_size; i++)
		if (loop->batch[i].data.ptr == source)
			loop->batch[i].data.ptr = NULL;
}

int loop_arm(struct loop *loop, struct loop_timer *timer, int64_t at_ns)
{
	if (timer->place)
		heap_remove(loop, timer);
	/* Never in the turn in hand: no timer can keep the loop there by arming itself again. */
	timer->at_ns = at_ns > loop->now_ns ? at_ns : loop->now_ns + 1;
	return heap_insert(loop, timer);
}

int loop_reserve(struct loop *loop, size_t timers)
{
	return heap_reserve(loop, timers);
}

void loop_disarm(struct loop *loop, struct loop_timer *timer)
{
	if (timer->place)
		heap_remove(loop, timer);
}

static void fire_due(struct loop *loop)
{
	struct loop_timer *timer;
	int64_t now_ns = loop->now_ns;

	while ((timer = heap_first(loop)) && timer->at_ns <= now_ns) {
		heap_remove(loop, timer);
		timer->fire(timer);
	}
}

static void dispatch(struct loop *loop)
{
	while (loop->batch_next < loop->batch_size) {
		const struct epoll_event *event = &loop->batch[loop->batch_next++];
		struct loop_source *source = event->data.ptr;

		if (source)
			source->ready(source, event->events);
	}
}

/* In a foreign loop nobody passes us a timeout: the first timer has to be a descriptor. */
static void set_timer_fd(struct loop *loop)
{
	struct loop_timer *first = heap_first(loop);
	int64_t at_ns = first ? first->at_ns : INT64_MAX;
	struct itimerspec spec = { 0 };

	if (loop->timer_fd < 0 || at_ns == loop->timer_fd_at_ns)
		return;
	loop->timer_fd_at_ns = at_ns;
	if (first) {
		spec.it_value.tv_sec = at_ns / NS_PER_SEC;
		spec.it_value.tv_nsec = at_ns % NS_PER_SEC;
	}
	timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

int loop_timeout_ms(const struct loop *loop, int timeout_ms)
{
	struct loop_timer *first = heap_first(loop);
	int until_ms;

	if (!first || timeout_ms == 0)
		return timeout_ms;
	until_ms = clock_ms_until(first->at_ns, clock_now_ns());
	return timeout_ms < 0 || until_ms < timeout_ms ? until_ms : timeout_ms;
}

void loop_before_sleep(struct loop *loop, struct loop_pause *pause)
{
	if (pause->due)
		return;
	pause->due = true;
	pause->next = loop->pauses;
	loop->pauses = pause;
}

void loop_not_before_sleep(struct loop *loop, struct loop_pause *pause)
{
	struct loop_pause **link = &loop->pauses;

	if (!pause->due)
		return;
	while (*link != pause)
		link = &(*link)->next;
	*link = pause->next;
	pause->due = false;
}

static void run_pauses(struct loop *loop)
{
	struct loop_pause *pause;

	while ((pause = loop->pauses)) {
		loop->pauses = pause->next;
		pause->due = false;
		pause->about_to(pause);
	}
}

static int wait_for_events(struct loop *loop, int timeout_ms)
{
	int n;

	loop->slept = false;
	if ((loop->notes_sleep || loop->pauses) && timeout_ms != 0) {
		n = epoll_wait(loop->epoll_fd, loop->batch, LOOP_BATCH, 0);
		if (n != 0)
			return n;
		loop->slept = true;
		run_pauses(loop);
	}
	return epoll_wait(loop->epoll_fd, loop->batch, LOOP_BATCH, timeout_ms);
}

int loop_turn(struct loop *loop, int timeout_ms)
{
	int n = wait_for_events(loop, loop_timeout_ms(loop, timeout_ms));

	if (n < 0 && errno != EINTR)
		return -errno;

	loop->now_ns = clock_now_ns();
	loop->batch_next = 0;
	loop->batch_size = n < 0 ? 0 : n;
	dispatch(loop);
	fire_due(loop);
	if (!loop->stays)
		run_pauses(loop);
	set_timer_fd(loop);
	return 0;
}

static void timer_fd_ready(struct loop_source *source, uint32_t events)
{
	struct loop *loop = container_of(source, struct loop, timer_source);
	uint64_t expirations;

	(void)events;
	if (read(loop->timer_fd, &expirations, sizeof expirations) > 0)
		loop->timer_fd_at_ns = -1; /* spent: to be set again even for the same time */
}

int loop_fd(struct loop *loop)
{
	int r;

	if (loop->timer_fd >= 0)
		return loop->epoll_fd;
	loop->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (loop->timer_fd < 0)
		return -errno;
	loop->timer_fd_at_ns = INT64_MAX;
	loop->timer_source = (struct loop_source){ .fd = loop->timer_fd, .ready = timer_fd_ready };
	r = loop_add(loop, &loop->timer_source, EPOLLIN);
	if (r < 0) {
		close(loop->timer_fd);
		loop->timer_fd = -1;
		return r;
	}
	set_timer_fd(loop);
	return loop->epoll_fd;
}
