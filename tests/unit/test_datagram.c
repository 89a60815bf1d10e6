/* SPDX-License-Identifier: MIT */
/* The datagram transport over UDP (both families) and Unix datagram sockets. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
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

#define LIMIT 1000

static const struct transport_ops *const datagram = &transport_datagram;

struct packet_memory {
	char data[LIMIT + 1];
	char reply[LIMIT];
};

static void conn_clear(struct brood_conn *conn, struct packet_memory *memory)
{
	memset(conn, 0, sizeof *conn);
	conn->fd = -1;
	conn->packet.data = memory->data;
	conn->packet.reply = memory->reply;
	conn->packet.limit = LIMIT;
}

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
}

static in_port_t port_of(const struct listener *listener)
{
	union conn_address address;
	socklen_t size = sizeof address;

	assert_int_equal(getsockname(listener->fd, &address.any, &size), 0);
	return ((struct sockaddr_in *)(void *)&address)->sin_port;
}

/* A client that takes answers from this address only. */
static int connect_udp4(const struct listener *listener, const char *host)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = port_of(listener) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(inet_pton(AF_INET, host, &in.sin_addr), 1);
	assert_int_equal(connect(fd, (const void *)&in, sizeof in), 0);
	return fd;
}

static int connect_unix(const struct listener *listener, bool named)
{
	union conn_address address;
	socklen_t size = sizeof address;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(getsockname(listener->fd, &address.any, &size), 0);
	if (named) /* the kernel chooses an abstract name */
		assert_int_equal(bind(fd, &(struct sockaddr){ .sa_family = AF_UNIX }, sizeof(sa_family_t)), 0);
	assert_int_equal(connect(fd, &address.any, size), 0);
	return fd;
}

static void wait_for(int fd)
{
	struct pollfd readable = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&readable, 1, 5000), 1);
}

static int receive(struct listener *listener, struct brood_conn *conn, struct packet_memory *memory)
{
	wait_for(listener->fd);
	conn_clear(conn, memory);
	return datagram->accept(listener, conn);
}

static void answer(struct brood_conn *conn, const char *text)
{
	assert_int_equal(datagram->send(conn, text, strlen(text)), strlen(text));
	assert_int_equal(datagram->finish(conn), 0);
}

static void expect_answer(int client, const char *text)
{
	char buf[LIMIT];

	wait_for(client);
	assert_int_equal(recv(client, buf, sizeof buf, 0), strlen(text));
	assert_memory_equal(buf, text, strlen(text));
}

static void nothing_there_is_again(void **state)
{
	struct packet_memory memory;
	struct listener listener;
	struct brood_conn conn;

	(void)state;
	listen_on("udp://127.0.0.1:0", &listener);
	conn_clear(&conn, &memory);
	assert_int_equal(datagram->accept(&listener, &conn), -EAGAIN);
	open_close(&listener, true);
}

static void a_packet_reads_like_a_stream_that_ends(void **state)
{
	struct packet_memory memory;
	struct listener listener;
	struct brood_conn conn;
	char buf[4];
	int client;

	(void)state;
	listen_on("udp://127.0.0.1:0", &listener);
	client = connect_udp4(&listener, "127.0.0.1");
	send(client, "abcdef", 6, 0);
	assert_int_equal(receive(&listener, &conn, &memory), 0);
	assert_int_equal(conn.packet.size, 6);
	assert_true(datagram->pending(&conn));
	assert_int_equal(datagram->recv(&conn, buf, 4), 4);
	assert_memory_equal(buf, "abcd", 4);
	assert_int_equal(datagram->recv(&conn, buf, 4), 2);
	assert_memory_equal(buf, "ef", 2);
	assert_int_equal(datagram->recv(&conn, buf, 4), 0);
	close(client);
	open_close(&listener, true);
}

