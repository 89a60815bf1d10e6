/* SPDX-License-Identifier: MIT */
#include "core/burden.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/arena.h"
#include "core/engine_private.h"
#include "core/tell.h"

/* Clients (of one that serves many: requests) from one look at the memory to the next: a look is a system call of a microsecond. */
#define CLIENTS_PER_LOOK 16

int burden_limit(int max_memory_kib)
{
	struct rlimit limit = { .rlim_cur = (rlim_t)max_memory_kib * 1024,
		.rlim_max = (rlim_t)max_memory_kib * 1024 };

	if (max_memory_kib <= 0)
		return 0;
	return setrlimit(RLIMIT_DATA, &limit) < 0 ? -errno : 0;
}

int burden_begin(struct arena *arena)
{
	const struct model_config *config = &arena->service->model.config;

	if (config->recycle_memory_kib > 0)
		arena->statm_fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	return burden_limit(config->max_memory_kib);
}

/* Resident now. Behind a chroot without /proc the most that it ever was must do: it recycles sooner. */
static long resident_kib(const struct arena *arena)
{
	char text[128] = "";
	struct rusage usage;
	char *second;

	if (arena->statm_fd >= 0 && pread(arena->statm_fd, text, sizeof text - 1, 0) > 0) {
		strtol(text, &second, 10);
		return strtol(second, NULL, 10) * (sysconf(_SC_PAGESIZE) / 1024);
	}
	return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss : 0;
}

static bool is_too_much(const struct arena *arena)
{
	int recycle_kib = arena->service->model.config.recycle_memory_kib;
	uint32_t limit = atomic_load_explicit(&arena->standing->limit, memory_order_relaxed);
	uint64_t served =
		arena->crowd ? arena->requests : atomic_load_explicit(&arena->standing->served, memory_order_relaxed);

	if (limit > 0 && arena->requests >= limit)
		return true;
	return recycle_kib > 0 && served % CLIENTS_PER_LOOK == 1 && resident_kib(arena) > recycle_kib;
}

void burden_look(struct arena *arena)
{
	if (atomic_load_explicit(&arena->standing->wants_to_go, memory_order_relaxed))
		return;
	if (is_too_much(arena))
		tell_wants_to_go(arena);
}
