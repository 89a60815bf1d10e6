/* SPDX-License-Identifier: MIT */
/* Claims about zones: pages one behind the other, memory of its own where there is no room, and what a child sees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "platform/leak_check.h"
#include "process/zone.h"

#define PAGES 8

static size_t page;

static int setup(void **state)
{
	static struct zone zone;

	page = (size_t)sysconf(_SC_PAGESIZE);
	*state = &zone;
	return zone_open(&zone, PAGES * page);
}

static int teardown(void **state)
{
	zone_close(*state);
	zone_close(*state);
	return 0;
}

static bool is_in(const struct zone *zone, const char *memory)
{
	return memory >= zone->start && memory < zone->start + zone->size;
}

static void each_piece_is_whole_zeroed_pages_of_the_zone(void **state)
{
	struct zone *zone = *state;
	char *one = zone_take(zone, 1), *two = zone_take(zone, page + 1), *three = zone_take(zone, page);

	assert_ptr_equal(one, zone->start);
	assert_ptr_equal(two, one + page);
	assert_ptr_equal(three, two + 2 * page);
	for (size_t i = 0; i < 4 * page; i++)
		assert_int_equal(one[i], 0);
}

static void where_there_is_no_room_memory_is_its_own_and_is_given_back(void **state)
{
	struct zone *zone = *state;
	char *most = zone_take(zone, (PAGES - 1) * page), *own = zone_take(zone, 2 * page),
	     *last = zone_take(zone, page);
	unsigned char resident;

	assert_true(is_in(zone, most) && !is_in(zone, own) && is_in(zone, last));
	own[2 * page - 1] = 1;
	zone_give(zone, own, 2 * page);
	assert_int_equal(mincore(own, page, &resident), -1);
	zone_give(zone, most, (PAGES - 1) * page);
	zone_give(zone, NULL, page);
	most[0] = 1; /* still there */
}

/* 0: it is mapped there. */
static int is_missing_in_child(void *memory)
{
	unsigned char resident;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(mincore(memory, page, &resident) == 0 ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

static void a_child_sees_it_until_it_is_left_out(void **state)
{
	struct zone *zone = *state;
	char *inside = zone_take(zone, page), *own = zone_take(zone, PAGES * page);

	assert_int_equal(is_missing_in_child(inside), 0);
	assert_int_equal(is_missing_in_child(own), 0);
	assert_int_equal(zone_leave_out_of_forks(zone), 0);
	assert_int_equal(zone_leave_out_too(zone, inside, page), 0);
	assert_int_equal(is_missing_in_child(inside), !LEAK_CHECKED);
	assert_int_equal(is_missing_in_child(own), 0);
	assert_int_equal(zone_leave_out_too(zone, own, PAGES * page), 0);
	assert_int_equal(is_missing_in_child(own), !LEAK_CHECKED);
	zone_give(zone, own, PAGES * page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_piece_is_whole_zeroed_pages_of_the_zone, setup, teardown),
		cmocka_unit_test_setup_teardown(
			where_there_is_no_room_memory_is_its_own_and_is_given_back, setup, teardown),
		cmocka_unit_test_setup_teardown(a_child_sees_it_until_it_is_left_out, setup, teardown),
	};

	return cmocka_run_group_tests_name("zone", tests, NULL, NULL);
}
