/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "observe/queue_depth.h"

#define BACKLOG 7
#define CLIENTS 3

union address {
	struct sockaddr any;
	struct sockaddr_in inet;
	struct sockaddr_in6 inet6;
	struct sockaddr_un local;
};

static int listen_on(union address *address, socklen_t size)
{
	int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && bind(fd, &address->any, size) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static void connect_to(int listener, int clients[CLIENTS])
{
	union address address;
	socklen_t size = sizeof address;

	assert_int_equal(getsockname(listener, &address.any, &size), 0);
	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_true(clients[i] >= 0);
		assert_int_equal(connect(clients[i], &address.any, size), 0);
	}
}

/* Those who connected are counted; who is accepted is not any more. */
static void check_queue(int listener)
{
	struct queue_depth queue = { .inode = queue_depth_inode(listener) };
	int clients[CLIENTS], accepted;

	assert_int_not_equal(queue.inode, 0);
	assert_int_equal(queue_depth_read(&queue, 1), 0);
	assert_true(queue.known);
	assert_int_equal(queue.waiting, 0);
	assert_int_equal(queue.limit, BACKLOG);

	connect_to(listener, clients);
	assert_int_equal(queue_depth_read(&queue, 1), 0);
	assert_int_equal(queue.waiting, CLIENTS);

	accepted = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(accepted >= 0);
	assert_int_equal(queue_depth_read(&queue, 1), 0);
	assert_int_equal(queue.waiting, CLIENTS - 1);

	close(accepted);
	for (int i = 0; i < CLIENTS; i++)
		close(clients[i]);
	close(listener);
}

static void tcp_clients_that_nobody_accepted_are_counted(void **state)
{
	union address address = { .inet = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) } };

	(void)state;
	check_queue(listen_on(&address, sizeof address.inet));
}

static void so_are_those_of_ipv6(void **state)
{
	union address address = { .inet6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT } };
	int listener = listen_on(&address, sizeof address.inet6);

	(void)state;
	if (listener < 0)
		skip(); /* no IPv6 here */
	check_queue(listener);
}

static void so_are_unix_clients(void **state)
{
	union address address = { .local = { .sun_family = AF_UNIX } };

	(void)state;
	/* No name: the kernel gives an abstract one. */
	check_queue(listen_on(&address, offsetof(struct sockaddr_un, sun_path)));
}

static void several_listeners_are_told_apart(void **state)
{
	union address address[2] = {
		{ .inet = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) } },
		{ .local = { .sun_family = AF_UNIX } },
	};
	int busy = listen_on(&address[0], sizeof address[0].inet);
	int calm = listen_on(&address[1], offsetof(struct sockaddr_un, sun_path));
	struct queue_depth queues[] = { { .inode = queue_depth_inode(calm) }, { .inode = queue_depth_inode(busy) } };
	int clients[CLIENTS];

	(void)state;
	connect_to(busy, clients);
	assert_int_equal(queue_depth_read(queues, 2), 0);
	assert_true(queues[0].known && queues[1].known);
	assert_int_equal(queues[0].waiting, 0);
	assert_int_equal(queues[1].waiting, CLIENTS);
	for (int i = 0; i < CLIENTS; i++)
		close(clients[i]);
	close(busy);
	close(calm);
}

static void what_is_no_listener_stays_unknown(void **state)
{
	int datagram = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct queue_depth queues[] = {
		{ .inode = queue_depth_inode(datagram), .known = true, .waiting = 5 },
		{ .inode = queue_depth_inode(-1), .known = true },
		{ .inode = queue_depth_inode(STDIN_FILENO), .known = true },
	};

	(void)state;
	assert_int_equal(queues[1].inode, 0);
	assert_int_equal(queue_depth_read(queues, 3), 0);
	for (int i = 0; i < 3; i++)
		assert_false(queues[i].known);
	close(datagram);
}

static void asking_leaves_no_descriptor(void **state)
{
	struct queue_depth queue = { .inode = 1 };
	int next = dup(0);

	(void)state;
	close(next);
	assert_int_equal(queue_depth_read(&queue, 1), 0);
	assert_int_equal(fcntl(next, F_GETFD), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_clients_that_nobody_accepted_are_counted),
		cmocka_unit_test(so_are_those_of_ipv6),
		cmocka_unit_test(so_are_unix_clients),
		cmocka_unit_test(several_listeners_are_told_apart),
		cmocka_unit_test(what_is_no_listener_stays_unknown),
		cmocka_unit_test(asking_leaves_no_descriptor),
	};

	return cmocka_run_group_tests_name("queue_depth", tests, NULL, NULL);
}
