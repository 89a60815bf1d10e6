/* SPDX-License-Identifier: MIT */
/*
 * Decides whether a pid file is ours to write. The lock says who lives, never the number inside (numbers are reused).
 * Invariant: nothing is truncated or removed that does not look like a pid file and is not locked by us.
 */
#include "supervise/pid_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PID_TEXT_SIZE 24
/* It vanishes under us only when its holder ends at this very moment. */
#define PID_FILE_TRIES 16

static bool is_at_path(int fd, const char *path)
{
	struct stat open_file, named_file;

	return fstat(fd, &open_file) == 0 && lstat(path, &named_file) == 0 && open_file.st_dev == named_file.st_dev &&
	       open_file.st_ino == named_file.st_ino;
}

/* Digits and a newline, or empty: what a crash may have left. *ret_text: the digits. */
static bool is_pid_file(int fd, char ret_text[PID_TEXT_SIZE])
{
	struct stat status;
	ssize_t size;

	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || status.st_nlink != 1)
		return false;
	size = pread(fd, ret_text, PID_TEXT_SIZE - 1, 0);
	if (size < 0 || status.st_size != size)
		return false;
	ret_text[size] = '\0';
	ret_text[strcspn(ret_text, "\n")] = '\0';
	return strspn(ret_text, "0123456789") == strlen(ret_text) && (size_t)size <= strlen(ret_text) + 1;
}

static int lock_once(const char *path, int *ret_fd, struct sentence *why)
{
	char text[PID_TEXT_SIZE];
	int fd, r;

	/* O_NONBLOCK: a FIFO at that path must not stop us. */
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0644);
	if (fd < 0 && errno == ELOOP)
		return sentence_set(why, -ELOOP, "pid file %s is a symbolic link: name the file itself", path);
	if (fd < 0)
		return sentence_set(why, -errno, "pid file %s: %s", path, strerror(errno));
	if (!is_pid_file(fd, text))
		r = sentence_set(
			why, -EEXIST, "%s exists and is no pid file: it was not touched; name another", path);
	else if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		r = sentence_set(why, -EBUSY,
			"pid file %s belongs to a running process%s%s: stop it, or name another", path,
			*text ? ", " : "", text);
	else
		r = is_at_path(fd, path) ? 0 : sentence_set(why, -EAGAIN, "pid file %s keeps changing", path);
	if (r < 0)
		close(fd);
	else
		*ret_fd = fd;
	return r;
}

int pid_file_open(struct pid_file *pid_file, const char *path, struct sentence *why)
{
	int fd = -1, r = -EAGAIN;

	*pid_file = (struct pid_file){ .fd = -1 };
	if (!path)
		return 0;
	for (int tries = 0; r == -EAGAIN && tries < PID_FILE_TRIES; tries++)
		r = lock_once(path, &fd, why);
	if (r < 0)
		return r;
	*pid_file = (struct pid_file){ .path = path, .fd = fd };
	if (ftruncate(fd, 0) < 0 || dprintf(fd, "%d\n", (int)getpid()) < 0) {
		r = sentence_set(why, -errno, "pid file %s: %s", path, strerror(errno));
		pid_file_close(pid_file);
		return r;
	}
	return 0;
}

void pid_file_close(struct pid_file *pid_file)
{
	if (pid_file->fd < 0)
		return;
	/* While we hold the lock, nobody else puts another file there. */
	if (is_at_path(pid_file->fd, pid_file->path))
		unlink(pid_file->path);
	close(pid_file->fd);
	pid_file->fd = -1;
}
