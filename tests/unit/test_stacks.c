/* SPDX-License-Identifier: MIT */
/* Stacks: which is taken next, what is touched, what is given back, how deep they were, the guards between. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "loop/stacks.h"

#define SIZE ((size_t)128 * 1024)
#define MANY 1000

static struct stacks stacks;
static size_t page;

static int setup(void **state)
{
	(void)state;
	page = (size_t)sysconf(_SC_PAGESIZE);
	return stacks_init(&stacks, SIZE, MANY);
}

static int teardown(void **state)
{
	(void)state;
	stacks_fini(&stacks);
	return 0;
}

static unsigned int take(void)
{
	unsigned int stack = UINT_MAX;

	assert_int_equal(stacks_take(&stacks, &stack), 0);
	return stack;
}

/* As its user would: from the top down. */
static void use(unsigned int stack, size_t bytes)
{
	memset(stacks_top(&stacks, stack) - bytes, 'x', bytes);
}

static size_t resident_bytes(void)
{
	unsigned long size, resident;
	FILE *file = fopen("/proc/self/statm", "re");

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%lu %lu", &size, &resident), 2);
	fclose(file);
	return resident * page;
}

static unsigned int mappings(void)
{
	FILE *file = fopen("/proc/self/maps", "re");
	unsigned int lines = 0;

	assert_non_null(file);
	for (int c = getc(file); c != EOF; c = getc(file))
		lines += c == '\n';
	fclose(file);
	return lines;
}

static void take_all(unsigned int *all)
{
	for (unsigned int i = 0; i < MANY; i++)
		all[i] = take();
}

static void the_last_given_is_the_first_taken(void **state)
{
	unsigned int first = take(), second = take(), third = take();

	(void)state;
	stacks_give(&stacks, first);
	stacks_give(&stacks, third);
	stacks_give(&stacks, second);
	assert_int_equal(take(), second);
	assert_int_equal(take(), third);
	assert_int_equal(take(), first);
}

static void no_two_share_a_byte_and_each_has_all_that_was_asked_for(void **state)
{
	unsigned int all[MANY];

	(void)state;
	take_all(all);
	for (unsigned int i = 0; i < MANY; i++) {
		assert_int_equal(stacks_top(&stacks, all[i]) - stacks_bottom(&stacks, all[i]), SIZE);
		memcpy(stacks_bottom(&stacks, all[i]), &i, sizeof i);
		memcpy(stacks_top(&stacks, all[i]) - sizeof i, &i, sizeof i);
	}
	for (unsigned int i = 0; i < MANY; i++) {
		assert_memory_equal(stacks_bottom(&stacks, all[i]), &i, sizeof i);
		assert_memory_equal(stacks_top(&stacks, all[i]) - sizeof i, &i, sizeof i);
	}
}

static void there_are_never_more_than_asked_for(void **state)
{
	unsigned int all[MANY], more = 7;

	(void)state;
	take_all(all);
	assert_int_equal(stacks_take(&stacks, &more), -ENOMEM);
	assert_int_equal(more, 7);
	stacks_give(&stacks, all[3]);
	assert_int_equal(take(), all[3]);
}

static void nonsense_is_refused(void **state)
{
	struct stacks other;

	(void)state;
	assert_int_equal(stacks_init(&other, 0, 1), -EINVAL);
	assert_int_equal(stacks_init(&other, SIZE, 0), -EINVAL);
	assert_int_equal(stacks_init(&other, SIZE_MAX, 2), -ENOMEM);
	assert_int_equal(stacks_init(&other, (size_t)1 << 40, UINT_MAX), -ENOMEM);
}

static void stacks_that_nobody_used_cost_no_memory(void **state)
{
	unsigned int all[MANY];
	size_t before = resident_bytes(), after;

	(void)state;
	take_all(all);
	after = resident_bytes();
	assert_true(after < before + MANY * page / 4);
	assert_int_equal(stacks_high_water(&stacks), 0);
}

