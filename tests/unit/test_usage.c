/* SPDX-License-Identifier: MIT */
/* What /proc tells about a process. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "process/usage.h"

#define TOUCHED (16 << 20)

static void a_name_full_of_parentheses_confuses_nobody(void **state)
{
	struct usage usage;

	(void)state;
	prctl(PR_SET_NAME, ") R 1 2) (");
	assert_int_equal(usage_of(getpid(), &usage), 0);
	assert_int_equal(usage.parent, getppid());
}

static void memory_is_what_was_touched(void **state)
{
	struct usage before, after;
	volatile char *memory;

	(void)state;
	assert_int_equal(usage_of(getpid(), &before), 0);
	memory = malloc(TOUCHED);
	assert_non_null(memory);
	for (size_t i = 0; i < TOUCHED; i += 512)
		memory[i] = 1;
	assert_int_equal(usage_of(getpid(), &after), 0);
	assert_true(after.resident_bytes >= before.resident_bytes + TOUCHED / 2);
	free((void *)(uintptr_t)memory);
}

static void time_spent_is_counted(void **state)
{
	struct usage usage;

	(void)state;
	while (clock() < CLOCKS_PER_SEC / 20)
		continue;
	assert_int_equal(usage_of(getpid(), &usage), 0);
	assert_true(usage.cpu_ms > 0);
}

static void who_is_not_there_has_no_usage(void **state)
{
	struct usage usage = { .parent = 5 };

	(void)state;
	assert_int_equal(usage_of(4194304, &usage), -ENOENT);
	assert_int_equal(usage.parent, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_full_of_parentheses_confuses_nobody),
		cmocka_unit_test(memory_is_what_was_touched),
		cmocka_unit_test(time_spent_is_counted),
		cmocka_unit_test(who_is_not_there_has_no_usage),
	};

	return cmocka_run_group_tests_name("usage", tests, NULL, NULL);
}
