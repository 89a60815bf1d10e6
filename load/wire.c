/* SPDX-License-Identifier: MIT */
#include "load/wire.h"

#include <errno.h>
#include <unistd.h>

static int connect_socket(const struct target *target, struct origin *origin, int fd)
{
	const struct sockaddr *address = (const struct sockaddr *)&target->address;
	int r = origin_bind(origin, fd, address);
	sa_family_t family = AF_UNIX;

	if (r < 0)
		return r;
	/* An address that the kernel makes up, so that it can be answered. */
	if (target->scheme == URL_UNIXGRAM && bind(fd, (struct sockaddr *)&family, sizeof family) < 0)
		return -errno;
	if (connect(fd, address, target->address_size) < 0 && errno != EINPROGRESS)
		return -errno;
	return 0;
}

int wire_open(const struct target *target, struct origin *origin, int *ret_fd)
{
	int fd = socket(target->address.ss_family, target->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), r;

	if (fd < 0)
		return -errno;
	r = connect_socket(target, origin, fd);
	if (r == 0) {
		*ret_fd = fd;
		return 0;
	}
	close(fd);
	/* Of TCP, EAGAIN says that no port is free. */
	return r == -EAGAIN && target->address.ss_family != AF_UNIX ? -EADDRNOTAVAIL : r;
}

ssize_t wire_send(int fd, const char *data, size_t size)
{
	ssize_t n = send(fd, data, size, MSG_NOSIGNAL);

	if (n >= 0)
		return n;
	return errno == ENOTCONN || errno == ENOBUFS ? -EAGAIN : -errno;
}

ssize_t wire_receive(int fd, char *buffer, size_t size)
{
	ssize_t n = recv(fd, buffer, size, 0);

	return n < 0 ? -errno : n;
}

ssize_t wire_drop(int fd, size_t size)
{
	ssize_t n = recv(fd, NULL, size, MSG_TRUNC);

	return n < 0 ? -errno : n;
}
