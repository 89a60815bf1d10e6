/* SPDX-License-Identifier: MIT */
#include "process/warm.h"

#include <stdint.h>
#include <sys/mman.h>

#define PAGE_SIZE 4096

void warm_stack(void)
{
	volatile char below[PAGE_SIZE];

	below[0] = 0;
	(void)below[0];
}

void warm_code(void (*code)(void))
{
	uintptr_t page = (uintptr_t)code & ~(uintptr_t)(PAGE_SIZE - 1);

	madvise((void *)page, PAGE_SIZE, MADV_POPULATE_READ); /* NOLINT(performance-no-int-to-ptr) */
}
