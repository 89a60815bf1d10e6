/* SPDX-License-Identifier: MIT */
/*
 * Decides how the two sides meet without waiting for each other: a version that is odd while the supervisor writes. The
 * supervisor never waits; the reader tries again for a while. Invariant: what a copy says was true at one moment, in
 * particular which boards count and which were added up already.
 */
#include "supervise/status/status_shared.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TRIES  100
#define TRY_NS 100000 /* a write takes some ten microseconds */

int status_shared_open(struct status_shared **ret_shared, int *ret_fd)
{
	int fd = memfd_create("brood-status", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	void *memory = MAP_FAILED;
	int r;

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, sizeof **ret_shared) == 0)
		memory = mmap(NULL, sizeof **ret_shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		goto close_fd;
	/* Our own mapping stays writable, no other one ever will be; and service processes do not inherit it. */
	if (madvise(memory, sizeof **ret_shared, MADV_DONTFORK) < 0 ||
		fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) < 0)
		goto unmap;
	*ret_shared = memory;
	*ret_fd = fd;
	(*ret_shared)->size = sizeof **ret_shared;
	snprintf((*ret_shared)->brood, sizeof(*ret_shared)->brood, "%s", brood_version());
	return 0;

unmap:
	r = -errno;
	munmap(memory, sizeof **ret_shared);
	close(fd);
	return r;
close_fd:
	r = -errno;
	close(fd);
	return r;
}

void status_shared_close(struct status_shared *shared, int fd)
{
	if (!shared)
		return;
	munmap(shared, sizeof *shared);
	close(fd);
}

void status_shared_begin(struct status_shared *shared)
{
	uint32_t version = atomic_load_explicit(&shared->version, memory_order_relaxed);

	atomic_store_explicit(&shared->version, version + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
}

void status_shared_end(struct status_shared *shared)
{
	uint32_t version = atomic_load_explicit(&shared->version, memory_order_relaxed);

	atomic_store_explicit(&shared->version, version + 1, memory_order_release);
}

int status_shared_map(int fd, const struct status_shared **ret_shared)
{
	const struct status_shared *shared;
	struct stat about;
	void *memory;

	if (fstat(fd, &about) < 0)
		return -errno;
	if (about.st_size != sizeof *shared)
		return -EPROTO;
	memory = mmap(NULL, sizeof *shared, PROT_READ, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return -errno;
	shared = memory;
	if (shared->size != sizeof *shared ||
		strncmp(shared->brood, brood_version(), sizeof shared->brood - 1) != 0) {
		status_shared_unmap(shared);
		return -EPROTO;
	}
	*ret_shared = shared;
	return 0;
}

void status_shared_unmap(const struct status_shared *shared)
{
	munmap((void *)(uintptr_t)shared, sizeof *shared);
}

static void copy_rows(struct status_shared *copy, const struct status_shared *shared)
{
	size_t rows = shared->row_count < STATUS_ROWS ? shared->row_count : STATUS_ROWS;

	memcpy((char *)copy + sizeof copy->version, (const char *)shared + sizeof copy->version,
		offsetof(struct status_shared, rows) - sizeof copy->version);
	memcpy(copy->rows, shared->rows, rows * sizeof *copy->rows);
	copy->row_count = (uint32_t)rows;
}

int status_shared_copy(struct status_shared *copy, const struct status_shared *shared)
{
	for (int i = 0; i < TRIES; i++) {
		uint32_t before = atomic_load_explicit(&shared->version, memory_order_acquire);

		if (before % 2 == 0) {
			copy_rows(copy, shared);
			atomic_thread_fence(memory_order_acquire);
			if (atomic_load_explicit(&shared->version, memory_order_relaxed) == before)
				return 0;
		}
		nanosleep(&(struct timespec){ .tv_nsec = TRY_NS }, NULL);
	}
	return -EAGAIN;
}
