/* SPDX-License-Identifier: MIT */
/* Opening listeners: ports, families, settings, sockets handed over. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "transport/open.h"
#include "transport/open_fd.h"

#define MAX 4

struct opened {
	struct listener listeners[MAX];
	size_t count;
	struct sentence why;
};

static char directory[] = "/tmp/brood-open-XXXXXX";

/* Something in the test's directory, behind a scheme or "". */
static const char *in_directory(const char *scheme, const char *name)
{
	static char text[16][160];
	static unsigned int turn;
	char *place = text[turn++ % 16];

	snprintf(place, sizeof text[0], "%s%s/%s", scheme, directory, name);
	return place;
}

/* An abstract name of this test run's own, behind a scheme. */
static const char *abstract(const char *scheme, const char *rest)
{
	static char text[4][64];
	static unsigned int turn;
	char *place = text[turn++ % 4];

	snprintf(place, sizeof text[0], "%sbrood-test-%d%s", scheme, (int)getpid(), rest);
	return place;
}

static int open_url(const char *url, struct opened *opened)
{
	memset(opened, 0, sizeof *opened);
	return open_listeners(url, NULL, opened->listeners, MAX, &opened->count, &opened->why);
}

static void open_well(const char *url, struct opened *opened)
{
	if (open_url(url, opened) < 0)
		fail_msg("%s", opened->why.text);
	assert_true(opened->count >= 1);
}

static void close_all(struct opened *opened)
{
	for (size_t i = 0; i < opened->count; i++)
		open_close(&opened->listeners[i], true);
}

static int count_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void expect_refused(const char *url, int error, const char *part)
{
	struct opened opened;
	int before = count_descriptors();

	assert_int_equal(open_url(url, &opened), error);
	assert_int_equal(opened.count, 0);
	assert_int_equal(count_descriptors(), before);
	if (!strstr(opened.why.text, part))
		fail_msg("'%s' does not say '%s'", opened.why.text, part);
}

static bool exists(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0;
}

/* ---- TCP and UDP */

static unsigned int port_in(const char *url)
{
	return (unsigned int)strtoul(strrchr(url, ':') + 1, NULL, 10);
}

static void port_0_is_the_kernels_and_told_in_the_url(void **state)
{
	struct opened opened;

	(void)state;
	open_well("tcp://127.0.0.1:0", &opened);
	assert_int_equal(opened.count, 1);
	assert_memory_equal(opened.listeners[0].url, "tcp://127.0.0.1:", 16);
	assert_true(port_in(opened.listeners[0].url) > 0);
	assert_ptr_equal(opened.listeners[0].transport, &transport_stream);
	assert_int_equal(fcntl(opened.listeners[0].fd, F_GETFD), FD_CLOEXEC);
	close_all(&opened);
	open_well("udp://[::1]:0", &opened);
	assert_memory_equal(opened.listeners[0].url, "udp://[::1]:", 12);
	assert_ptr_equal(opened.listeners[0].transport, &transport_datagram);
	close_all(&opened);
}

static void a_taken_port_is_refused_with_a_sentence(void **state)
{
	struct opened first;
	char expected[300];

	(void)state;
	open_well("tcp://127.0.0.1:0", &first);
	snprintf(expected, sizeof expected, "cannot listen on %s: Address already in use (", first.listeners[0].url);
	expect_refused(first.listeners[0].url, -EADDRINUSE, expected);
	close_all(&first);
	open_well("udp://127.0.0.1:0", &first);
	expect_refused(first.listeners[0].url, -EADDRINUSE, "in use");
	close_all(&first);
}

static void a_foreign_address_is_refused_with_a_sentence(void **state)
{
	(void)state;
	expect_refused("tcp://192.0.2.1:0", -EADDRNOTAVAIL, "does not have that address");
}

static int can_connect(int family, unsigned int port)
{
	struct sockaddr_in in = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)
	};
	struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port), .sin6_addr = IN6ADDR_LOOPBACK_INIT
	};
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r = family == AF_INET ? connect(fd, (const void *)&in, sizeof in)
				  : connect(fd, (const void *)&in6, sizeof in6);

	close(fd);
	return r == 0;
}

static void expect_families(const char *url, bool ipv4, bool ipv6)
{
	struct opened opened;
	unsigned int port;

	open_well(url, &opened);
	assert_int_equal(opened.count, 1);
	port = port_in(opened.listeners[0].url);
	assert_int_equal(can_connect(AF_INET, port), ipv4);
	assert_int_equal(can_connect(AF_INET6, port), ipv6);
	close_all(&opened);
}

