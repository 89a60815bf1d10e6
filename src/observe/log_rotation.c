/* SPDX-License-Identifier: MIT */
#include "observe/log_rotation.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process/pages.h"

struct log_rotation *log_rotation_new(void)
{
	return pages_new_shared(sizeof(struct log_rotation));
}

void log_rotation_free(struct log_rotation *rotation)
{
	pages_free(rotation, sizeof *rotation);
}

void log_rotation_note(struct log_rotation *rotation, int fd)
{
	struct stat status;

	if (!rotation || fstat(fd, &status) < 0)
		return;
	atomic_store(&rotation->dev, status.st_dev);
	atomic_store(&rotation->ino, status.st_ino);
	atomic_fetch_add(&rotation->count, 1);
}

/* Never made here: under another root the same name may lead elsewhere. */
int log_rotation_open(const struct log_rotation *rotation, const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	struct stat status;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) == 0 && status.st_dev == atomic_load(&rotation->dev) &&
		status.st_ino == atomic_load(&rotation->ino))
		return fd;
	close(fd);
	return -ESTALE;
}