static void empty_packet_is_accepted_and_answered_with_an_empty_one(void **state)
{
	struct packet_memory memory;
	struct listener listener;
	struct brood_conn conn;
	char byte;
	int client;

	(void)state;
	listen_on("udp://127.0.0.1:0", &listener);
	client = connect_udp4(&listener, "127.0.0.1");
	send(client, "", 0, 0);
	assert_int_equal(receive(&listener, &conn, &memory), 0);
	assert_int_equal(conn.packet.size, 0);
	assert_int_equal(datagram->recv(&conn, &byte, 1), 0);
	answer(&conn, "");
	expect_answer(client, "");
	close(client);
	open_close(&listener, true);
}

static void nothing_written_sends_nothing_and_several_writes_send_one(void **state)
{
	struct packet_memory memory;
	struct listener listener;
	struct brood_conn conn;
	char byte;
	int client;

	(void)state;
	listen_on("udp://127.0.0.1:0", &listener);
	client = connect_udp4(&listener, "127.0.0.1");
	send(client, "1", 1, 0);
	assert_int_equal(receive(&listener, &conn, &memory), 0);
	assert_int_equal(datagram->finish(&conn), 0);
	send(client, "2", 1, 0);
	assert_int_equal(receive(&listener, &conn, &memory), 0);
	assert_int_equal(datagram->send(&conn, "one ", 4), 4);
	answer(&conn, "answer");
	assert_int_equal(datagram->finish(&conn), 0);
	expect_answer(client, "one answer");
	assert_int_equal(recv(client, &byte, 1, MSG_DONTWAIT), -1);
	close(client);
	open_close(&listener, true);
}

static void an_aborted_answer_is_not_sent(void **state)
{
	struct packet_memory memory;
	struct listener listener;
	struct brood_conn conn;
	char byte;
	int client;

	(void)state;
	listen_on("udp://127.0.0.1:0", &listener);
	client = connect_udp4(&listener, "127.0.0.1");
	send(client, "1", 1, 0);
	assert_int_equal(receive(&listener, &conn, &memory), 0);
	assert_int_equal(datagram->send(&conn, "x", 1), 1);
	datagram->abort(&conn);
	assert_int_equal(datagram->finish(&conn), 0);
	datagram->close(&conn);
	assert_int_equal(conn.fd, -1);
	assert_true(fcntl(listener.fd, F_GETFD) >= 0);
	assert_int_equal(recv(client, &byte, 1, MSG_DONTWAIT), -1);
	close(client);
	open_close(&listener, true);
}

static void too_long_a_packet_is_refused_with_its_sender(void **state)
{
	struct packet_memory memory;
	struct listener listener;
	struct brood_conn conn;
	char big[LIMIT + 500] = { 0 };
	int client;

	(void)state;
	listen_on("udp://127.0.0.1:0", &listener);
	client = connect_udp4(&listener, "127.0.0.1");
	send(client, big, LIMIT + 1, 0);
	assert_int_equal(receive(&listener, &conn, &memory), -EMSGSIZE);
	assert_int_equal(conn.peer.any.sa_family, AF_INET);
	assert_int_equal(conn.peer_size, sizeof(struct sockaddr_in));
	send(client, big, sizeof big, 0);
	assert_int_equal(receive(&listener, &conn, &memory), -EMSGSIZE);
	send(client, big, LIMIT, 0);
	assert_int_equal(receive(&listener, &conn, &memory), 0);
	assert_int_equal(conn.packet.size, LIMIT);
	close(client);
	open_close(&listener, true);
}

static void an_answer_beyond_the_limit_is_refused_at_that_write(void **state)
{
	struct packet_memory memory;
	struct brood_conn conn;
	char big[LIMIT + 1] = { 0 };

	(void)state;
	conn_clear(&conn, &memory);
	assert_int_equal(datagram->send(&conn, big, LIMIT + 1), -EMSGSIZE);
	assert_false(conn.packet.wrote);
	assert_int_equal(datagram->send(&conn, big, LIMIT), LIMIT);
	assert_int_equal(datagram->send(&conn, big, 1), -EMSGSIZE);
	assert_int_equal(datagram->send(&conn, big, 0), 0);
	assert_int_equal(conn.packet.reply_size, LIMIT);
}

