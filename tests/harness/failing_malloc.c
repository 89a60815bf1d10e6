/* SPDX-License-Identifier: MIT */
/*
 * Preloaded, it makes the k-th allocation of each process fail, and only that one: FAIL_MALLOC_AT=k. Forked children
 * count on from where their parent was. FAIL_MALLOC_COUNT=FILE: fails nothing, but leaves there how many there were.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The linker allocates before we can ask it for anything: glibc's own names need no asking. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);

static atomic_long calls, fail_at;

__attribute__((constructor)) static void begin(void)
{
	const char *at = getenv("FAIL_MALLOC_AT");

	calls = 0;
	fail_at = at ? strtol(at, NULL, 10) : 0;
}

__attribute__((destructor)) static void end(void)
{
	const char *path = getenv("FAIL_MALLOC_COUNT");
	char text[32];
	int fd, size;

	if (!path)
		return;
	size = snprintf(text, sizeof text, "%ld\n", (long)calls);
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0 && write(fd, text, (size_t)size) == size)
		close(fd);
}

static bool is_to_fail(void)
{
	if (atomic_fetch_add(&calls, 1) + 1 != fail_at)
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return is_to_fail() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return is_to_fail() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
	return is_to_fail() ? NULL : __libc_realloc(memory, size);
}
