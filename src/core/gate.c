/* SPDX-License-Identifier: MIT */
#include "core/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "contract/transport.h"
#include "core/arena.h"
#include "core/engine_private.h"

/* Of those who wait on a listener the kernel wakes the one that came last, or first: after so many accepts it is
 * another's turn. Measured without: one worker took 3,000 of 3,000. */
#define ACCEPTS_UNTIL_READD 16

/* From one look to the next at a listener that does not block although it should. */
#define NONBLOCKING_WAIT_MS 100

/* For the signal handler, which has no other way to it. Set by the service process, for all its workers, where that is ours. */
static struct gate *the_gate;

static void call_away(int sig)
{
	int saved_errno = errno;

	(void)sig;
	the_gate->called_away = 1;
	for (int i = 0; i < the_gate->count; i++)
		dup3(the_gate->dead_fd, the_gate->fds[i], O_CLOEXEC);
	errno = saved_errno;
}

void gate_prepare(struct arena *arena)
{
	struct gate *gate = &arena->gate;

	gate->epoll_fd = -1;
	gate->dead_fd = arena->wake_fd;
	for (size_t i = 0; i < arena->listener_count; i++)
		if (arena->listeners[i].fd != arena->queue_fds[i])
			gate->fds[gate->count++] = arena->listeners[i].fd;
	the_gate = gate;
}

static int add_listeners(const struct arena *arena)
{
	for (size_t i = 0; i < arena->listener_count; i++) {
		struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE, .data.u32 = (uint32_t)i };

		if (epoll_ctl(arena->gate.epoll_fd, EPOLL_CTL_ADD, arena->listeners[i].fd, &event) < 0)
			return -errno;
	}
	return 0;
}

static int open_epoll(struct arena *arena)
{
	arena->gate.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (arena->gate.epoll_fd < 0)
		return -errno;
	arena->gate.accepts = 0;
	return add_listeners(arena);
}

/* In a process of brood's own no signal is blocked. */
static int unblock_signal(const struct arena *arena)
{
	sigset_t signals;

	if (arena->service->engine->supervised)
		return 0;
	sigemptyset(&signals);
	sigaddset(&signals, GATE_SIGNAL);
	return sigprocmask(SIG_UNBLOCK, &signals, NULL) < 0 ? -errno : 0;
}

static int catch_signal(struct arena *arena)
{
	int r;

	if (the_gate != &arena->gate)
		the_gate = &arena->gate;
	r = direct_handle_signal(GATE_SIGNAL, call_away);
	return r < 0 ? r : unblock_signal(arena);
}

int gate_open(struct arena *arena)
{
	struct gate *gate = &arena->gate;
	int r = arena->waits ? 0 : open_epoll(arena);

	if (r < 0)
		return r;
	if (!arena->waits)
		gate->fds[gate->count++] = gate->epoll_fd;
	return catch_signal(arena);
}

void gate_close(struct arena *arena)
{
	if (arena->gate.has_timer)
		timer_delete(arena->gate.timer);
	arena->gate.has_timer = false;
	if (arena->gate.epoll_fd >= 0)
		close(arena->gate.epoll_fd);
	arena->gate.epoll_fd = -1;
}

int gate_restore_fds(const struct arena *arena)
{
	for (size_t i = 0; i < arena->listener_count; i++)
		if (arena->listeners[i].fd != arena->queue_fds[i] &&
			dup3(arena->queue_fds[i], arena->listeners[i].fd, O_CLOEXEC) < 0)
			return -errno;
	return 0;
}

/* A signal that comes meanwhile undoes some of it, and says so: then it is done again. The epoll's number is forgotten before
 * somebody else may get it. */
int gate_restore(struct arena *arena)
{
	int r;

	arena->gate.called_away = 0;
	r = gate_restore_fds(arena);
	if (r < 0 || arena->waits)
		return r;
	arena->gate.count--;
	gate_close(arena);
	return gate_open(arena);
}

void gate_limit(struct arena *arena, int ms)
{
	struct gate *gate = &arena->gate;
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = GATE_SIGNAL };
	struct itimerspec at = { .it_value = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * NS_PER_MS } };

	if (!gate->has_timer && ms > 0)
		gate->has_timer = timer_create(CLOCK_MONOTONIC, &event, &gate->timer) == 0;
	if (gate->has_timer)
		timer_settime(gate->timer, 0, &at, NULL);
}

