/* SPDX-License-Identifier: MIT */
#include "process/descriptors.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "platform/clone.h"

#define ASKED_MAX 65536

void descriptors_close_but(int first, int last, const int *kept, size_t kept_count)
{
	int left = first;

	/* Few enough that looking for the next one beats sorting them. */
	for (;;) {
		int next = INT_MAX;

		for (size_t i = 0; i < kept_count; i++)
			if (kept[i] >= left && kept[i] < next)
				next = kept[i];
		if (next == INT_MAX || (last >= 0 && next > last))
			break;
		if (next > left)
			clone_close_range((unsigned int)left, (unsigned int)next - 1);
		left = next + 1;
	}
	if (last < 0 || left <= last)
		clone_close_range((unsigned int)left, last < 0 ? UINT_MAX : (unsigned int)last);
}

/* Behind a chroot there may be no /proc, or no right to pass its root directory. Nobody has numbers beyond the bound who did not ask for them one by one. */
static int end_by_asking(void)
{
	int end = ASKED_MAX;

	while (end > 0 && fcntl(end - 1, F_GETFD) < 0)
		end--;
	return end;
}

/* From a buffer on the stack: opendir's would leave pages of heap in use, which each fork of ours copies. */
int descriptors_end(void)
{
	_Alignas(struct dirent64) char entries[1024];
	int fd = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int end = 0, error;
	ssize_t size;

	if (fd < 0)
		return errno == ENOENT || errno == EACCES ? end_by_asking() : -errno;
	while ((size = getdents64(fd, entries, sizeof entries)) > 0) {
		for (ssize_t at = 0; at < size;) {
			const struct dirent64 *entry = (const struct dirent64 *)(entries + at);
			int open_fd = atoi(entry->d_name);

			if (open_fd != fd && open_fd >= end)
				end = open_fd + 1;
			at += entry->d_reclen;
		}
	}
	error = errno;
	close(fd);
	return size < 0 ? -error : end;
}

int descriptors_plug(int end)
{
	int fd;

	/* Of a kind that needs no file. It gets the lowest free number, so the first one at or above end says that no hole
	 * is left. */
	while ((fd = eventfd(0, EFD_CLOEXEC)) >= 0 && fd < end)
		continue;
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

int descriptors_open_standard(void)
{
	int fd;

	while ((fd = open("/dev/null", O_RDWR | O_CLOEXEC)) >= 0 && fd <= STDERR_FILENO)
		if (fcntl(fd, F_SETFD, 0) < 0)
			return -errno;
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}
