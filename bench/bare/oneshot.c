/* SPDX-License-Identifier: MIT */
/*
 * The floor of one-shot workers: each process is forked before its one client comes, blocks in accept4, answers and
 * exits. The parent hears of it by pidfd and forks as many as have died, in one go.
 */
#include "bare.h"

#include <linux/sched.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

static int listener, epoll;
static pid_t parent;

static _Noreturn void work(void)
{
	int fd;

	bare_die_with(parent);
	/* The parent's epoll, and its pidfds behind that. */
	close_range((unsigned)epoll, ~0U, 0);
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		err(71, "accept");
	bare_echo_once(fd);
}

static void spawn(void)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
		.pidfd = (uintptr_t)&pidfd,
	};
	struct epoll_event event = { .events = EPOLLIN };
	long pid = syscall(SYS_clone3, &args, sizeof args);

	if (pid < 0)
		err(71, "clone3");
	if (pid == 0)
		work();
	event.data.fd = pidfd;
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, pidfd, &event) < 0)
		err(71, "epoll_ctl");
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
	struct epoll_event events[BARE_WORKERS];

	parent = getpid();
	listener = bare_listen(argc, argv, 0);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	for (int i = 0; i < BARE_WORKERS; i++)
		spawn();

	for (;;) {
		int n = epoll_wait(epoll, events, BARE_WORKERS, -1);

		for (int i = 0; i < n; i++)
			reap(events[i].data.fd);
		for (int i = 0; i < n; i++)
			spawn();
	}
}
