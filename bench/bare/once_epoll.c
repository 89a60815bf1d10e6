/* SPDX-License-Identifier: MIT */
/*
 * The floor of connections that come and go in one process: an epoll loop that accepts, answers the first block and
 * closes. It looks for the block right after accepting: often it is there already, and nothing need be watched.
 */
#include "bare.h"

#include <errno.h>
#include <sys/epoll.h>

enum { EVENTS = 256, ACCEPTS_PER_TURN = 16 };

static int listener, epoll;

static void watch(int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		err(71, "epoll_ctl");
}

/* False: nothing has come yet. */
static bool answer(int fd)
{
	char block[BARE_BLOCK];
	ssize_t n = recv(fd, block, sizeof block, 0);

	if (n < 0 && errno == EAGAIN)
		return false;
	burden_work(bare_kilosteps);
	if (n > 0)
		send(fd, block, (size_t)n, MSG_NOSIGNAL);
	close(fd);
	return true;
}

static void take_clients(void)
{
	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0 && errno == EAGAIN)
			return;
		if (fd < 0)
			err(71, "accept");
		if (!answer(fd))
			watch(fd);
	}
}

int main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];

	listener = bare_listen(argc, argv, SOCK_NONBLOCK);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	watch(listener);

	for (;;) {
		int n = epoll_wait(epoll, events, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == listener)
				take_clients();
			else
				answer(events[i].data.fd);
		}
	}
}
