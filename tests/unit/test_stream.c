/* SPDX-License-Identifier: MIT */
/* The stream transport over TCP (both families) and Unix sockets. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "contract/conn.h"
#include "transport/address.h"
#include "transport/open.h"

static const struct transport_ops *const stream = &transport_stream;

struct pair {
	struct listener listener;
	struct brood_conn conn;
	int client;
};

/* An abstract name of this test run's own, behind a scheme. */
static const char *abstract(const char *scheme)
{
	static char text[64];

	snprintf(text, sizeof text, "%sbrood-test-%d", scheme, (int)getpid());
	return text;
}

static void listen_on(const char *url, struct listener *ret_listener)
{
	struct sentence why = { "" };
	size_t count = 0;

	if (open_listeners(url, NULL, ret_listener, 1, &count, &why) < 0)
		fail_msg("%s", why.text);
	assert_int_equal(count, 1);
}

static int connect_to(const struct listener *listener)
{
	union conn_address address;
	socklen_t size = sizeof address;
	int fd;

	assert_int_equal(getsockname(listener->fd, &address.any, &size), 0);
	fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, &address.any, size), 0);
	return fd;
}

static void wait_for(int fd, short events)
{
	struct pollfd ready = { .fd = fd, .events = events };

	assert_int_equal(poll(&ready, 1, 5000), 1);
}

static void pair_open(struct pair *pair, const char *url)
{
	memset(pair, 0, sizeof *pair);
	listen_on(url, &pair->listener);
	pair->client = connect_to(&pair->listener);
	wait_for(pair->listener.fd, POLLIN);
	pair->conn.listener = &pair->listener;
	assert_int_equal(stream->accept(&pair->listener, &pair->conn), 0);
}

static void pair_close(struct pair *pair)
{
	stream->close(&pair->conn);
	stream->close(&pair->conn);
	if (pair->client >= 0)
		close(pair->client);
	open_close(&pair->listener, true);
}

static void accept_of_nothing_does_not_block(void **state)
{
	struct listener listener;
	struct brood_conn conn = { .fd = -1 };

	(void)state;
	listen_on("tcp://127.0.0.1:0", &listener);
	assert_int_equal(stream->accept(&listener, &conn), -EAGAIN);
	open_close(&listener, true);
}

static void accepted_descriptor_is_blocking_close_on_exec_and_nodelay(void **state)
{
	struct pair pair;
	int nodelay = 0;
	socklen_t size = sizeof nodelay;

	(void)state;
	pair_open(&pair, "tcp://127.0.0.1:0");
	assert_int_equal(fcntl(pair.conn.fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(pair.conn.fd, F_GETFL) & O_NONBLOCK, 0);
	assert_int_equal(getsockopt(pair.conn.fd, IPPROTO_TCP, TCP_NODELAY, &nodelay, &size), 0);
	assert_int_not_equal(nodelay, 0);
	pair_close(&pair);
}

static void mapped_peer_and_local_come_out_as_ipv4(void **state)
{
	struct pair pair = { .client = -1 };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	union conn_address bound;
	socklen_t size = sizeof bound;
	char text[64];

	(void)state;
	listen_on("tcp://[::]:0", &pair.listener);
	assert_int_equal(getsockname(pair.listener.fd, &bound.any, &size), 0);
	in.sin_port = ((struct sockaddr_in6 *)(void *)&bound)->sin6_port;
	pair.client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(pair.client, (const void *)&in, sizeof in), 0);
	wait_for(pair.listener.fd, POLLIN);
	assert_int_equal(stream->accept(&pair.listener, &pair.conn), 0);
	assert_int_equal(pair.conn.peer.any.sa_family, AF_INET);
	assert_int_equal(pair.conn.peer_size, sizeof in);
	address_text(&pair.conn.peer.any, pair.conn.peer_size, text, sizeof text);
	assert_memory_equal(text, "127.0.0.1:", 10);
	assert_int_equal(stream->local(&pair.conn), 0);
	assert_int_equal(pair.conn.local.any.sa_family, AF_INET);
	assert_int_equal(((struct sockaddr_in *)(void *)&pair.conn.local)->sin_port, in.sin_port);
	pair_close(&pair);
}

static void recv_tries_once_then_gives_bytes_then_the_end(void **state)
{
	struct pair pair;
	char buf[8];

	(void)state;
	pair_open(&pair, "tcp://127.0.0.1:0");
	assert_int_equal(stream->recv(&pair.conn, buf, sizeof buf), -EAGAIN);
	assert_int_equal(send(pair.client, "hi", 2, 0), 2);
	wait_for(pair.conn.fd, POLLIN);
	assert_int_equal(stream->recv(&pair.conn, buf, sizeof buf), 2);
	assert_memory_equal(buf, "hi", 2);
	shutdown(pair.client, SHUT_WR);
	wait_for(pair.conn.fd, POLLIN);
	assert_int_equal(stream->recv(&pair.conn, buf, sizeof buf), 0);
	assert_false(stream->pending(&pair.conn));
	pair_close(&pair);
}

