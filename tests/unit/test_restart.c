/* SPDX-License-Identifier: MIT */
/* When a dead service is started again: the arithmetic, with a clock of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "supervise/restart.h"

#define MS(ms) ((int64_t)(ms)*NS_PER_MS)

/* Started at *now_ns, dies lived_ms later; *now_ns is then the time of its next start. The delay, or -1: gave up. */
static int64_t delay_ms(struct restart *restart, int64_t *now_ns, int64_t lived_ms)
{
	int64_t at_ns;

	restart_started(restart, *now_ns);
	*now_ns += MS(lived_ms);
	if (!restart_died(restart, false, *now_ns, &at_ns))
		return -1;
	lived_ms = (at_ns - *now_ns) / NS_PER_MS;
	*now_ns = at_ns;
	return lived_ms;
}

static void before_ready_the_fifth_death_gives_up(void **state)
{
	static const int64_t expected_ms[] = { 200, 400, 800, 1600, -1 };
	struct restart restart = { 0 };
	int64_t now_ns = MS(5);

	(void)state;
	for (size_t i = 0; i < sizeof expected_ms / sizeof *expected_ms; i++)
		assert_int_equal(delay_ms(&restart, &now_ns, 1), expected_ms[i]);
}

static void a_long_life_before_ready_forgives_nothing(void **state)
{
	struct restart restart = { 0 };
	int64_t now_ns = MS(5);

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_true(delay_ms(&restart, &now_ns, 100000) > 0);
	assert_int_equal(delay_ms(&restart, &now_ns, 100000), -1);
}

static void after_ready_it_never_gives_up_and_doubles_to_30_s(void **state)
{
	static const int64_t expected_ms[] = { 1000, 2000, 4000, 8000, 16000, 30000, 30000 };
	struct restart restart = { 0 };
	int64_t now_ns = MS(5);

	(void)state;
	restart_ready(&restart);
	for (size_t i = 0; i < sizeof expected_ms / sizeof *expected_ms; i++)
		assert_int_equal(delay_ms(&restart, &now_ns, 10), expected_ms[i]);
	for (int i = 0; i < 10000; i++)
		assert_int_equal(delay_ms(&restart, &now_ns, 10), 30000);
}

static void sixty_seconds_alive_start_the_back_off_anew(void **state)
{
	struct restart restart = { 0 };
	int64_t now_ns = MS(5);

	(void)state;
	restart_ready(&restart);
	for (int i = 0; i < 4; i++)
		delay_ms(&restart, &now_ns, 59999);
	assert_int_equal(delay_ms(&restart, &now_ns, 59999), 16000);
	assert_int_equal(delay_ms(&restart, &now_ns, 60000), 1000);
	assert_int_equal(delay_ms(&restart, &now_ns, 10), 2000);
}

static void deaths_before_the_first_ready_are_forgotten_by_it(void **state)
{
	struct restart restart = { 0 };
	int64_t now_ns = MS(5);

	(void)state;
	for (int i = 0; i < 4; i++)
		delay_ms(&restart, &now_ns, 1);
	restart_ready(&restart);
	assert_int_equal(delay_ms(&restart, &now_ns, 1), 1000);
}

static void ready_again_does_not_reset_the_back_off(void **state)
{
	struct restart restart = { 0 };
	int64_t now_ns = MS(5);

	(void)state;
	restart_ready(&restart);
	assert_int_equal(delay_ms(&restart, &now_ns, 10), 1000);
	restart_ready(&restart);
	assert_int_equal(delay_ms(&restart, &now_ns, 10), 2000);
}

static void a_replacement_comes_at_once_and_is_no_death(void **state)
{
	struct restart restart = { 0 };
	int64_t at_ns;

	(void)state;
	restart_ready(&restart);
	restart_started(&restart, MS(1));
	assert_true(restart_died(&restart, true, MS(2000), &at_ns));
	assert_true(at_ns == MS(2000));
	assert_int_equal(restart.deaths, 0);
}

static void to_ask_for_replacement_at_birth_is_a_death(void **state)
{
	struct restart restart = { 0 };
	int64_t at_ns;

	(void)state;
	restart_ready(&restart);
	restart_started(&restart, MS(1));
	assert_true(restart_died(&restart, true, MS(1000), &at_ns));
	assert_true(at_ns == MS(2000));
	assert_int_equal(restart.deaths, 1);
}

static void no_more_than_ten_starts_in_any_second(void **state)
{
	int64_t next_ns = 0, started_ns[1000];
	size_t started = 0;

	(void)state;
	/* Somebody asks each millisecond for ten seconds. */
	for (int ms = 1; ms <= 10000; ms++)
		if (restart_may_start(&next_ns, MS(ms)))
			started_ns[started++] = MS(ms);
	assert_int_equal(started, 100);
	for (size_t i = 10; i < started; i++)
		assert_true(started_ns[i] - started_ns[i - 10] >= NS_PER_SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(before_ready_the_fifth_death_gives_up),
		cmocka_unit_test(a_long_life_before_ready_forgives_nothing),
		cmocka_unit_test(after_ready_it_never_gives_up_and_doubles_to_30_s),
		cmocka_unit_test(sixty_seconds_alive_start_the_back_off_anew),
		cmocka_unit_test(deaths_before_the_first_ready_are_forgotten_by_it),
		cmocka_unit_test(ready_again_does_not_reset_the_back_off),
		cmocka_unit_test(a_replacement_comes_at_once_and_is_no_death),
		cmocka_unit_test(to_ask_for_replacement_at_birth_is_a_death),
		cmocka_unit_test(no_more_than_ten_starts_in_any_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