static void the_high_water_mark_is_that_of_the_deepest_ever(void **state)
{
	unsigned int shallow = take(), deep = take();

	(void)state;
	use(shallow, page + 1);
	assert_int_equal(stacks_high_water(&stacks), 2 * page);
	use(deep, SIZE - 1);
	assert_int_equal(stacks_high_water(&stacks), SIZE);
	/* Also when its memory is no more. */
	stacks_give(&stacks, deep);
	stacks_trim(&stacks, 0);
	assert_int_equal(stacks_trim(&stacks, 0), 1);
	assert_int_equal(stacks_high_water(&stacks), SIZE);
}

static void trim_gives_memory_back_a_bounded_number_at_a_time(void **state)
{
	unsigned int all[MANY], trimmed = 0, now;
	size_t used = SIZE / 2, full;

	(void)state;
	take_all(all);
	for (unsigned int i = 0; i < MANY; i++)
		use(all[i], used);
	full = resident_bytes();
	for (unsigned int i = 0; i < MANY; i++)
		stacks_give(&stacks, all[i]);
	assert_int_equal(stacks_trim(&stacks, 10), 0); /* all were in use since the last time */
	do {
		now = stacks_trim(&stacks, 10);
		assert_true(now <= STACKS_TRIM_BATCH);
		trimmed += now;
	} while (now == STACKS_TRIM_BATCH);
	assert_int_equal(trimmed, MANY - 10);
	assert_true(resident_bytes() < full - MANY * used * 9 / 10);
	/* The ten that still have their memory are those given last, and they come first. */
	for (unsigned int i = 0; i < 10; i++)
		assert_int_equal(take(), all[MANY - 1 - i]);
	for (unsigned int i = 10; i < MANY; i++)
		use(take(), used);
	assert_true(resident_bytes() > full - MANY * used / 10);
}

static void trim_leaves_alone_what_was_needed_since_the_last_time(void **state)
{
	unsigned int busy[4];

	(void)state;
	for (unsigned int i = 0; i < 4; i++)
		busy[i] = take();
	for (unsigned int i = 0; i < 4; i++)
		stacks_give(&stacks, busy[i]);
	stacks_trim(&stacks, 0);
	/* Three are needed for a moment, one is not. */
	for (unsigned int i = 0; i < 3; i++)
		busy[i] = take();
	for (unsigned int i = 0; i < 3; i++)
		stacks_give(&stacks, busy[i]);
	assert_int_equal(stacks_trim(&stacks, 0), 1);
	assert_int_equal(stacks_trim(&stacks, 0), 3);
	assert_int_equal(stacks_trim(&stacks, 0), 0);
}

static void trim_calls_nothing_cold_between_two_batches(void **state)
{
	unsigned int all[STACKS_TRIM_BATCH + 8];

	(void)state;
	for (unsigned int i = 0; i < STACKS_TRIM_BATCH + 8; i++)
		all[i] = take();
	for (unsigned int i = 0; i < STACKS_TRIM_BATCH + 2; i++)
		stacks_give(&stacks, all[i]);
	stacks_trim(&stacks, 0);
	assert_int_equal(stacks_trim(&stacks, 0), STACKS_TRIM_BATCH);
	/* Six more come back meanwhile: two were cold before. */
	for (unsigned int i = STACKS_TRIM_BATCH + 2; i < STACKS_TRIM_BATCH + 8; i++)
		stacks_give(&stacks, all[i]);
	assert_int_equal(stacks_trim(&stacks, 0), 2);
	assert_int_equal(stacks_trim(&stacks, 0), 6);
}

static void guards_lie_right_below_each_stack(void **state)
{
	unsigned int stack = take(), above = take();
	char *bottom = stacks_bottom(&stacks, stack);

	(void)state;
	if (bottom > stacks_bottom(&stacks, above))
		bottom = stacks_bottom(&stacks, above);
	assert_false(stacks_is_guard(&stacks, bottom));
	assert_true(stacks_is_guard(&stacks, bottom - 1));
	assert_true(stacks_is_guard(&stacks, bottom - STACKS_GUARD_BYTES));
	assert_false(stacks_is_guard(&stacks, bottom - STACKS_GUARD_BYTES - 1));
	assert_false(stacks_is_guard(&stacks, bottom + SIZE - 1));
	assert_true(stacks_is_guard(&stacks, bottom + SIZE));
	assert_false(stacks_is_guard(&stacks, &stack));
	assert_false(stacks_is_guard(&stacks, NULL));
}