/* Without source address the answer would come from 127.0.0.1, and a connected client not see it. */
static void expect_answer_from_address_spoken_to(const char *url)
{
	struct packet_memory memory;
	struct listener listener;
	struct brood_conn conn;
	char text[64], expected[64];
	int client;

	listen_on(url, &listener);
	client = connect_udp4(&listener, "127.0.0.77");
	send(client, "q", 1, 0);
	assert_int_equal(receive(&listener, &conn, &memory), 0);
	assert_int_equal(conn.peer.any.sa_family, AF_INET);
	assert_int_equal(datagram->local(&conn), 0);
	address_text(&conn.local.any, conn.local_size, text, sizeof text);
	snprintf(expected, sizeof expected, "127.0.0.77:%u", ntohs(port_of(&listener)));
	assert_string_equal(text, expected);
	answer(&conn, "a");
	expect_answer(client, "a");
	close(client);
	open_close(&listener, true);
}

static void udp4_answers_from_the_address_spoken_to(void **state)
{
	(void)state;
	expect_answer_from_address_spoken_to("udp://0.0.0.0:0");
}

static void udp_for_both_families_answers_ipv4_from_the_address_spoken_to(void **state)
{
	(void)state;
	expect_answer_from_address_spoken_to("udp://:0");
}

static void udp6_answers(void **state)
{
	struct packet_memory memory;
	struct listener listener;
	struct brood_conn conn;
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int client = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	listen_on("udp://:0", &listener);
	in6.sin6_port = port_of(&listener);
	assert_int_equal(connect(client, (const void *)&in6, sizeof in6), 0);
	send(client, "q", 1, 0);
	assert_int_equal(receive(&listener, &conn, &memory), 0);
	assert_int_equal(conn.peer.any.sa_family, AF_INET6);
	assert_int_equal(datagram->local(&conn), 0);
	assert_memory_equal(&((struct sockaddr_in6 *)(void *)&conn.local)->sin6_addr, &in6.sin6_addr, 16);
	answer(&conn, "a");
	expect_answer(client, "a");
	close(client);
	open_close(&listener, true);
}

static void lost_packets_are_counted(void **state)
{
	static const char big[LIMIT];
	struct packet_memory memory;
	struct listener listener;
	struct brood_conn conn;
	int client;

	(void)state;
	listen_on("udp://127.0.0.1:0", &listener);
	setsockopt(listener.fd, SOL_SOCKET, SO_RCVBUF, &(int){ 1 }, sizeof(int));
	client = connect_udp4(&listener, "127.0.0.1");
	for (int i = 0; i < 100; i++)
		send(client, big, sizeof big, 0);
	while (receive(&listener, &conn, &memory) == 0 && recv(listener.fd, NULL, 0, MSG_PEEK | MSG_DONTWAIT) >= 0)
		continue;
	send(client, "x", 1, 0);
	assert_int_equal(receive(&listener, &conn, &memory), 0);
	assert_true(conn.packet.dropped > 0);
	close(client);
	open_close(&listener, true);
}

static void unix_sender_with_name_is_answered(void **state)
{
	struct packet_memory memory;
	struct listener listener;
	struct brood_conn conn;
	char text[64];
	int client;

	(void)state;
	listen_on(abstract("unixgram:@"), &listener);
	client = connect_unix(&listener, true);
	send(client, "q", 1, 0);
	assert_int_equal(receive(&listener, &conn, &memory), 0);
	assert_int_equal(datagram->local(&conn), 0);
	address_text(&conn.local.any, conn.local_size, text, sizeof text);
	assert_string_equal(text, abstract("unix:@"));
	answer(&conn, "a");
	expect_answer(client, "a");
	close(client);
	open_close(&listener, true);
}

static void unix_sender_without_name_has_no_address(void **state)
{
	struct packet_memory memory;
	struct listener listener;
	struct brood_conn conn;
	int client;

	(void)state;
	listen_on(abstract("unixgram:@"), &listener);
	client = connect_unix(&listener, false);
	send(client, "q", 1, 0);
	assert_int_equal(receive(&listener, &conn, &memory), 0);
	assert_int_equal(conn.peer_size, 0);
	assert_int_equal(conn.peer.any.sa_family, AF_UNIX);
	assert_int_equal(datagram->send(&conn, "a", 1), 1);
	assert_int_equal(datagram->finish(&conn), -EDESTADDRREQ);
	close(client);
	open_close(&listener, true);
}

