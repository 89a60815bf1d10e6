/* SPDX-License-Identifier: MIT */
/*
 * LeakSanitizer looks for leaks at exit(3); a forked worker leaves by _exit(2) and has to be asked. Nor does it look for
 * pointers in memory that came from mmap(2): it is told where.
 */
#ifndef PLATFORM_LEAK_CHECK_H
#define PLATFORM_LEAK_CHECK_H

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#include <stddef.h>
#include <unistd.h>

#define LEAK_CHECKED      1
#define LEAK_CHECK_STATUS 23

static inline void leak_check(void)
{
	if (__lsan_do_recoverable_leak_check())
		_exit(LEAK_CHECK_STATUS);
}

static inline void leak_check_root(const void *memory, size_t size)
{
	__lsan_register_root_region(memory, size);
}

static inline void leak_check_unroot(const void *memory, size_t size)
{
	__lsan_unregister_root_region(memory, size);
}
#else
#include <stddef.h>

#define LEAK_CHECKED 0

static inline void leak_check(void)
{
}

static inline void leak_check_root(const void *memory, size_t size)
{
	(void)memory;
	(void)size;
}

static inline void leak_check_unroot(const void *memory, size_t size)
{
	(void)memory;
	(void)size;
}
#endif

#endif