/* The kernel says EFAULT where a program would end: readable shows whether it would. */
static bool readable(const char *address)
{
	int ends[2];
	bool yes;

	assert_int_equal(pipe(ends), 0);
	yes = write(ends[1], address, 1) == 1;
	close(ends[0]);
	close(ends[1]);
	return yes;
}

static void check_guards(const unsigned int *all)
{
	for (unsigned int i = 0; i < MANY; i++) {
		char *bottom = stacks_bottom(&stacks, all[i]);

		assert_true(readable(bottom));
		assert_false(readable(bottom - 1));
		assert_false(readable(bottom - STACKS_GUARD_BYTES));
	}
}

static void guards_of_both_kinds_cannot_be_touched_and_cost_no_more_mappings_than_promised(void **state)
{
	unsigned int all[MANY], before = mappings();

	(void)state;
	take_all(all);
	check_guards(all);
	if (stacks.marks)
		assert_true(mappings() <= before + MANY / STACKS_BLOCK + 2);
	stacks_fini(&stacks);

	/* As an older kernel has it. */
	assert_int_equal(stacks_init(&stacks, SIZE, MANY), 0);
	stacks.marks = false;
	before = mappings();
	take_all(all);
	check_guards(all);
	assert_true(mappings() <= before + 2 * MANY + 2);
}

static void guards_outlive_that_memory_is_given_back(void **state)
{
	unsigned int stack = take();

	(void)state;
	use(stack, SIZE);
	stacks_give(&stacks, stack);
	stacks_trim(&stacks, 0);
	assert_int_equal(stacks_trim(&stacks, 0), 1);
	assert_true(readable(stacks_bottom(&stacks, stack)));
	assert_false(readable(stacks_bottom(&stacks, stack) - 1));
}

static void the_machine_bound_follows_the_number_of_mappings_it_allows(void **state)
{
	unsigned int bound = stacks_machine_bound();
	unsigned long maps = 0;
	FILE *file = fopen("/proc/sys/vm/max_map_count", "re");

	(void)state;
	if (!file) {
		assert_int_equal(bound, UINT_MAX);
		return;
	}
	assert_int_equal(fscanf(file, "%lu", &maps), 1);
	fclose(file);
	assert_true(bound < (stacks.marks ? maps * STACKS_BLOCK : maps / 2));
	assert_true(maps < 10000 || bound > maps / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_last_given_is_the_first_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(
			no_two_share_a_byte_and_each_has_all_that_was_asked_for, setup, teardown),
		cmocka_unit_test_setup_teardown(there_are_never_more_than_asked_for, setup, teardown),
		cmocka_unit_test_setup_teardown(nonsense_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(stacks_that_nobody_used_cost_no_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(the_high_water_mark_is_that_of_the_deepest_ever, setup, teardown),
		cmocka_unit_test_setup_teardown(trim_gives_memory_back_a_bounded_number_at_a_time, setup, teardown),
		cmocka_unit_test_setup_teardown(
			trim_leaves_alone_what_was_needed_since_the_last_time, setup, teardown),
		cmocka_unit_test_setup_teardown(trim_calls_nothing_cold_between_two_batches, setup, teardown),
		cmocka_unit_test_setup_teardown(guards_lie_right_below_each_stack, setup, teardown),
		cmocka_unit_test_setup_teardown(
			guards_of_both_kinds_cannot_be_touched_and_cost_no_more_mappings_than_promised, setup,
			teardown),
		cmocka_unit_test_setup_teardown(guards_outlive_that_memory_is_given_back, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_machine_bound_follows_the_number_of_mappings_it_allows, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
