/* SPDX-License-Identifier: MIT */
/* What the supervisor tells whoever started it, and that telling never stops it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "observe/log.h"
#include "supervise/notify.h"
#include "supervise/supervisor.h"

#define TEXT_SIZE 1024

struct fixture {
	struct supervise_config config;
	struct supervisor supervisor;
	struct log log;
	unsigned int lines;
	int fd; /* where notes arrive, or -1 */
	char name[64];
};

static void count_line(void *arg, enum brood_level level, const char *line, size_t size)
{
	struct fixture *fixture = arg;

	(void)level;
	(void)line;
	(void)size;
	fixture->lines++;
}

static int set_up(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){ .fd = -1 };
	log_init(&fixture.log);
	fixture.log.max = BROOD_DEBUG;
	fixture.log.fn = count_line;
	fixture.log.fn_arg = &fixture;
	fixture.config.log = &fixture.log;
	fixture.supervisor.config = &fixture.config;
	fixture.supervisor.pid = getpid();
	snprintf(fixture.name, sizeof fixture.name, "@brood-notify-%d", (int)getpid());
	assert_int_equal(loop_init(&fixture.supervisor.loop), 0);
	notify_forget();
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	notify_close(&fixture->supervisor);
	loop_fini(&fixture->supervisor.loop);
	notify_forget();
	if (fixture->fd >= 0)
		close(fixture->fd);
	if (fixture->name[0] == '/')
		unlink(fixture->name);
	return 0;
}

static void listen_for_notes(struct fixture *fixture)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t size = strlen(fixture->name);

	memcpy(address.sun_path, fixture->name, size);
	if (fixture->name[0] == '@')
		address.sun_path[0] = '\0';
	fixture->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fixture->fd, (const struct sockaddr *)&address,
				 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size)),
		0);
	setenv("NOTIFY_SOCKET", fixture->name, 1);
}

static void expect_note(struct fixture *fixture, const char *expected)
{
	char text[TEXT_SIZE];
	ssize_t n = recv(fixture->fd, text, sizeof text - 1, MSG_DONTWAIT);

	assert_true(n >= 0);
	text[n] = '\0';
	assert_string_equal(text, expected);
}

static void expect_silence(struct fixture *fixture)
{
	char text[TEXT_SIZE];

	assert_true(recv(fixture->fd, text, sizeof text, MSG_DONTWAIT) < 0 && errno == EAGAIN);
}

static void say_all(struct fixture *fixture)
{
	char text[TEXT_SIZE], expected[TEXT_SIZE];
	long long now_us = clock_now_ns() / NS_PER_US, told_us;
	ssize_t n;

	notify_open(&fixture->supervisor);
	notify_ready(&fixture->supervisor);
	snprintf(expected, sizeof expected, "READY=1\nMAINPID=%d", (int)getpid());
	expect_note(fixture, expected);
	notify_status(&fixture->supervisor, "%d of %d\nREADY=1\r", 1, 2);
	expect_note(fixture, "STATUS=1 of 2 READY=1 ");
	notify_reloading(&fixture->supervisor);
	n = recv(fixture->fd, text, sizeof text - 1, MSG_DONTWAIT);
	assert_true(n > 0);
	text[n] = '\0';
	assert_int_equal(sscanf(text, "RELOADING=1\nMONOTONIC_USEC=%lld", &told_us), 1);
	assert_true(told_us >= now_us && told_us < now_us + 10000000);
	notify_stopping(&fixture->supervisor);
	expect_note(fixture, "STOPPING=1");
	expect_silence(fixture);
}

static void notes_reach_an_abstract_name(void **state)
{
	struct fixture *fixture = *state;

	listen_for_notes(fixture);
	say_all(fixture);
}

static void notes_reach_a_path(void **state)
{
	struct fixture *fixture = *state;

	snprintf(fixture->name, sizeof fixture->name, "/tmp/brood-notify-%d", (int)getpid());
	listen_for_notes(fixture);
	say_all(fixture);
}

static void a_long_status_is_cut(void **state)
{
	struct fixture *fixture = *state;
	char text[2 * TEXT_SIZE];

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	listen_for_notes(fixture);
	notify_open(&fixture->supervisor);
	notify_status(&fixture->supervisor, "%s", text);
	assert_true(recv(fixture->fd, text, sizeof text, MSG_DONTWAIT) > 100);
	assert_memory_equal(text, "STATUS=xxx", 10);
}

