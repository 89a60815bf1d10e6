/* SPDX-License-Identifier: MIT */
#include "files/files_open.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A rename beneath the root may fool the kernel's check of "..", which then asks to try again. */
#define TRIES 8

/* O_NONBLOCK: a FIFO must not keep anybody waiting for its other end. */
#define READ (O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)

static int open_beneath(const struct files_root *root, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = { .flags = (uint64_t)flags,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | resolve };
	long fd = -1;

	for (int tries = 0; fd < 0 && tries < TRIES; tries++) {
		fd = syscall(SYS_openat2, root->fd, path[0] ? path : ".", &how, sizeof how);
		if (fd < 0 && (errno != EAGAIN || resolve & RESOLVE_CACHED) && errno != EINTR)
			break;
	}
	return fd < 0 ? -errno : (int)fd;
}

/* Behind a directory that may be entered and not be read there are files, so it is still a directory to its clients.
 * */
static bool is_directory(const struct files_root *root, const char *path)
{
	int fd = open_beneath(root, path, O_PATH | O_CLOEXEC, 0);
	struct stat status;
	bool is;

	if (fd < 0)
		return false;
	is = fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
	close(fd);
	return is;
}

static int open_any(const struct files_root *root, const char *path, bool cached)
{
	int fd = open_beneath(root, path, READ, cached ? RESOLVE_CACHED : 0);

	if (fd == -EACCES && cached)
		return -EAGAIN;
	if (fd == -EACCES && is_directory(root, path))
		return open_beneath(root, path, O_PATH | O_CLOEXEC, 0);
	return fd;
}

int files_open(const struct files_root *root, const char *path, bool cached, struct files_found *ret_found)
{
	struct files_found found = { .fd = open_any(root, path, cached) };
	int r = found.fd;

	if (found.fd < 0)
		return r;
	r = fstat(found.fd, &found.status) < 0 ? -errno : 0;
	if (r == 0 && !S_ISREG(found.status.st_mode) && !S_ISDIR(found.status.st_mode))
		r = -ENOENT;
	if (r < 0) {
		close(found.fd);
		return r;
	}
	*ret_found = found;
	return 0;
}

static bool is_older(const struct stat *one, const struct stat *other)
{
	if (one->st_mtim.tv_sec != other->st_mtim.tv_sec)
		return one->st_mtim.tv_sec < other->st_mtim.tv_sec;
	return one->st_mtim.tv_nsec < other->st_mtim.tv_nsec;
}

int files_open_sibling(const struct files_root *root, const char *path, bool cached,
	const struct files_coding *const codings[FILES_SIBLINGS], struct files_found *found)
{
	struct files_found sibling;
	char name[PATH_MAX];
	int r, size;

	for (int i = 0; i < FILES_SIBLINGS && codings[i]; i++) {
		size = snprintf(name, sizeof name, "%s%s", path, codings[i]->suffix);
		if (size < 0 || (size_t)size >= sizeof name)
			continue;
		r = files_open(root, name, cached, &sibling);
		if (r == -EAGAIN && cached)
			return r;
		if (r < 0)
			continue;
		if (S_ISREG(sibling.status.st_mode) && !is_older(&sibling.status, &found->status)) {
			close(found->fd);
			*found = sibling;
			found->coding = codings[i];
			return 0;
		}
		close(sibling.fd);
	}
	return 0;
}

int files_open_probe(struct files_root *root)
{
	int fd = open_beneath(root, "", O_PATH | O_CLOEXEC, RESOLVE_CACHED);

	/* -EINVAL: before Linux 5.12. */
	root->has_cached = fd >= 0 || fd == -EAGAIN;
	if (fd < 0)
		fd = open_beneath(root, "", O_PATH | O_CLOEXEC, 0);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}