static void no_host_means_both_families_and_a_literal_its_own(void **state)
{
	(void)state;
	expect_families("tcp://:0", true, true);
	expect_families("tcp://[::]:0", true, true);
	expect_families("tcp://0.0.0.0:0", true, false);
	expect_families("tcp://[::1]:0", false, true);
}

static void a_name_opens_its_addresses_on_one_port(void **state)
{
	struct opened opened;

	(void)state;
	open_well("tcp://localhost:0", &opened);
	for (size_t i = 1; i < opened.count; i++)
		assert_int_equal(port_in(opened.listeners[i].url), port_in(opened.listeners[0].url));
	close_all(&opened);
}

static void settings_that_would_be_ignored_are_refused(void **state)
{
	(void)state;
	expect_refused("tcp://127.0.0.1:0?mode=0660", -EINVAL, "'mode'");
	expect_refused(abstract("unix:@", "?mode=0660"), -EINVAL, "'mode'");
	expect_refused(in_directory("unix:", "s?made=0660"), -EINVAL, "did you mean 'mode'");
	expect_refused("tcp://127.0.0.1:0?reuseport=17", -EINVAL, "1 to 16");
	expect_refused(in_directory("unix:", "s?mode=rw"), -EINVAL, "octal");
	expect_refused(in_directory("unix:", "s?mode=01777"), -EINVAL, "octal");
	expect_refused(in_directory("unix:", "s?owner=nobody-of-that-name"), -ENOENT, "no such user");
	expect_refused(in_directory("unix:", "s?group=nobody-of-that-name"), -ENOENT, "no such group");
	assert_false(exists(in_directory("", "s")));
	assert_false(exists(in_directory("", "s.lock")));
}

/* ---- Sockets handed over */

static const char *fd_url(int fd)
{
	static char url[32];

	snprintf(url, sizeof url, "fd://%d", fd);
	return url;
}

static void a_listening_descriptor_tells_what_it_is(void **state)
{
	struct opened first, second;
	int fd;

	(void)state;
	open_well("tcp://127.0.0.1:0", &first);
	fd = dup(first.listeners[0].fd);
	open_well(fd_url(fd), &second);
	assert_string_equal(second.listeners[0].url, first.listeners[0].url);
	assert_int_equal(second.listeners[0].family, LISTENER_TCP);
	assert_true(second.listeners[0].shared);
	assert_false(second.listeners[0].connected);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close_all(&second);
	close_all(&first);
}

static void a_descriptor_that_cannot_serve_is_refused_and_stays_open(void **state)
{
	int ends[2], fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	expect_refused(fd_url(ends[0]), -ENOTSOCK, "is not a socket");
	expect_refused(fd_url(fd), -EINVAL, "neither listens nor is connected");
	close(fd);
	close(ends[0]);
	close(ends[1]);
	expect_refused(fd_url(ends[0]), -EBADF, "is not open");
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	expect_refused(fd_url(ends[0]), -EOPNOTSUPP, "kind");
	close(ends[0]);
	close(ends[1]);
}

static void named_descriptors_are_for_the_process_they_name(void **state)
{
	struct opened first, second;
	char pid[16];
	int saved[] = { dup(4), dup(5) }, ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	open_well(abstract("unix:@", ""), &first);
	dup2(first.listeners[0].fd, 4);
	snprintf(pid, sizeof pid, "%d", (int)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "2", 1);
	setenv("LISTEN_FDNAMES", "other:web", 1);
	open_well("fd://web", &second);
	assert_int_not_equal(second.listeners[0].fd, 4);
	assert_int_equal(fcntl(second.listeners[0].fd, F_GETFD), FD_CLOEXEC);
	assert_string_equal(second.listeners[0].url, abstract("unix:@", ""));
	close_all(&second);
	/* Closed and asked for again, as by a second reload. */
	open_well("fd://web", &second);
	close_all(&second);
	setenv("LISTEN_FDS", "3", 1);
	setenv("LISTEN_FDNAMES", "other:web:web", 1);
	dup2(ends[0], 5);
	expect_refused("fd://web", -ENOTSOCK, "descriptor 5 is not a socket");
	expect_refused("fd://we", -ENOENT, "there are: other web web");
	setenv("LISTEN_PID", "1", 1);
	expect_refused("fd://web", -ENOENT, "for process 1");
	open_fd_forget();
	assert_null(getenv("LISTEN_PID"));
	assert_null(getenv("LISTEN_FDS"));
	assert_null(getenv("LISTEN_FDNAMES"));
	expect_refused("fd://web", -ENOENT, "no named descriptors");
	for (int i = 0; i < 2; i++) {
		if (saved[i] >= 0)
			dup2(saved[i], 4 + i);
		close(saved[i]);
		close(ends[i]);
	}
	close_all(&first);
}

