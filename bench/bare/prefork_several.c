/* SPDX-License-Identifier: MIT */
/*
 * The floor of reused workers with several listeners: each process has an epoll of its own, with EPOLLEXCLUSIVE,
 * so that a client wakes one of them. The kernel wakes them in the order in which they were added, hence mostly the
 * first: each moves to the end of the row after a few clients, or one worker would serve them all.
 */
#include "bare.h"

#include <sys/epoll.h>

enum { LISTENERS = 2, CLIENTS_PER_TURN = 16 };

static int listeners[LISTENERS];

static void join_row(int epoll)
{
	for (int i = 0; i < LISTENERS; i++) {
		struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE, .data.fd = listeners[i] };

		if (epoll_ctl(epoll, EPOLL_CTL_ADD, listeners[i], &event) < 0)
			err(71, "epoll_ctl");
	}
}

static void leave_row(int epoll)
{
	for (int i = 0; i < LISTENERS; i++)
		epoll_ctl(epoll, EPOLL_CTL_DEL, listeners[i], NULL);
}

static void serve(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return; /* another one was faster */
	bare_echo(fd);
	close(fd);
}

static void work(void)
{
	struct epoll_event event;
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	join_row(epoll);
	for (int clients = 1;; clients++) {
		if (epoll_wait(epoll, &event, 1, -1) == 1)
			serve(event.data.fd);
		if (clients % CLIENTS_PER_TURN == 0) {
			leave_row(epoll);
			join_row(epoll);
		}
	}
}

int main(int argc, char **argv)
{
	listeners[0] = bare_listen(argc, argv, SOCK_NONBLOCK);
	for (int i = 1; i < LISTENERS; i++)
		listeners[i] = bare_listen_on(0, SOCK_NONBLOCK);
	return bare_fork_workers(work);
}
