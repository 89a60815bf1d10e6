/* SPDX-License-Identifier: MIT */
#include "core/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
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

/* For the signal handler, which has no other way to it. */
static struct {
	volatile sig_atomic_t called_away;
	int dead_fd; /* neither a listener nor an epoll */
	int count;
	int fds[ENGINE_LISTENERS + 1];
} waiting;

static void call_away(int sig)
{
	int saved_errno = errno;

	(void)sig;
	waiting.called_away = 1;
	for (int i = 0; i < waiting.count; i++)
		dup3(waiting.dead_fd, waiting.fds[i], O_CLOEXEC);
	errno = saved_errno;
}

static int add_listeners(const struct arena *arena)
{
	for (size_t i = 0; i < arena->listener_count; i++) {
		struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE, .data.u32 = (uint32_t)i };

		if (epoll_ctl(arena->epoll_fd, EPOLL_CTL_ADD, arena->listeners[i].fd, &event) < 0)
			return -errno;
	}
	return 0;
}

static int open_epoll(struct arena *arena)
{
	arena->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (arena->epoll_fd < 0)
		return -errno;
	arena->accepts = 0;
	return add_listeners(arena);
}

static int catch_signal(const struct arena *arena)
{
	struct sigaction action = { .sa_handler = call_away, .sa_flags = SA_RESTART };
	sigset_t signals;

	waiting.called_away = 0;
	waiting.dead_fd = arena->wake_fd;
	waiting.count = 0;
	for (size_t i = 0; i < arena->listener_count; i++)
		if (arena->listeners[i].fd != arena->queue_fds[i])
			waiting.fds[waiting.count++] = arena->listeners[i].fd;
	if (arena->epoll_fd >= 0)
		waiting.fds[waiting.count++] = arena->epoll_fd;
	sigemptyset(&signals);
	sigaddset(&signals, GATE_SIGNAL);
	if (sigaction(GATE_SIGNAL, &action, NULL) < 0 || sigprocmask(SIG_UNBLOCK, &signals, NULL) < 0)
		return -errno;
	return 0;
}

int gate_open(struct arena *arena)
{
	int r = arena->waits ? 0 : open_epoll(arena);

	return r < 0 ? r : catch_signal(arena);
}

void gate_close(struct arena *arena)
{
	if (arena->epoll_fd >= 0)
		close(arena->epoll_fd);
	arena->epoll_fd = -1;
}

int gate_restore_fds(const struct arena *arena)
{
	for (size_t i = 0; i < arena->listener_count; i++)
		if (arena->listeners[i].fd != arena->queue_fds[i] &&
			dup3(arena->queue_fds[i], arena->listeners[i].fd, O_CLOEXEC) < 0)
			return -errno;
	return 0;
}

int gate_restore(struct arena *arena)
{
	int r = gate_restore_fds(arena);

	waiting.called_away = 0;
	if (r < 0 || arena->waits)
		return r;
	gate_close(arena);
	return gate_open(arena);
}

/* accepted_ns: only now is it known when the client came. */
static int accept_from(struct listener *listener, struct brood_conn *conn)
{
	int r;

	conn->listener = listener;
	conn->transport = listener->transport;
	r = conn->transport->accept(conn->listener, conn);
	if (r == 0 || r == -EMSGSIZE)
		conn->accepted_ns = clock_now_ns();
	return r;
}

/* Nothing is lost in between: adding a listener tells at once if somebody waits there. */
static void give_others_a_turn(struct arena *arena)
{
	for (size_t i = 0; i < arena->listener_count; i++)
		epoll_ctl(arena->epoll_fd, EPOLL_CTL_DEL, arena->listeners[i].fd, NULL);
	arena->accepts = 0;
	add_listeners(arena);
}

static int wait_and_accept(struct arena *arena, struct brood_conn *conn)
{
	struct epoll_event event;
	int n, r;

	if (arena->accepts >= ACCEPTS_UNTIL_READD)
		give_others_a_turn(arena);
	do
		n = epoll_wait(arena->epoll_fd, &event, 1, -1);
	while (n < 0 && errno == EINTR && !waiting.called_away);
	if (n <= 0)
		return n < 0 ? -errno : -EAGAIN;
	if (event.data.u32 >= arena->listener_count)
		return -EAGAIN;
	r = accept_from(&arena->listeners[event.data.u32], conn);
	if (r != -EAGAIN)
		arena->accepts++;
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
		r = arena->waits ? accept_from(&arena->listeners[0], conn) : wait_and_accept(arena, conn);
		if (r == -EAGAIN && arena->waits && !waiting.called_away)
			wait_as_it_is(arena);
	} while (r == -EAGAIN && !waiting.called_away);
	return r < 0 && r != -EMSGSIZE && waiting.called_away ? -ESHUTDOWN : r;
}

int gate_take_queued(struct arena *arena, struct brood_conn *conn)
{
	int r = -EAGAIN;

	for (size_t i = 0; i < arena->listener_count && r == -EAGAIN; i++) {
		if (!(atomic_load_explicit(&arena->orders->queues, memory_order_relaxed) & UINT32_C(1) << i))
			continue;
		/* Outlives this call, as conn->listener does. */
		arena->listeners[i].fd = arena->queue_fds[i];
		r = accept_from(&arena->listeners[i], conn);
	}
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
	if (arena->epoll_fd >= 0)
		close(arena->epoll_fd);
}
