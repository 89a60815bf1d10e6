/* SPDX-License-Identifier: MIT */
/*
 * unix: and unixgram:. A path is taken only under its lock, and what is already there is removed only if it is a
 * socket that nobody serves: never a symbolic link, a file, or a live server's. Lock first, then
 * look, then unlink, then bind. Removed at an orderly end, if device and inode are still what we bound.
 */
#include "transport/open_unix.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "transport/unix_lock.h"
#include "transport/unix_mode.h"

static bool is_stream(const struct open_job *job)
{
	return job->url.scheme == URL_UNIX;
}

static int new_socket(const struct open_job *job)
{
	/* accept4(2) knows no MSG_DONTWAIT, so a listener is O_NONBLOCK; what it accepts is not. */
	int type = is_stream(job) ? SOCK_STREAM | SOCK_NONBLOCK : SOCK_DGRAM;
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

static socklen_t fill_address(const struct open_job *job, struct sockaddr_un *address)
{
	size_t size = strlen(job->url.path);
	size_t at = job->url.abstract ? 1 : 0;

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(address->sun_path + at, job->url.path, size);
	/* The size of an abstract name is part of it; a path has its NUL. */
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + 1);
}

/* -ECONNREFUSED when nobody serves the socket at path. Asked with a datagram socket, whatever path is: a stream
 * server then answers EPROTOTYPE instead of seeing a client that is none, also while it is bound but not yet
 * listening (measured; a stream socket is told ECONNREFUSED then, and a starting server would lose its path). */
static int probe(const struct open_job *job)
{
	struct sockaddr_un address;
	socklen_t size = fill_address(job, &address);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return -errno;
	r = connect(fd, (const void *)&address, size) < 0 ? -errno : 0;
	close(fd);
	return r;
}

static const char *kind_of(mode_t mode)
{
	if (S_ISLNK(mode))
		return "a symbolic link";
	if (S_ISDIR(mode))
		return "a directory";
	return S_ISREG(mode) ? "a file" : "a device or a pipe";
}

/* Make way, if what is there is the remains of a server that died. */
static int remove_stale(struct open_job *job)
{
	const char *path = job->url.path;
	struct stat found;
	int r;

	if (lstat(path, &found) < 0)
		return errno == ENOENT ? 0 : open_job_failed(job, -errno);
	if (!S_ISSOCK(found.st_mode))
		return open_job_refuse(job, -EEXIST,
			"%s is %s, not the socket of a server that died: choose another path", path,
			kind_of(found.st_mode));
	r = probe(job);
	if (r == 0 || r == -EPROTOTYPE || r == -EPERM)
		return open_job_refuse(
			job, -EADDRINUSE, "another server listens there: stop it, or choose another path");
	if (r != -ECONNREFUSED)
		return open_job_refuse(job, r, "cannot tell whether somebody serves %s: %s", path, strerror(-r));
	if (unlink(path) < 0 && errno != ENOENT)
		return open_job_refuse(job, -errno, "cannot remove the stale socket: %s", strerror(errno));
	return 0;
}

static int bind_path(struct open_job *job, int fd, const struct unix_mode *mode, struct listener *listener)
{
	struct sockaddr_un address;
	socklen_t size = fill_address(job, &address);
	int r = unix_mode_before_bind(fd, mode);

	if (r < 0)
		return open_job_failed(job, r);
	if (bind(fd, (const void *)&address, size) < 0)
		return open_job_failed(job, -errno);
	r = unix_mode_after_bind(job->url.path, mode, &listener->path_dev, &listener->path_ino);
	if (r == -ESTALE)
		return open_job_refuse(job, r, "somebody replaced %s while it was being opened", job->url.path);
	if (r < 0)
		return open_job_refuse(job, r, "cannot set its mode or owner: %s", strerror(-r));
	return 0;
}

static int take_lock(struct open_job *job)
{
	const char *path = job->url.path;
	int directory_size = (int)(strrchr(path, '/') - path);
	int r = unix_lock_take(path);

	if (r == -EADDRINUSE)
		return open_job_refuse(job, r, "another server holds %s.lock: stop it, or choose another path", path);
	if (r == -ELOOP)
		return open_job_refuse(
			job, -EEXIST, "%s.lock is a symbolic link: remove it, or choose another path", path);
	if (r == -ENOENT || r == -ENOTDIR)
		return open_job_refuse(job, r, "there is no directory %.*s: make it first, or choose another path",
			directory_size, path);
	return r < 0 ? open_job_refuse(job, r, "%s.lock cannot be created: %s; choose a path where it can", path,
			       strerror(-r))
		     : r;
}

/* From the moment the lock is held, open_unix_remove undoes; until bind, there is no inode to match. */
static int open_path(struct open_job *job, int fd, struct listener *listener)
{
	struct unix_mode mode;
	int r = unix_mode_parse(job, &mode);

	if (r < 0)
		return r;
	r = take_lock(job);
	if (r < 0)
		return r;
	listener->lock_fd = r;
	memcpy(listener->path, job->url.path, sizeof listener->path);
	r = remove_stale(job);
	return r < 0 ? r : bind_path(job, fd, &mode, listener);
}

static int open_abstract(struct open_job *job, int fd)
{
	struct sockaddr_un address;
	socklen_t size = fill_address(job, &address);

	return bind(fd, (const void *)&address, size) < 0 ? open_job_failed(job, -errno) : 0;
}

int open_unix(struct open_job *job)
{
	struct listener bound = { .lock_fd = -1 };
	struct listener *listener = NULL;
	int fd = new_socket(job);
	int r;

	if (fd < 0)
		return open_job_failed(job, fd);
	r = job->url.abstract ? open_abstract(job, fd) : open_path(job, fd, &bound);
	if (r == 0 && is_stream(job) && listen(fd, job->backlog) < 0)
		r = open_job_failed(job, -errno);
	if (r == 0)
		listener = open_job_add(job, fd, is_stream(job) ? LISTENER_UNIX : LISTENER_UNIXGRAM, &r);
	if (!listener) {
		open_unix_remove(&bound);
		close(fd);
		return r;
	}
	listener->lock_fd = bound.lock_fd;
	listener->path_dev = bound.path_dev;
	listener->path_ino = bound.path_ino;
	memcpy(listener->path, bound.path, sizeof listener->path);
	return 0;
}

void open_unix_remove(struct listener *listener)
{
	struct stat found;

	if (listener->path[0] == '\0')
		return;
	/* Others that follow the protocol keep away while we hold the lock, so nothing comes between. */
	if (lstat(listener->path, &found) == 0 && S_ISSOCK(found.st_mode) && found.st_dev == listener->path_dev &&
		found.st_ino == listener->path_ino)
		unlink(listener->path);
	if (listener->lock_fd >= 0)
		unix_lock_give_back(listener->path, listener->lock_fd);
	listener->lock_fd = -1;
	listener->path[0] = '\0';
}
