/* SPDX-License-Identifier: MIT */
/*
 * The floor that brood's fork model is held against: the same system calls for the same promises. Children are
 * held by descriptor (no SIGCHLD, no pid reuse, invisible to waitpid(-1)), one epoll hears listener and
 * children, a child keeps none of the parent's descriptors.
 */
#include "bare.h"

#include <linux/sched.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { EVENTS = 64 };

static int listener, epoll;

static void watch(int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		err(71, "epoll_ctl");
}

/* Like fork, with the child's pidfd: 0 in the child. */
static int spawn(void)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
		.pidfd = (uintptr_t)&pidfd,
	};
	long pid = syscall(SYS_clone3, &args, sizeof args);

	if (pid < 0)
		err(71, "clone3");
	return pid == 0 ? 0 : pidfd;
}

static void place(void)
{
	int pidfd, fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		err(71, "accept");
	pidfd = spawn();
	if (pidfd == 0) {
		close_range((unsigned)listener, (unsigned)epoll, 0);
		bare_echo_once(fd);
	}
	watch(pidfd);
	close(fd);
}

static void reap(int pidfd)
{
	siginfo_t info;

	if (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | __WALL) < 0)
		err(71, "waitid");
	/* Closing is not enough: a later child may still hold a copy of pidfd, which keeps it in the epoll. */
	epoll_ctl(epoll, EPOLL_CTL_DEL, pidfd, NULL);
	close(pidfd);
}

int main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];

	listener = bare_listen(argc, argv, 0);
	epoll = epoll_create1(EPOLL_CLOEXEC); /* the next number: close_range takes both */
	watch(listener);

	for (;;) {
		int n = epoll_wait(epoll, events, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == listener)
				place();
			else
				reap(events[i].data.fd);
		}
	}
}
