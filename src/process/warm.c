/* SPDX-License-Identifier: MIT */
#include "process/warm.h"

#include <stdint.h>

#include "platform/direct.h"

#define PAGE_SIZE 4096

void warm_stack(void)
{
	volatile char below[PAGE_SIZE];

	below[0] = 0;
	(void)below[0];
}

void warm_code(void (*code)(void))
{
	direct_populate((uintptr_t)code & ~(uintptr_t)(PAGE_SIZE - 1), PAGE_SIZE);
}
