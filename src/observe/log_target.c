/* SPDX-License-Identifier: MIT */
/*
 * Invariant: nothing here waits, raises a signal that the program sees, or changes the flags of a descriptor that
 * others share. Called by log.c only.
 */
#include "observe/log_target.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPEN_FLAGS (O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

int log_target_kind(int fd, enum log_target *ret_target)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	*ret_target = S_ISFIFO(status.st_mode)   ? LOG_TARGET_PIPE
		      : S_ISSOCK(status.st_mode) ? LOG_TARGET_SOCKET
						 : LOG_TARGET_FILE;
	return S_ISDIR(status.st_mode) ? -EISDIR : 0;
}

/* O_NONBLOCK belongs to the open file, which we share with whoever started us; /proc opens the same pipe or
 * terminal anew. Not possible for sockets, nor where /proc or the right to open is missing. */
static int open_again(int shared)
{
	char link[sizeof "/proc/self/fd/" + 3 * sizeof shared];

	snprintf(link, sizeof link, "/proc/self/fd/%d", shared);
	return open(link, OPEN_FLAGS);
}

int log_target_share(int shared, int *ret_fd, enum log_target *ret_target)
{
	enum log_target target = LOG_TARGET_FILE;
	int r = log_target_kind(shared, &target);
	int fd = -1;

	if (r < 0)
		return r;
	if (target == LOG_TARGET_PIPE || isatty(shared)) {
		fd = open_again(shared);
		if (fd < 0)
			target = LOG_TARGET_BLOCKING;
	}
	if (fd < 0)
		fd = fcntl(shared, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	*ret_target = target;
	return 0;
}

int log_target_open(const char *path, int *ret_fd, enum log_target *ret_target)
{
	enum log_target target = LOG_TARGET_FILE;
	struct stat status;
	int fd = open(path, OPEN_FLAGS | O_CREAT | O_NOFOLLOW, 0640);
	int r;

	if (fd < 0 && errno == ENXIO)
		return lstat(path, &status) == 0 && S_ISFIFO(status.st_mode) ? -ENXIO : -EOPNOTSUPP;
	if (fd < 0)
		return -errno;
	r = log_target_kind(fd, &target);
	if (r < 0) {
		close(fd);
		return r;
	}
	*ret_fd = fd;
	*ret_target = target;
	return 0;
}

static ssize_t write_once(int fd, const char *data, size_t size)
{
	ssize_t n;

	do
		n = write(fd, data, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* A pipe without reader raises SIGPIPE, and write(2) has no flag against it. It is for this thread alone: block it,
 * write, take it back out, unless one was pending before that somebody else means to see. */
static ssize_t write_unsignalled(int fd, const char *data, size_t size)
{
	static const struct timespec at_once;
	sigset_t broken_pipe, before, pending;
	bool was_pending = false;
	ssize_t n;

	sigemptyset(&broken_pipe);
	sigaddset(&broken_pipe, SIGPIPE);
	if (pthread_sigmask(SIG_BLOCK, &broken_pipe, &before) != 0)
		return -EAGAIN;
	if (sigismember(&before, SIGPIPE) == 1)
		was_pending = sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
	n = write_once(fd, data, size);
	if (n == -EPIPE && !was_pending)
		while (sigtimedwait(&broken_pipe, NULL, &at_once) < 0 && errno == EINTR)
			continue;
	if (sigismember(&before, SIGPIPE) == 0)
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	return n;
}

/* The best that can be done to a pipe or terminal that blocks: a writable pipe has room for a whole line, unless
 * another process is quicker. */
static ssize_t write_if_writable(int fd, const char *data, size_t size)
{
	struct pollfd writable = { .fd = fd, .events = POLLOUT };

	if (poll(&writable, 1, 0) <= 0 || !(writable.revents & POLLOUT))
		return -EAGAIN;
	return write_unsignalled(fd, data, size);
}

ssize_t log_target_write(int fd, enum log_target target, const char *data, size_t size)
{
	ssize_t n;

	switch (target) {
	case LOG_TARGET_PIPE:
		return write_unsignalled(fd, data, size);
	case LOG_TARGET_BLOCKING:
		return write_if_writable(fd, data, size);
	case LOG_TARGET_SOCKET:
		do
			n = send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
		while (n < 0 && errno == EINTR);
		return n < 0 ? -errno : n;
	case LOG_TARGET_FILE:
		break;
	}
	return write_once(fd, data, size);
}
