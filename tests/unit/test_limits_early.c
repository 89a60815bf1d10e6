/* SPDX-License-Identifier: MIT */
/* Claims about random early drop and about waiting: whom they refuse, and whom never. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "limits/early.h"
#include "limits/queue_wait.h"
#include <cmocka.h>

#define NOW  (1000 * NS_PER_SEC)
#define MANY 10000

static const struct early early = { .from = 10, .percent = 30, .full = 100 };

/* Of all values that chance may take, evenly: percent dropped. */
static unsigned int dropped_percent(const struct early *when, unsigned int clients)
{
	unsigned int dropped = 0;

	for (uint64_t i = 0; i < MANY; i++)
		dropped += early_drops(when, clients, (uint32_t)(i * (UINT64_C(1) << 32) / MANY));
	return (dropped * 100 + MANY / 2) / MANY;
}

static void nobody_is_dropped_before_the_start(void **state)
{
	struct early off = { 0 };

	(void)state;
	assert_false(early_drops(&early, 0, 0));
	assert_false(early_drops(&early, 9, 0));
	assert_false(early_drops(&off, 1000000, 0));
}

static void everybody_is_dropped_when_full(void **state)
{
	(void)state;
	assert_true(early_drops(&early, 100, UINT32_MAX));
	assert_true(early_drops(&early, UINT32_MAX, UINT32_MAX));
}

static void between_them_the_share_is_a_straight_line(void **state)
{
	(void)state;
	assert_in_range(dropped_percent(&early, 10), 30, 30);
	assert_in_range(dropped_percent(&early, 55), 65, 65);
	assert_in_range(dropped_percent(&early, 99), 99, 99);
}

static void the_extremes_of_the_settings_hold(void **state)
{
	struct early all = { .from = 1, .percent = 100, .full = 2 };
	struct early wide = { .from = 1, .percent = 1, .full = UINT32_MAX };

	(void)state;
	assert_true(early_drops(&all, 1, UINT32_MAX));
	assert_in_range(dropped_percent(&wide, 1), 1, 1);
	assert_in_range(dropped_percent(&wide, UINT32_MAX / 2), 50, 51);
	assert_in_range(dropped_percent(&wide, UINT32_MAX - 1), 100, 100);
}

static void tcp_tells_the_wait(void **state)
{
	struct queue_wait wait = queue_wait_tcp(1500);

	(void)state;
	assert_int_equal(wait.us, 1500000);
	assert_false(wait.at_most);
	assert_true(queue_wait_exceeds(&wait, 1499));
	assert_false(queue_wait_exceeds(&wait, 1500));
}

static void without_a_timeout_nobody_waits_too_long(void **state)
{
	struct queue_wait wait = queue_wait_tcp(24 * 3600 * 1000);

	(void)state;
	assert_false(queue_wait_exceeds(&wait, 0));
	assert_false(queue_wait_exceeds(&wait, -1));
}

static void nonsense_is_unknown_and_refuses_nobody(void **state)
{
	struct queue_wait wild = queue_wait_tcp(UINT32_MAX), unknown = QUEUE_WAIT_UNKNOWN;

	(void)state;
	assert_int_equal(wild.us, -1);
	assert_false(queue_wait_exceeds(&wild, 1));
	assert_false(queue_wait_exceeds(&unknown, 1));
	assert_int_equal(queue_wait_since(0, NOW).us, -1);
	assert_int_equal(queue_wait_since(NOW + 1, NOW).us, -1);
}

static void since_the_queue_was_empty_is_an_upper_bound_and_marked(void **state)
{
	struct queue_wait wait = queue_wait_since(NOW - 5 * NS_PER_SEC, NOW);

	(void)state;
	assert_int_equal(wait.us, 5000000);
	assert_true(wait.at_most);
	assert_true(queue_wait_exceeds(&wait, 4999));
	assert_false(queue_wait_exceeds(&wait, 5000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_is_dropped_before_the_start),
		cmocka_unit_test(everybody_is_dropped_when_full),
		cmocka_unit_test(between_them_the_share_is_a_straight_line),
		cmocka_unit_test(the_extremes_of_the_settings_hold),
		cmocka_unit_test(tcp_tells_the_wait),
		cmocka_unit_test(without_a_timeout_nobody_waits_too_long),
		cmocka_unit_test(nonsense_is_unknown_and_refuses_nobody),
		cmocka_unit_test(since_the_queue_was_empty_is_an_upper_bound_and_marked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