static void a_client_whose_queue_is_full_is_again(void **state)
{
	struct packet_memory memory;
	struct listener listener;
	struct brood_conn conn;
	int client, r = 0;

	(void)state;
	listen_on(abstract("unixgram:@"), &listener);
	client = connect_unix(&listener, true);
	for (int i = 0; i < 10000 && r == 0; i++) {
		send(client, "q", 1, 0);
		assert_int_equal(receive(&listener, &conn, &memory), 0);
		assert_int_equal(datagram->send(&conn, "a", 1), 1);
		r = datagram->finish(&conn);
	}
	assert_int_equal(r, -EAGAIN);
	close(client);
	assert_int_equal(datagram->finish(&conn), -ECONNREFUSED);
	open_close(&listener, true);
}

static int count_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void descriptors_sent_along_do_not_stay_open(void **state)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {
		.align = { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int)) }
	};
	struct iovec data = { .iov_base = "q", .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
	};
	struct packet_memory memory;
	struct listener listener;
	struct brood_conn conn;
	int client, before;

	(void)state;
	listen_on(abstract("unixgram:@"), &listener);
	client = connect_unix(&listener, true);
	memcpy(CMSG_DATA(&control.align), &(int){ 0 }, sizeof(int));
	assert_int_equal(sendmsg(client, &message, 0), 1);
	before = count_descriptors();
	assert_int_equal(receive(&listener, &conn, &memory), 0);
	assert_int_equal(count_descriptors(), before);
	close(client);
	open_close(&listener, true);
}

/* A socket handed over by fd:// may be connected: then ICMP errors come back to it. */
static void an_earlier_answer_that_was_refused_is_no_error_of_accept(void **state)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct packet_memory memory;
	struct listener listener;
	struct brood_conn conn;
	socklen_t size = sizeof in;
	char url[32];
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), gone = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_int_equal(bind(gone, (const void *)&in, sizeof in), 0);
	assert_int_equal(getsockname(gone, (void *)&in, &size), 0);
	close(gone);
	assert_int_equal(connect(fd, (const void *)&in, sizeof in), 0);
	snprintf(url, sizeof url, "fd://%d", fd);
	listen_on(url, &listener);
	assert_int_equal(send(fd, "x", 1, 0), 1);
	wait_for(fd);
	conn_clear(&conn, &memory);
	assert_int_equal(datagram->accept(&listener, &conn), -EAGAIN);
	open_close(&listener, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_there_is_again),
		cmocka_unit_test(a_packet_reads_like_a_stream_that_ends),
		cmocka_unit_test(empty_packet_is_accepted_and_answered_with_an_empty_one),
		cmocka_unit_test(nothing_written_sends_nothing_and_several_writes_send_one),
		cmocka_unit_test(an_aborted_answer_is_not_sent),
		cmocka_unit_test(too_long_a_packet_is_refused_with_its_sender),
		cmocka_unit_test(an_answer_beyond_the_limit_is_refused_at_that_write),
		cmocka_unit_test(udp4_answers_from_the_address_spoken_to),
		cmocka_unit_test(udp_for_both_families_answers_ipv4_from_the_address_spoken_to),
		cmocka_unit_test(udp6_answers),
		cmocka_unit_test(lost_packets_are_counted),
		cmocka_unit_test(unix_sender_with_name_is_answered),
		cmocka_unit_test(unix_sender_without_name_has_no_address),
		cmocka_unit_test(a_client_whose_queue_is_full_is_again),
		cmocka_unit_test(descriptors_sent_along_do_not_stay_open),
		cmocka_unit_test(an_earlier_answer_that_was_refused_is_no_error_of_accept),
	};

	return cmocka_run_group_tests_name("datagram", tests, NULL, NULL);
}
