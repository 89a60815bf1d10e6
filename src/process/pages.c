/* SPDX-License-Identifier: MIT */
#include "process/pages.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

#include "platform/leak_check.h"

#define PAGE 4096

static void *map(size_t size, int sharing)
{
	void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, sharing | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (pages == MAP_FAILED)
		return NULL;
	leak_check_root(pages, size);
	return pages;
}

void *pages_new(size_t size)
{
	return map(size, MAP_PRIVATE);
}

void *pages_new_shared(size_t size)
{
	return map(size, MAP_SHARED);
}

void pages_free(void *pages, size_t size)
{
	if (!pages)
		return;
	leak_check_unroot(pages, size);
	munmap(pages, size);
}

int pages_leave_out_of_forks(void *pages, size_t size)
{
	/* What only these pages point to would look lost in a child that does not have them. */
	if (LEAK_CHECKED)
		return 0;
	return madvise(pages, size, MADV_DONTFORK) < 0 ? -errno : 0;
}

void *pages_reserve(size_t size)
{
	void *pages = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return pages == MAP_FAILED ? NULL : pages;
}

int pages_open(void *from, size_t size)
{
	uintptr_t first = (uintptr_t)from / PAGE * PAGE;
	uintptr_t end = ((uintptr_t)from + size + PAGE - 1) / PAGE * PAGE;

	if (mprotect((void *)first, end - first, PROT_READ | PROT_WRITE) < 0)
		return -errno;
	leak_check_root((void *)first, end - first);
	return 0;
}

void pages_give_up(void *pages, size_t size)
{
	if (pages)
		munmap(pages, size);
}
