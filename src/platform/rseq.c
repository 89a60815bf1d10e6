/* SPDX-License-Identifier: MIT */
#include "platform/rseq.h"

#if defined(__has_include) && __has_include(<sys/rseq.h>)
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What the kernel knows as the original size; glibc 2.36 registers that much and calls what it uses __rseq_size. */
#define REGISTERED_SIZE 32

void rseq_end(void)
{
	if (__rseq_size > 0)
		syscall(SYS_rseq, (char *)__builtin_thread_pointer() + __rseq_offset, REGISTERED_SIZE,
			RSEQ_FLAG_UNREGISTER, RSEQ_SIG);
}
#else
void rseq_end(void)
{
}
#endif
