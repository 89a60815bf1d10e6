/* SPDX-License-Identifier: MIT */
#include "core/reach.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "contract/seat.h"
#include "core/arena.h"
#include "core/engine_private.h"
#include "platform/clone.h"

static int option_of(int fd, int option)
{
	socklen_t size = sizeof(int);
	int value = -1;

	return getsockopt(fd, SOL_SOCKET, option, &value, &size) < 0 ? -1 : value;
}

/* What is accepted has its listener's port, or path. Every other field may differ. */
static bool has_same_name(int fd, int listener_fd)
{
	union conn_address a, b;
	socklen_t a_size = sizeof a, b_size = sizeof b;

	if (getsockname(fd, &a.any, &a_size) < 0 || getsockname(listener_fd, &b.any, &b_size) < 0 ||
		a.any.sa_family != b.any.sa_family)
		return false;
	switch (a.any.sa_family) {
	case AF_INET:
	case AF_INET6:
		/* Both families have their port in the same place. */
		return ((const struct sockaddr_in *)(const void *)&a)->sin_port ==
		       ((const struct sockaddr_in *)(const void *)&b)->sin_port;
	case AF_UNIX:
		return a_size > sizeof a.any.sa_family && a_size == b_size && memcmp(&a, &b, a_size) == 0;
	default:
		return true;
	}
}

static bool is_client(const struct arena *arena, int fd)
{
	if (option_of(fd, SO_TYPE) != SOCK_STREAM || option_of(fd, SO_ACCEPTCONN) != 0)
		return false;
	for (size_t i = 0; i < arena->listener_count; i++)
		if (has_same_name(fd, arena->queue_fds[i]))
			return true;
	return false;
}

int reach_client(const struct service *service, const struct seat *seat, int table_pidfd)
{
	int number = atomic_load_explicit(&seat->client_fd, memory_order_relaxed);
	int fd;

	if (number < 0 || table_pidfd < 0)
		return -EBADF;
	fd = clone_pidfd_getfd(table_pidfd, number);
	if (fd < 0 || is_client(service->arena, fd))
		return fd;
	close(fd);
	return -ENOTSOCK;
}
