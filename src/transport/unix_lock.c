/* SPDX-License-Identifier: MIT */
/*
 * Invariant: only the holder of the lock removes the lock file, and a lock counts only if its file is
 * the one at PATH.lock. So a lock file can be removed without a race: whoever waited at the removed one looks
 * again. The kernel lets go when all its holders are dead: no stale locks, no pid inside.
 */
#include "transport/unix_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* The file vanishes under us only when another server ends at this very moment. */
#define LOCK_TRIES     16

#define LOCK_PATH_SIZE (sizeof((struct sockaddr_un *)0)->sun_path + sizeof ".lock")

static void name(char text[LOCK_PATH_SIZE], const char *path)
{
	snprintf(text, LOCK_PATH_SIZE, "%s.lock", path);
}

static bool is_at(int fd, const char *file)
{
	struct stat open_file, named_file;

	return fstat(fd, &open_file) == 0 && lstat(file, &named_file) == 0 && open_file.st_dev == named_file.st_dev &&
	       open_file.st_ino == named_file.st_ino;
}

/* O_RDWR does not wait if somebody put a FIFO there. Nothing is ever written. */
static int try_once(const char *file)
{
	int fd = open(file, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
	int r = 0;

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		r = errno == EWOULDBLOCK ? -EADDRINUSE : -errno;
	else if (!is_at(fd, file))
		r = -EAGAIN;
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

int unix_lock_take(const char *path)
{
	char file[LOCK_PATH_SIZE];
	int r = -EAGAIN;

	name(file, path);
	for (int tries = 0; r == -EAGAIN && tries < LOCK_TRIES; tries++)
		r = try_once(file);
	return r == -EAGAIN ? -EADDRINUSE : r;
}

void unix_lock_give_back(const char *path, int lock_fd)
{
	char file[LOCK_PATH_SIZE];

	name(file, path);
	if (is_at(lock_fd, file))
		unlink(file);
	flock(lock_fd, LOCK_UN);
	close(lock_fd);
}
