/* SPDX-License-Identifier: MIT */
#include "core/arena_check.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/arena.h"
#include "core/crowd.h"
#include "core/engine_private.h"
#include "platform/fiber_check.h"
#include "platform/leak_check.h"
#include "process/pages.h"

#define SWITCH       "BROOD_CHECK_ARENA"
#define MAX_MAPPINGS 512
#define MAX_NUMBERS  1024
#define TEXT_SIZE    256

struct arena_check {
	bool remembered;
	size_t mapping_count, fd_count;
	unsigned int threads;
	sigset_t mask;
	uintptr_t mappings[MAX_MAPPINGS]; /* where they begin */
	int fds[MAX_NUMBERS];
};

int arena_check_open(struct arena *arena)
{
	if (!getenv(SWITCH))
		return 0;
	arena->check = pages_new(sizeof *arena->check);
	return arena->check ? 0 : -ENOMEM;
}

void arena_check_close(struct arena *arena)
{
	pages_free(arena->check, sizeof *arena->check);
	arena->check = NULL;
}

BROOD_PRINTF(2, 3) static void complain(const struct arena *arena, const char *format, ...)
{
	char text[TEXT_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	engine_log(arena->service->engine, BROOD_ERROR,
		"%s: a worker that waits for its next client holds what it did not hold when it waited for its "
		"first: %s",
		arena->service->config.name, text);
}

static bool knows_fd(const struct arena_check *check, int fd)
{
	for (size_t i = 0; i < check->fd_count; i++)
		if (check->fds[i] == fd)
			return true;
	return false;
}

static void look_at_fd(struct arena *arena, int fd)
{
	struct arena_check *check = arena->check;
	char path[64], target[128];
	ssize_t n;

	if (knows_fd(check, fd) || check->fd_count == MAX_NUMBERS)
		return;
	check->fds[check->fd_count++] = fd;
	if (!check->remembered)
		return;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	n = readlink(path, target, sizeof target - 1);
	target[n > 0 ? n : 0] = '\0';
	complain(arena, "descriptor %d (%s)", fd, target);
}

static void look_at_fds(struct arena *arena)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(dir))
			look_at_fd(arena, atoi(entry->d_name));
	if (dir)
		closedir(dir);
}

static bool knows_mapping(const struct arena_check *check, uintptr_t from, uintptr_t to)
{
	for (size_t i = 0; i < check->mapping_count; i++)
		if (check->mappings[i] >= from && check->mappings[i] < to)
			return true;
	return false;
}

/* The heap and the stack grow and shrink with what a handler does with them, which is no leak by itself. */
static void look_at_mapping(struct arena *arena, const char *line)
{
	struct arena_check *check = arena->check;
	uintptr_t from, to;

	if (strstr(line, "[heap]") || strstr(line, "[stack]") ||
		sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &from, &to) != 2 || crowd_has_memory_at(arena, from))
		return;
	if (knows_mapping(check, from, to) || check->mapping_count == MAX_MAPPINGS)
		return;
	check->mappings[check->mapping_count++] = from;
	if (check->remembered)
		complain(arena, "mapping %.*s", (int)strcspn(line, "\n"), line);
}

static void look_at_mappings(struct arena *arena)
{
	char line[TEXT_SIZE];
	FILE *file;

	/* A sanitizer maps its own memory as it goes, and libc stacks and heaps for threads. */
	if (LEAK_CHECKED || FIBER_THREADS_CHECKED || crowd_threads(arena) > 0)
		return;
	file = fopen("/proc/self/maps", "re");
	while (file && fgets(line, sizeof line, file))
		look_at_mapping(arena, line);
	if (file)
		fclose(file);
}

static unsigned int count_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	unsigned int threads = 0;
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		threads += entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return threads;
}

static void look_at_threads(struct arena *arena)
{
	struct arena_check *check = arena->check;
	unsigned int threads;

	/* ThreadSanitizer has one of its own, sooner or later. */
	if (FIBER_THREADS_CHECKED)
		return;
	threads = count_threads() - crowd_threads(arena);
	if (check->remembered && threads > check->threads)
		complain(arena, "%u threads instead of %u", threads, check->threads);
	if (!check->remembered || threads > check->threads)
		check->threads = threads;
}

static void look_at_mask(struct arena *arena)
{
	struct arena_check *check = arena->check;
	sigset_t mask;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	for (int sig = 1; check->remembered && sig < NSIG; sig++)
		if (sigismember(&mask, sig) == 1 && sigismember(&check->mask, sig) == 0)
			complain(arena, "signal %d is blocked", sig);
	check->mask = mask;
}

void arena_check(struct arena *arena)
{
	if (!arena->check || arena->park.count > 0 || crowd_has_parked(arena))
		return;
	look_at_threads(arena);
	look_at_mask(arena);
	look_at_fds(arena);
	/* Last: looking allocates, too. The first time twice, so that what it maps for itself is known. */
	look_at_mappings(arena);
	if (!arena->check->remembered)
		look_at_mappings(arena);
	arena->check->remembered = true;
}