static void without_the_variable_nobody_is_told(void **state)
{
	struct fixture *fixture = *state;

	notify_open(&fixture->supervisor);
	notify_ready(&fixture->supervisor);
	assert_int_equal(fixture->supervisor.notify.fd, -1);
	assert_int_equal(fixture->lines, 0);
}

static void what_is_no_address_is_one_line_of_the_log(void **state)
{
	char too_long[sizeof(struct sockaddr_un)] = "/";
	const char *const wrong[] = { "relative", "/", "@", "vsock:2:3", too_long };
	struct fixture *fixture = *state;

	memset(too_long + 1, 'x', sizeof too_long - 2);
	for (unsigned int i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		setenv("NOTIFY_SOCKET", wrong[i], 1);
		notify_open(&fixture->supervisor);
		notify_ready(&fixture->supervisor);
		assert_int_equal(fixture->lines, i + 1);
	}
}

/* Nobody reads: the queue is full at once, and each call returns all the same. */
static void who_does_not_listen_stops_nobody_and_costs_one_line(void **state)
{
	struct fixture *fixture = *state;
	char text[TEXT_SIZE];

	listen_for_notes(fixture);
	notify_open(&fixture->supervisor);
	for (int i = 0; i < 5000; i++)
		notify_status(&fixture->supervisor, "%d", i);
	assert_int_equal(fixture->lines, 1);
	while (recv(fixture->fd, text, sizeof text, MSG_DONTWAIT) > 0)
		continue;
	notify_stopping(&fixture->supervisor);
	expect_note(fixture, "STOPPING=1");
	close(fixture->fd);
	fixture->fd = -1;
	notify_stopping(&fixture->supervisor);
	notify_stopping(&fixture->supervisor);
	assert_int_equal(fixture->lines, 2);
}

static void turn_for(struct fixture *fixture, int ms)
{
	int64_t end_ns = clock_now_ns() + ms * NS_PER_MS;

	while (clock_now_ns() < end_ns)
		assert_int_equal(loop_turn(&fixture->supervisor.loop, 10), 0);
}

static void the_watchdog_hears_us_twice_in_each_period(void **state)
{
	struct fixture *fixture = *state;
	char pid[16];
	int64_t began_ns;

	snprintf(pid, sizeof pid, "%d", (int)getpid());
	listen_for_notes(fixture);
	setenv("WATCHDOG_USEC", "100000", 1);
	setenv("WATCHDOG_PID", pid, 1);
	began_ns = clock_now_ns();
	notify_open(&fixture->supervisor);
	expect_silence(fixture);
	while (clock_now_ns() - began_ns < 50 * NS_PER_MS)
		assert_int_equal(loop_turn(&fixture->supervisor.loop, 5), 0);
	turn_for(fixture, 60);
	expect_note(fixture, "WATCHDOG=1");
	expect_note(fixture, "WATCHDOG=1");
}

static void a_watchdog_of_another_process_is_not_ours(void **state)
{
	static const char *const periods[] = { "1000", "0", "-5", "abc", "9999999999999999999", "" };
	struct fixture *fixture = *state;

	listen_for_notes(fixture);
	setenv("WATCHDOG_PID", "1", 1);
	for (unsigned int i = 0; i < sizeof periods / sizeof *periods; i++) {
		setenv("WATCHDOG_USEC", periods[i], 1);
		notify_open(&fixture->supervisor);
		turn_for(fixture, 5);
		expect_silence(fixture);
		notify_close(&fixture->supervisor);
		unsetenv("WATCHDOG_PID"); /* the others are no periods, whoever they are for */
	}
}

static void who_is_forked_is_not_to_speak_for_us(void **state)
{
	struct fixture *fixture = *state;

	listen_for_notes(fixture);
	setenv("WATCHDOG_USEC", "1000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	notify_forget();
	assert_null(getenv("NOTIFY_SOCKET"));
	assert_null(getenv("WATCHDOG_USEC"));
	assert_null(getenv("WATCHDOG_PID"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(notes_reach_an_abstract_name),
		TEST(notes_reach_a_path),
		TEST(a_long_status_is_cut),
		TEST(without_the_variable_nobody_is_told),
		TEST(what_is_no_address_is_one_line_of_the_log),
		TEST(who_does_not_listen_stops_nobody_and_costs_one_line),
		TEST(the_watchdog_hears_us_twice_in_each_period),
		TEST(a_watchdog_of_another_process_is_not_ours),
		TEST(who_is_forked_is_not_to_speak_for_us),
	};

	return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
