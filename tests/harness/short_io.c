/* SPDX-License-Identifier: MIT */
/*
 * Preloaded, it makes every transfer on a socket as short as it may be: one byte, or every third time nothing at all
 * (EINTR, then EAGAIN). strace can only pretend that a byte was sent; this one sends it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

static _Thread_local unsigned int calls;

/* True: the call is to fail, with errno set. */
static int is_to_fail(void)
{
	switch (++calls % 9) {
	case 3:
		errno = EINTR;
		return 1;
	case 6:
		errno = EAGAIN;
		return 1;
	default:
		return 0;
	}
}

static size_t shortened(int fd, size_t size)
{
	int type = 0;
	socklen_t type_size = sizeof type;

	/* A datagram that is cut is another datagram. */
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) < 0 || type != SOCK_STREAM)
		return size;
	return size > 1 ? 1 : size;
}

ssize_t send(int fd, const void *data, size_t size, int flags)
{
	ssize_t (*real)(int, const void *, size_t, int) = dlsym(RTLD_NEXT, "send");

	return is_to_fail() ? -1 : real(fd, data, shortened(fd, size), flags);
}

ssize_t recv(int fd, void *data, size_t size, int flags)
{
	ssize_t (*real)(int, void *, size_t, int) = dlsym(RTLD_NEXT, "recv");

	return is_to_fail() ? -1 : real(fd, data, shortened(fd, size), flags);
}