/* accepted_ns: only now is it known when the client came. */
static int accept_from(const struct arena *arena, struct listener *listener, struct brood_conn *conn)
{
	int r;

	conn->listener = listener;
	conn->transport = listener->transport;
	r = conn->transport->accept(conn->listener, conn);
	if (r == 0 || r == -EMSGSIZE)
		conn->accepted_ns = arena_now_ns(arena);
	conn->blocks = arena->blocks && !listener->shared && listener->family == LISTENER_TCP;
	return r;
}

/* Nothing is lost in between: adding a listener tells at once if somebody waits there. */
static void give_others_a_turn(struct arena *arena)
{
	for (size_t i = 0; i < arena->listener_count; i++)
		epoll_ctl(arena->gate.epoll_fd, EPOLL_CTL_DEL, arena->listeners[i].fd, NULL);
	arena->gate.accepts = 0;
	add_listeners(arena);
}

static int wait_and_accept(struct arena *arena, struct brood_conn *conn)
{
	struct epoll_event event;
	int n, r;

	if (arena->gate.accepts >= ACCEPTS_UNTIL_READD)
		give_others_a_turn(arena);
	do
		n = epoll_wait(arena->gate.epoll_fd, &event, 1, -1);
	while (n < 0 && errno == EINTR && !arena->gate.called_away);
	if (n <= 0)
		return n < 0 ? -errno : -EAGAIN;
	if (event.data.u32 >= arena->listener_count)
		return -EAGAIN;
	r = accept_from(arena, &arena->listeners[event.data.u32], conn);
	if (r != -EAGAIN)
		arena->gate.accepts++;
	return r;
}

/* The listener became O_NONBLOCK: a drain is about to call us away, or somebody who shares the socket did it. */
static void wait_as_it_is(const struct arena *arena)
{
	struct pollfd readable = { .fd = arena->listeners[0].fd, .events = POLLIN };

	poll(&readable, 1, NONBLOCKING_WAIT_MS);
}

int gate_take(struct arena *arena, struct brood_conn *conn)
{
	int r;

	do {
		r = arena->waits ? accept_from(arena, &arena->listeners[0], conn) : wait_and_accept(arena, conn);
		if (r == -EAGAIN && arena->waits && !arena->gate.called_away)
			wait_as_it_is(arena);
	} while (r == -EAGAIN && !arena->gate.called_away);
	return r < 0 && r != -EMSGSIZE && arena->gate.called_away ? -ESHUTDOWN : r;
}

/* Found empty once is drained: who comes later shall be refused, and not keep us for as long as somebody comes. Other
 * workers have the socket, too, so closing it would not do. One given to us goes on without us. */
static void end_queue(const struct arena *arena, size_t n)
{
	if (!arena->listeners[n].shared && !arena->listeners[n].transport->datagram)
		shutdown(arena->queue_fds[n], SHUT_RDWR);
}

static int take_queued_from(struct arena *arena, size_t n, struct brood_conn *conn)
{
	int r;

	/* Outlives this call, as conn->listener does. */
	arena->listeners[n].fd = arena->queue_fds[n];
	r = accept_from(arena, &arena->listeners[n], conn);
	if (r == -EAGAIN)
		end_queue(arena, n);
	/* Somebody else has found it empty. */
	return r == -EINVAL ? -EAGAIN : r;
}

int gate_take_queued(struct arena *arena, struct brood_conn *conn)
{
	uint32_t queues = atomic_load_explicit(&arena->standing->queues, memory_order_relaxed);
	int r = -EAGAIN;

	for (size_t i = 0; i < arena->listener_count && r == -EAGAIN; i++)
		if (queues & UINT32_C(1) << i)
			r = take_queued_from(arena, i, conn);
	return r;
}

void gate_leave(const struct arena *arena, int kept_fd)
{
	for (size_t i = 0; i < arena->listener_count; i++) {
		if (arena->queue_fds[i] != kept_fd)
			close(arena->queue_fds[i]);
		if (arena->listeners[i].fd != arena->queue_fds[i])
			close(arena->listeners[i].fd);
	}
	if (arena->gate.epoll_fd >= 0)
		close(arena->gate.epoll_fd);
}
