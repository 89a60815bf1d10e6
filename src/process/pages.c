/* SPDX-License-Identifier: MIT */
#include "process/pages.h"

#include <errno.h>
#include <sys/mman.h>

void *pages_new(size_t size)
{
	void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return pages == MAP_FAILED ? NULL : pages;
}

void pages_free(void *pages, size_t size)
{
	if (pages)
		munmap(pages, size);
}

int pages_leave_out_of_forks(void *pages, size_t size)
{
	return madvise(pages, size, MADV_DONTFORK) < 0 ? -errno : 0;
}
