/* SPDX-License-Identifier: MIT */
/* LeakSanitizer looks for leaks at exit(3); a forked worker leaves by _exit(2) and has to be asked. */
#ifndef PLATFORM_LEAK_CHECK_H
#define PLATFORM_LEAK_CHECK_H

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#include <unistd.h>

#define LEAK_CHECK_STATUS 23

static inline void leak_check(void)
{
	if (__lsan_do_recoverable_leak_check())
		_exit(LEAK_CHECK_STATUS);
}
#else
static inline void leak_check(void)
{
}
#endif

#endif
