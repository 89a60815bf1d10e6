/* SPDX-License-Identifier: MIT */
/* Messages to a service process whose table of descriptors is full: the kernel delivers them without what came along. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include "supervise/channel.h"

struct pair {
	int supervisor, service;
};

static int set_up(void **state)
{
	static struct pair pair;

	assert_int_equal(channel_open(&pair.supervisor, &pair.service), 0);
	*state = &pair;
	return 0;
}

static int tear_down(void **state)
{
	struct pair *pair = *state;

	close(pair->supervisor);
	close(pair->service);
	return 0;
}

static int receive_without_room(const struct pair *pair, struct channel_message *ret_message, int *ret_log_fd)
{
	struct rlimit before, none;
	int r;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){ .rlim_cur = 0, .rlim_max = before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	r = channel_receive_order(pair->service, ret_message, ret_log_fd);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	return r;
}

static void a_log_that_finds_no_place_is_an_order_without_it(void **state)
{
	struct pair *pair = *state;
	struct channel_message received;
	int log_fd = -2;

	assert_int_equal(channel_send_log(pair->supervisor, STDIN_FILENO), 0);
	assert_int_equal(receive_without_room(pair, &received, &log_fd), 0);
	assert_int_equal(received.type, CHANNEL_REOPEN);
	assert_int_equal(received.value, 1);
	assert_int_equal(log_fd, -1);
}

static void with_a_place_again_the_next_log_arrives(void **state)
{
	struct pair *pair = *state;
	struct channel_message received;
	int log_fd = -2;

	for (int i = 0; i < 2; i++)
		assert_int_equal(channel_send_log(pair->supervisor, STDIN_FILENO), 0);
	assert_int_equal(receive_without_room(pair, &received, &log_fd), 0);
	assert_int_equal(channel_receive_order(pair->service, &received, &log_fd), 0);
	assert_true(log_fd >= 0);
	close(log_fd);
}

static void whatever_else_lost_something_on_its_way_is_broken(void **state)
{
	struct pair *pair = *state;
	struct channel_message received;
	int log_fd;

	for (size_t count = 1; count <= 2; count++) {
		assert_int_equal(channel_send_listeners(pair->supervisor, (int[]){ 0, 1 }, count), 0);
		assert_int_equal(receive_without_room(pair, &received, &log_fd), -EBADMSG);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_log_that_finds_no_place_is_an_order_without_it),
		TEST(with_a_place_again_the_next_log_arrives),
		TEST(whatever_else_lost_something_on_its_way_is_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