/* Each call in a process of its own, whose descriptors from 3 on are all its own. */
static void hold(const char *pid, const char *count, int ret_flags[static 3])
{
	int ends[2], result[3];
	pid_t child;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	child = fork();
	if (child == 0) {
		struct open_fd_held held;
		char own[16];
		int answer = fcntl(ends[1], F_DUPFD_CLOEXEC, 50);

		snprintf(own, sizeof own, "%d", (int)getpid());
		setenv("LISTEN_PID", pid ? pid : own, 1);
		setenv("LISTEN_FDS", count, 1);
		for (int fd = 3; fd < 6; fd++)
			dup2(STDIN_FILENO, fd);
		open_fd_hold(&held);
		for (int i = 0; i < 3; i++)
			result[i] = fcntl(3 + i, F_GETFD);
		_exit(write(answer, result, sizeof result) == sizeof result ? 0 : 1);
	}
	assert_int_equal(read(ends[0], ret_flags, sizeof result), sizeof result);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void all_that_were_handed_over_are_close_on_exec(void **state)
{
	int flags[3];

	(void)state;
	hold(NULL, "2", flags);
	assert_true(flags[0] == FD_CLOEXEC && flags[1] == FD_CLOEXEC && flags[2] == 0);
	hold("1", "2", flags);
	assert_true(flags[0] == 0 && flags[1] == 0 && flags[2] == 0);
	hold(NULL, "2147483647", flags);
	assert_true(flags[0] == FD_CLOEXEC && flags[1] == FD_CLOEXEC && flags[2] == FD_CLOEXEC);
	hold(NULL, "-1", flags);
	assert_int_equal(flags[0], 0);
}

/* In a process of its own, as above. */
static int find_held(void)
{
	struct open_fd_held held;
	char own[16];
	int ends[2], sockets[2];

	snprintf(own, sizeof own, "%d", (int)getpid());
	setenv("LISTEN_PID", own, 1);
	setenv("LISTEN_FDS", "3", 1);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) < 0 || pipe(ends) < 0)
		return 1;
	dup2(fcntl(sockets[0], F_DUPFD, 50), 3);
	dup2(fcntl(sockets[1], F_DUPFD, 50), 4);
	dup2(fcntl(ends[0], F_DUPFD, 50), 5);
	open_fd_hold(&held);
	if (open_fd_next(&held, -1) != 3 || open_fd_next(&held, 3) != 4 || open_fd_next(&held, 5) != -1)
		return 2;
	dup2(ends[1], 4); /* which is somebody else's from now on */
	dup2(ends[0], 5); /* the same again */
	if (open_fd_next(&held, 3) != 5)
		return 3;
	close(3);
	open_fd_let_go(&held);
	if (open_fd_next(&held, -1) != -1 || open_fd_hold_again(&held, 5) != 0 || open_fd_next(&held, -1) != 5)
		return 4;
	return open_fd_hold_again(&held, 6) == -EINVAL && open_fd_hold_again(&held, -1) == -EINVAL ? 0 : 5;
}

static void what_was_handed_over_is_known_by_more_than_its_number(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	if (child == 0)
		_exit(find_held());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	(void)state;
	return rmdir(directory); /* fails if a test left anything behind */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(port_0_is_the_kernels_and_told_in_the_url),
		cmocka_unit_test(a_taken_port_is_refused_with_a_sentence),
		cmocka_unit_test(a_foreign_address_is_refused_with_a_sentence),
		cmocka_unit_test(no_host_means_both_families_and_a_literal_its_own),
		cmocka_unit_test(a_name_opens_its_addresses_on_one_port),
		cmocka_unit_test(settings_that_would_be_ignored_are_refused),
		cmocka_unit_test(a_listening_descriptor_tells_what_it_is),
		cmocka_unit_test(a_descriptor_that_cannot_serve_is_refused_and_stays_open),
		cmocka_unit_test(named_descriptors_are_for_the_process_they_name),
		cmocka_unit_test(all_that_were_handed_over_are_close_on_exec),
		cmocka_unit_test(what_was_handed_over_is_known_by_more_than_its_number),
	};

	return cmocka_run_group_tests_name("open", tests, make_directory, remove_directory);
}