static void send_to_a_full_socket_says_again_on_a_blocking_descriptor(void **state)
{
	static const char block[65536];
	struct pair pair;
	ssize_t n = 0;

	(void)state;
	pair_open(&pair, abstract("unix:@"));
	for (int i = 0; i < 1000 && n >= 0; i++)
		n = stream->send(&pair.conn, block, sizeof block);
	assert_int_equal(n, -EAGAIN);
	pair_close(&pair);
}

static void send_to_a_gone_client_is_epipe_without_signal(void **state)
{
	struct pair pair;

	(void)state;
	signal(SIGPIPE, SIG_DFL);
	pair_open(&pair, abstract("unix:@"));
	close(pair.client);
	pair.client = -1;
	assert_int_equal(stream->send(&pair.conn, "x", 1), -EPIPE);
	pair_close(&pair);
}

static void finish_is_seen_as_end_of_input_and_may_be_repeated(void **state)
{
	struct pair pair;
	char buf[8];

	(void)state;
	pair_open(&pair, "tcp://[::1]:0");
	assert_int_equal(stream->send(&pair.conn, "bye", 3), 3);
	assert_int_equal(stream->finish(&pair.conn), 0);
	assert_int_equal(stream->finish(&pair.conn), 0);
	assert_int_equal(recv(pair.client, buf, sizeof buf, 0), 3);
	assert_int_equal(recv(pair.client, buf, sizeof buf, 0), 0);
	assert_int_equal(send(pair.client, "still", 5, 0), 5);
	wait_for(pair.conn.fd, POLLIN);
	assert_int_equal(stream->recv(&pair.conn, buf, sizeof buf), 5);
	pair_close(&pair);
}

static void abort_then_close_sends_a_reset(void **state)
{
	struct pair pair;
	char byte;

	(void)state;
	pair_open(&pair, "tcp://127.0.0.1:0");
	stream->abort(&pair.conn);
	stream->close(&pair.conn);
	assert_int_equal(recv(pair.client, &byte, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	pair_close(&pair);
}

static void sendfile_sends_from_the_offset_to_the_end(void **state)
{
	struct pair pair;
	char buf[8];
	FILE *file = tmpfile();

	(void)state;
	pair_open(&pair, "tcp://127.0.0.1:0");
	fputs("0123456789", file);
	fflush(file);
	assert_int_equal(stream->sendfile(&pair.conn, fileno(file), 6, 100), 4);
	assert_int_equal(recv(pair.client, buf, sizeof buf, 0), 4);
	assert_memory_equal(buf, "6789", 4);
	assert_int_equal(stream->sendfile(&pair.conn, fileno(file), 2, 3), 3);
	assert_int_equal(stream->sendfile(&pair.conn, fileno(file), 10, 100), 0);
	assert_int_equal(stream->sendfile(&pair.conn, -1, 0, 100), -EBADF);
	fclose(file);
	pair_close(&pair);
}

static void sendfile_to_a_full_socket_says_again(void **state)
{
	static const char block[65536];
	struct pair pair;
	FILE *file = tmpfile();
	ssize_t n = 0;

	(void)state;
	pair_open(&pair, abstract("unix:@"));
	fwrite(block, 1, sizeof block, file);
	fflush(file);
	for (int i = 0; i < 10000 && n >= 0; i++)
		n = stream->sendfile(&pair.conn, fileno(file), 0, sizeof block);
	assert_int_equal(n, -EAGAIN);
	fclose(file);
	pair_close(&pair);
}

static void a_handed_over_connection_is_accepted_once(void **state)
{
	struct brood_conn conn = { .fd = -1 }, second = { .fd = -1 };
	struct listener listener;
	char url[32];
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	snprintf(url, sizeof url, "fd://%d", ends[0]);
	listen_on(url, &listener);
	assert_true(listener.connected);
	assert_int_equal(stream->accept(&listener, &conn), 0);
	assert_int_equal(conn.fd, ends[0]);
	assert_int_equal(listener.fd, -1);
	assert_int_equal(stream->accept(&listener, &second), -EAGAIN);
	assert_int_equal(stream->send(&conn, "x", 1), 1);
	stream->close(&conn);
	open_close(&listener, true);
	close(ends[1]);
}

static void a_blocking_listener_of_others_does_not_block_and_stays_blocking(void **state)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct brood_conn conn = { .fd = -1 };
	struct listener listener;
	char url[32];
	int fd = socket(AF_INET, SOCK_STREAM, 0), nodelay = 0, client;
	socklen_t size = sizeof nodelay;

	(void)state;
	assert_int_equal(bind(fd, (const void *)&in, sizeof in), 0);
	assert_int_equal(listen(fd, 1), 0);
	snprintf(url, sizeof url, "fd://%d", fd);
	listen_on(url, &listener);
	assert_int_equal(stream->accept(&listener, &conn), -EAGAIN);
	client = connect_to(&listener);
	wait_for(fd, POLLIN);
	assert_int_equal(stream->accept(&listener, &conn), 0);
	assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	assert_int_equal(getsockopt(conn.fd, IPPROTO_TCP, TCP_NODELAY, &nodelay, &size), 0);
	assert_int_not_equal(nodelay, 0);
	stream->close(&conn);
	close(client);
	open_close(&listener, true);
}

static void expect_text(const void *address, size_t size, const char *expected)
{
	char text[128];

	address_text(address, (socklen_t)size, text, sizeof text);
	assert_string_equal(text, expected);
}

static void addresses_read_as_people_write_them(void **state)
{
	struct sockaddr_in in = {
		.sin_family = AF_INET, .sin_port = htons(5000), .sin_addr.s_addr = htonl(0x7f000001)
	};
	struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6, .sin6_port = htons(5000), .sin6_addr = IN6ADDR_LOOPBACK_INIT
	};
	struct sockaddr_un path = { .sun_family = AF_UNIX, .sun_path = "/run/x" };
	struct sockaddr_un abstract = { .sun_family = AF_UNIX, .sun_path = "\0name\n\033" };
	char small[8];

	(void)state;
	expect_text(&in, sizeof in, "127.0.0.1:5000");
	expect_text(&in6, sizeof in6, "[::1]:5000");
	in6.sin6_scope_id = 2;
	expect_text(&in6, sizeof in6, "[::1%2]:5000");
	expect_text(&path, sizeof path, "unix:/run/x");
	expect_text(&abstract, offsetof(struct sockaddr_un, sun_path) + 7, "unix:@name\\x0a\\x1b");
	expect_text(&path, sizeof(sa_family_t), "unix:");
	expect_text(&path, 0, "unix:");
	expect_text(&(struct sockaddr){ .sa_family = AF_NETLINK }, sizeof(struct sockaddr), "unknown");
	address_text((const void *)&in, sizeof in, small, sizeof small);
	assert_string_equal(small, "127.0.0");
}

