/* SPDX-License-Identifier: MIT */
#include "platform/clone.h"

#include <errno.h>
#include <linux/sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/single_threaded.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/direct.h"

/* Same numbers on every architecture since they share one table; older headers lack them. */
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef P_PIDFD
#define P_PIDFD 3
#endif

/* What a forked worker runs follows in the order of src/meson.build. The kernel maps text by windows of 64 KiB, a fault for each that
 * a child touches: from here on it is all in one. */
#define FAULT_AROUND 65536

__attribute__((aligned(FAULT_AROUND))) pid_t clone_process(int *ret_pidfd)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
	};
	long pid = direct_call(SYS_clone3, (long)(intptr_t)&args, sizeof args, 0, 0, 0, 0);

	if (pid > 0)
		*ret_pidfd = pidfd;
	return (pid_t)pid;
}

/* The old call: some filters deny clone3, and nothing of what is new in that is needed. */
pid_t clone_sibling_sharing_files(void)
{
	return (pid_t)direct_call(SYS_clone, CLONE_FILES | CLONE_PARENT, 0, 0, 0, 0, 0);
}

int clone_pidfd_getfd(int pidfd, int fd)
{
	long own = syscall(SYS_pidfd_getfd, pidfd, fd, 0);

	return own < 0 ? -errno : (int)own;
}

bool clone_single_threaded(void)
{
	return __libc_single_threaded;
}

int clone_pidfd_open(pid_t pid)
{
	long fd = syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : (int)fd;
}

int clone_pidfd_signal(int pidfd, int signal)
{
	return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0 ? -errno : 0;
}

int clone_pidfd_wait(int pidfd, siginfo_t *ret_info, struct rusage *ret_usage)
{
	siginfo_t info;
	struct rusage usage;

	info.si_pid = 0;
	if (syscall(SYS_waitid, P_PIDFD, pidfd, &info, WEXITED | WNOHANG | __WALL, &usage) < 0)
		return -errno;
	if (info.si_pid == 0)
		return 0;
	*ret_info = info;
	*ret_usage = usage;
	return 1;
}

int clone_close_range(unsigned int first, unsigned int last)
{
	if (first > last)
		return 0;
	return (int)direct_call(SYS_close_range, first, last, 0, 0, 0, 0);
}
