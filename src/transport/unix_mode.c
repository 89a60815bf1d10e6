/* SPDX-License-Identifier: MIT */
/*
 * Measured on Linux: bind(2) creates the path with the mode of the socket's own inode (set by fchmod before) less the
 * umask; the inode's owner is not carried over. The umask belongs to the whole process, so it is not
 * changed: a mode that was asked for is completed after bind, together with the owner. That goes
 * through an O_PATH descriptor that was checked to be a socket of ours with one name: whoever can
 * swap the path in between gets nothing changed but a socket of our own.
 */
#include "transport/unix_mode.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Not for everybody unless somebody says so. */
#define MODE_DEFAULT      0660

#define DATABASE_ROW_SIZE 16384

static int parse_mode(struct open_job *job, struct unix_mode *mode)
{
	const char *text = url_setting(&job->url, "mode");
	unsigned long value;
	char *end;

	if (!text)
		return 0;
	value = strtoul(text, &end, 8);
	if (text[0] < '0' || text[0] > '7' || *end != '\0' || value > 0777)
		return open_job_refuse(job, -EINVAL, "mode=%s: an octal number such as 0660 is needed", text);
	mode->mode = (mode_t)value;
	mode->exact = true;
	return 0;
}

/* -1 if text is no number; the last id is reserved: it means "leave as is". */
static long parse_id(const char *text)
{
	unsigned long id;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return -1;
	errno = 0;
	id = strtoul(text, &end, 10);
	return *end != '\0' || errno != 0 || id >= UINT32_MAX ? -1 : (long)id;
}

static int parse_owner(struct open_job *job, uid_t *ret_owner)
{
	const char *text = url_setting(&job->url, "owner");
	char row[DATABASE_ROW_SIZE];
	struct passwd entry, *found = NULL;
	long id = text ? parse_id(text) : -1;

	if (!text)
		return 0;
	if (id >= 0) {
		*ret_owner = (uid_t)id;
		return 0;
	}
	if (getpwnam_r(text, &entry, row, sizeof row, &found) != 0 || !found)
		return open_job_refuse(job, -ENOENT, "owner=%s: no such user", text);
	*ret_owner = entry.pw_uid;
	return 0;
}

static int parse_group(struct open_job *job, gid_t *ret_group)
{
	const char *text = url_setting(&job->url, "group");
	char row[DATABASE_ROW_SIZE];
	struct group entry, *found = NULL;
	long id = text ? parse_id(text) : -1;

	if (!text)
		return 0;
	if (id >= 0) {
		*ret_group = (gid_t)id;
		return 0;
	}
	if (getgrnam_r(text, &entry, row, sizeof row, &found) != 0 || !found)
		return open_job_refuse(job, -ENOENT, "group=%s: no such group", text);
	*ret_group = entry.gr_gid;
	return 0;
}

int unix_mode_parse(struct open_job *job, struct unix_mode *ret_mode)
{
	struct unix_mode mode = { .mode = MODE_DEFAULT, .owner = (uid_t)-1, .group = (gid_t)-1 };
	int r = parse_mode(job, &mode);

	if (r == 0)
		r = parse_owner(job, &mode.owner);
	if (r == 0)
		r = parse_group(job, &mode.group);
	if (r == 0)
		*ret_mode = mode;
	return r;
}

static bool changes_owner(const struct unix_mode *mode)
{
	return mode->owner != (uid_t)-1 || mode->group != (gid_t)-1;
}

int unix_mode_before_bind(int fd, const struct unix_mode *mode)
{
	/* As long as it has our owner and group, theirs are not the rights that were meant. */
	return fchmod(fd, changes_owner(mode) ? 0 : mode->mode) < 0 ? -errno : 0;
}

/* fchmod(2) refuses O_PATH descriptors; their link in /proc leads to the same inode. */
static int chmod_path_fd(int fd, mode_t mode)
{
	char link[sizeof "/proc/self/fd/" + 3 * sizeof fd];

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	return chmod(link, mode) < 0 ? -errno : 0;
}

static mode_t wanted_bits(const struct unix_mode *mode, mode_t bound)
{
	/* The default obeys the umask. With another owner bind created no bits at all, and then the umask is
	 * not known; the default is as narrow as any that lets the owner's group in. */
	return mode->exact || changes_owner(mode) ? mode->mode : bound;
}

static int complete(int fd, const struct unix_mode *mode, const struct stat *bound)
{
	mode_t bits = wanted_bits(mode, bound->st_mode & 0777);

	if (changes_owner(mode) && fchownat(fd, "", mode->owner, mode->group, AT_EMPTY_PATH) < 0)
		return -errno;
	return bits == (bound->st_mode & 0777) ? 0 : chmod_path_fd(fd, bits);
}

int unix_mode_after_bind(const char *path, const struct unix_mode *mode, dev_t *ret_dev, ino_t *ret_ino)
{
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat bound;
	int r = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &bound) < 0)
		r = -errno;
	else if (!S_ISSOCK(bound.st_mode) || bound.st_uid != geteuid() || bound.st_nlink != 1)
		r = -ESTALE;
	else
		r = complete(fd, mode, &bound);
	close(fd);
	if (r < 0)
		return r;
	*ret_dev = bound.st_dev;
	*ret_ino = bound.st_ino;
	return 0;
}

int unix_mode_change(const char *path, dev_t dev, ino_t ino, const struct unix_mode *mode)
{
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat found;
	int r = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &found) < 0) {
		r = -errno;
		goto close_fd;
	}
	if (!S_ISSOCK(found.st_mode) || found.st_dev != dev || found.st_ino != ino) {
		r = -ESTALE;
		goto close_fd;
	}
	if (changes_owner(mode) && fchownat(fd, "", mode->owner, mode->group, AT_EMPTY_PATH) < 0)
		r = -errno;
	else if (mode->exact)
		r = chmod_path_fd(fd, mode->mode);
close_fd:
	close(fd);
	return r;
}