/* Every pattern of groups that are 0, with the values that decide about an IPv4 address at the end. */
static void ipv6_addresses_read_as_the_c_library_writes_them(void **state)
{
	static const uint16_t values[] = { 0x1, 0xab, 0xfff, 0xffff };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(80) };
	char host[INET6_ADDRSTRLEN], expected[128];

	(void)state;
	for (unsigned int zeros = 0; zeros < 256; zeros++) {
		for (size_t value = 0; value < sizeof values / sizeof values[0]; value++) {
			for (unsigned int i = 0; i < 8; i++)
				in6.sin6_addr.s6_addr16[i] = zeros >> i & 1 ? 0 : htons(values[value]);
			inet_ntop(AF_INET6, &in6.sin6_addr, host, sizeof host);
			snprintf(expected, sizeof expected, "[%s]:80", host);
			expect_text(&in6, sizeof in6, expected);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accept_of_nothing_does_not_block),
		cmocka_unit_test(accepted_descriptor_is_blocking_close_on_exec_and_nodelay),
		cmocka_unit_test(mapped_peer_and_local_come_out_as_ipv4),
		cmocka_unit_test(recv_tries_once_then_gives_bytes_then_the_end),
		cmocka_unit_test(send_to_a_full_socket_says_again_on_a_blocking_descriptor),
		cmocka_unit_test(send_to_a_gone_client_is_epipe_without_signal),
		cmocka_unit_test(finish_is_seen_as_end_of_input_and_may_be_repeated),
		cmocka_unit_test(abort_then_close_sends_a_reset),
		cmocka_unit_test(sendfile_sends_from_the_offset_to_the_end),
		cmocka_unit_test(sendfile_to_a_full_socket_says_again),
		cmocka_unit_test(a_handed_over_connection_is_accepted_once),
		cmocka_unit_test(a_blocking_listener_of_others_does_not_block_and_stays_blocking),
		cmocka_unit_test(addresses_read_as_people_write_them),
		cmocka_unit_test(ipv6_addresses_read_as_the_c_library_writes_them),
	};

	return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
