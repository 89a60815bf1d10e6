/* SPDX-License-Identifier: MIT */
/*
 * System calls without libc in between, for the life of a forked worker. libc's text is not mapped in a fresh child: its
 * wrappers are spread over it, and each 64 KiB of it that a child touches costs a fault (about a microsecond); errno
 * costs a page of thread-local storage more. Results are the kernel's: negative errno.
 */
#ifndef PLATFORM_DIRECT_H
#define PLATFORM_DIRECT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>

#if defined(__x86_64__)
static inline long direct_call(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}
#elif defined(__aarch64__)
static inline long direct_call(long number, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory", "cc");
	return x0;
}
#else
#include <errno.h>
#include <unistd.h>

static inline long direct_call(long number, long a, long b, long c, long d, long e, long f)
{
	long result = syscall(number, a, b, c, d, e, f);

	return result < 0 ? -errno : result;
}
#endif

static inline pid_t direct_getpid(void)
{
	return (pid_t)direct_call(SYS_getpid, 0, 0, 0, 0, 0, 0);
}

static inline pid_t direct_getppid(void)
{
	return (pid_t)direct_call(SYS_getppid, 0, 0, 0, 0, 0, 0);
}

static inline int direct_set_death_signal(int signal)
{
	return (int)direct_call(SYS_prctl, PR_SET_PDEATHSIG, signal, 0, 0, 0, 0);
}

static inline ssize_t direct_recv(int fd, void *buf, size_t size, int flags)
{
	return direct_call(SYS_recvfrom, fd, (long)(intptr_t)buf, (long)size, flags, 0, 0);
}

static inline ssize_t direct_send(int fd, const void *data, size_t size, int flags)
{
	return direct_call(SYS_sendto, fd, (long)(intptr_t)data, (long)size, flags, 0, 0);
}

static inline int direct_shutdown(int fd, int how)
{
	return (int)direct_call(SYS_shutdown, fd, how, 0, 0, 0, 0);
}

/* Bytes that a read would find now, without reading. */
/* The page is in memory, and mapped. Before Linux 5.14, or if it may not be read: nothing happens. */
static inline void direct_populate(uintptr_t page, size_t size)
{
	direct_call(SYS_madvise, (long)page, (long)size, MADV_POPULATE_READ, 0, 0, 0);
}

static inline int direct_unread(int fd)
{
	int unread = 0;
	long result = direct_call(SYS_ioctl, fd, FIONREAD, (long)(intptr_t)&unread, 0, 0, 0);

	return result < 0 ? (int)result : unread;
}

/* Bytes that were written and not taken by the other side's kernel yet (SIOCOUTQ, which is TIOCOUTQ). */
static inline int direct_unsent(int fd)
{
	int unsent = 0;
	long result = direct_call(SYS_ioctl, fd, TIOCOUTQ, (long)(intptr_t)&unsent, 0, 0, 0);

	return result < 0 ? (int)result : unsent;
}

static inline ssize_t direct_pread(int fd, void *buf, size_t size, off_t offset)
{
	return direct_call(SYS_pread64, fd, (long)(intptr_t)buf, (long)size, offset, 0, 0);
}

static inline ssize_t direct_pwrite(int fd, const void *data, size_t size, off_t offset)
{
	return direct_call(SYS_pwrite64, fd, (long)(intptr_t)data, (long)size, offset, 0, 0);
}

static inline int direct_accept(int fd, void *address, socklen_t *size, int flags)
{
	return (int)direct_call(SYS_accept4, fd, (long)(intptr_t)address, (long)(intptr_t)size, flags, 0, 0);
}

static inline int direct_close(int fd)
{
	return (int)direct_call(SYS_close, fd, 0, 0, 0, 0, 0);
}

/* CLOCK_MONOTONIC. */
static inline int64_t direct_now_ns(void)
{
	struct timespec now = { 0 };

	direct_call(SYS_clock_gettime, CLOCK_MONOTONIC, (long)(intptr_t)&now, 0, 0, 0, 0);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* sigaction(2) for a handler without a mask, SA_RESTART. Returning from a handler is libc's on most machines; on x86 it is a
 * function that whoever sets the handler brings along. */
int direct_handle_signal(int signal, void (*handler)(int signal));

static inline _Noreturn void direct_exit(int status)
{
	for (;;)
		direct_call(SYS_exit_group, status, 0, 0, 0, 0, 0);
}

#endif
