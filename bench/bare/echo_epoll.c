/* SPDX-License-Identifier: MIT */
/*
 * The floor of many connections in one process: a hand-written epoll loop, three system calls a request at most, no
 * state for a connection but its descriptor. Edge-triggered: the kernel need not look again at what was ready
 * before, and a block shorter than the buffer was the last one. It knows neither deadlines nor slow
 * readers.
 */
#include "bare.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/resource.h>

enum { EVENTS = 256, ACCEPTS_PER_TURN = 16 };

static int listener, epoll;

static void watch(int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		err(71, "epoll_ctl");
}

static void take_clients(void)
{
	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0 && errno == EAGAIN)
			return;
		if (fd < 0)
			err(71, "accept");
		watch(fd, EPOLLIN | EPOLLRDHUP | EPOLLET);
	}
}

static void serve(int fd, uint32_t events)
{
	char block[BARE_BLOCK];
	ssize_t n;

	do {
		n = recv(fd, block, sizeof block, 0);
		if (n > 0 && send(fd, block, (size_t)n, MSG_NOSIGNAL) != n)
			n = 0;
	} while (n == sizeof block || (n > 0 && events & EPOLLRDHUP));
	if (n == 0 || (n < 0 && errno != EAGAIN))
		close(fd);
}

int main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	listener = bare_listen(argc, argv, SOCK_NONBLOCK);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	watch(listener, EPOLLIN);

	for (;;) {
		int n = epoll_wait(epoll, events, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == listener)
				take_clients();
			else
				serve(events[i].data.fd, events[i].events);
		}
	}
}
