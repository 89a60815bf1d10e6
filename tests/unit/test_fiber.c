/* SPDX-License-Identifier: MIT */
/* Fibers: they go on where they stopped, keep what is theirs, leave their stack to the next, and end in a guard. */
#include <errno.h>
#include <fenv.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "loop/fiber.h"

#define STACK    ((size_t)128 * 1024)
#define PROMISED ((size_t)64 * 1024)
#define MANY     (FIBER_CHECK_MOST < 10000 ? FIBER_CHECK_MOST : 10000)

static struct fibers fibers;
static char trace[64];

static int setup(void **state)
{
	(void)state;
	memset(trace, 0, sizeof trace);
	return fibers_init(&fibers, STACK, MANY);
}

static int teardown(void **state)
{
	(void)state;
	fibers_fini(&fibers);
	return 0;
}

static void note(char what)
{
	trace[strlen(trace)] = what;
}

/* ---- Where control is ---- */

static void stop_twice(void *arg)
{
	*(struct fiber **)arg = fiber_running(&fibers);
	note('a');
	fiber_suspend(&fibers);
	note('b');
	fiber_suspend(&fibers);
	note('c');
}

static void a_fiber_goes_on_where_it_stopped(void **state)
{
	struct fiber *fiber = NULL;

	(void)state;
	assert_int_equal(fiber_start(&fibers, stop_twice, &fiber), 0);
	note('1');
	fiber_resume(&fibers, fiber);
	note('2');
	fiber_resume(&fibers, fiber);
	note('3');
	assert_string_equal(trace, "a1b2c3");
	assert_int_equal(fibers.alive, 0);
}

static void compare_running(void *arg)
{
	assert_non_null(fiber_running(&fibers));
	*(struct fiber **)arg = fiber_running(&fibers);
	fiber_suspend(&fibers);
	assert_ptr_equal(fiber_running(&fibers), *(struct fiber **)arg);
}

static void running_is_the_fiber_itself_and_nobody_outside(void **state)
{
	struct fiber *first = NULL, *second = NULL;

	(void)state;
	assert_null(fiber_running(&fibers));
	fiber_start(&fibers, compare_running, &first);
	fiber_start(&fibers, compare_running, &second);
	assert_null(fiber_running(&fibers));
	assert_ptr_not_equal(first, second);
	assert_int_equal(fibers.alive, 2);
	fiber_resume(&fibers, first);
	fiber_resume(&fibers, second);
	assert_null(fiber_running(&fibers));
	assert_int_equal(fibers.alive, 0);
}

static void keep_address(void *arg)
{
	*(uintptr_t *)arg = (uintptr_t)__builtin_frame_address(0);
}

static void the_stack_of_one_that_returned_is_the_next_ones(void **state)
{
	uintptr_t first = 0, second = 1;

	(void)state;
	fiber_start(&fibers, keep_address, &first);
	assert_int_equal(fibers.stacks.taken, 0);
	fiber_start(&fibers, keep_address, &second);
	assert_true(first == second);
}

static void without_a_stack_nothing_is_called(void **state)
{
	struct fiber *suspended = NULL, *refused = NULL;

	(void)state;
	fibers_fini(&fibers);
	assert_int_equal(fibers_init(&fibers, STACK, 1), 0);
	assert_int_equal(fiber_start(&fibers, stop_twice, &suspended), 0);
	assert_int_equal(fiber_start(&fibers, stop_twice, &refused), -ENOMEM);
	assert_null(refused);
	fiber_resume(&fibers, suspended);
	fiber_resume(&fibers, suspended);
	assert_int_equal(fiber_start(&fibers, stop_twice, &refused), 0);
	fiber_resume(&fibers, refused);
	fiber_resume(&fibers, refused);
}

/* ---- What a fiber keeps ---- */

struct one {
	struct fiber *fiber;
	unsigned int seed, sum;
};

static unsigned int expected_sum(unsigned int seed)
{
	unsigned int sum = 0;

	for (unsigned int i = 0; i < 3; i++)
		sum = sum * 31 + seed + i;
	return sum;
}

static void sum_up(void *arg)
{
	struct one *one = arg;
	unsigned int values[100]; /* on the stack, across the switches */

	one->fiber = fiber_running(&fibers);
	for (unsigned int i = 0; i < 100; i++)
		values[i] = one->seed + i;
	for (unsigned int i = 0; i < 3; i++) {
		fiber_suspend(&fibers);
		one->sum = one->sum * 31 + values[i];
	}
}

static void ten_thousand_at_once_keep_what_is_theirs(void **state)
{
	struct one *all = calloc(MANY, sizeof *all);

	(void)state;
	assert_non_null(all);
	for (unsigned int i = 0; i < MANY; i++) {
		all[i].seed = i;
		assert_int_equal(fiber_start(&fibers, sum_up, &all[i]), 0);
	}
	assert_int_equal(fibers.alive, MANY);
	for (unsigned int round = 0; round < 3; round++) {
		/* In another order each time. */
		for (unsigned int i = 0; i < MANY; i++)
			fiber_resume(&fibers, all[round == 1 ? MANY - 1 - i : i].fiber);
	}
	for (unsigned int i = 0; i < MANY; i++)
		assert_int_equal(all[i].sum, expected_sum(i));
	assert_int_equal(fibers.alive, 0);
	assert_int_equal(fibers.stacks.taken, 0);
	free(all);
}

static void round_upward(void *arg)
{
	fesetround(FE_UPWARD);
	*(struct fiber **)arg = fiber_running(&fibers);
	fiber_suspend(&fibers);
	note(fegetround() == FE_UPWARD ? 'u' : '?');
	/* As wide as libc moves: where the ABI wants it to be. */
	__attribute__((aligned(16))) char aligned[16];
	note((uintptr_t)aligned % 16 == 0 ? 'a' : '?');
}

static void rounding_is_a_fibers_own(void **state)
{
	struct fiber *fiber = NULL;

	(void)state;
	fiber_start(&fibers, round_upward, &fiber);
	assert_int_equal(fegetround(), FE_TONEAREST);
	fiber_resume(&fibers, fiber);
	assert_int_equal(fegetround(), FE_TONEAREST);
	assert_string_equal(trace, "ua");
}

static void hold_memory(void *arg)
{
	char *mine = malloc(100); /* no other pointer to it: LeakSanitizer must look here */

	*(struct fiber **)arg = fiber_running(&fibers);
	strcpy(mine, "x");
	fiber_suspend(&fibers);
	note(*mine);
	free(mine);
}

static void memory_held_by_a_fiber_is_no_leak(void **state)
{
	struct fiber *fiber = NULL;

	(void)state;
	fiber_start(&fibers, hold_memory, &fiber);
	leak_check();
	fiber_resume(&fibers, fiber);
	assert_string_equal(trace, "x");
}

/* ---- How deep it goes ---- */

/* Frames of 1 KiB and more, until `bytes` of stack are used. Each is handed on: no compiler makes a loop of it. */
static __attribute__((noinline)) unsigned int descend(volatile char *above, uintptr_t from, size_t bytes)
{
	volatile char frame[1024];
	unsigned int deeper = 0;

	frame[0] = frame[1023] = *above;
	if (from - (uintptr_t)frame < bytes)
		deeper = descend(frame, from, bytes);
	return deeper + (unsigned int)frame[0];
}

static unsigned int descend_from_here(size_t bytes)
{
	volatile char one = 1;

	return descend(&one, (uintptr_t)&one, bytes);
}

static void go_deep(void *arg)
{
	*(unsigned int *)arg = descend_from_here(PROMISED);
}

static void what_is_promised_can_be_used_and_is_measured(void **state)
{
	unsigned int frames = 0;

	(void)state;
	fiber_start(&fibers, go_deep, &frames);
	assert_true(frames > 0);
	assert_true(stacks_high_water(&fibers.stacks) >= PROMISED);
	assert_true(stacks_high_water(&fibers.stacks) <= STACK);
}

static void fall(void *arg)
{
	(void)arg;
	descend_from_here(SIZE_MAX);
}

/* Its one touched byte is the lowest: a guard of a page would be jumped over. */
static __attribute__((noinline)) unsigned int stride(volatile char *above, unsigned int steps)
{
	volatile char frame[STACKS_GUARD_BYTES * 5 / 8];
	unsigned int deeper = 0;

	frame[0] = *above;
	if (steps)
		deeper = stride(frame, steps - 1);
	return deeper + (unsigned int)frame[0];
}

static void fall_in_long_steps(void *arg)
{
	volatile char one = 1;

	(void)arg;
	stride(&one, 1000);
}

#define IN_GUARD 42

static void tell_where(int signal_number, siginfo_t *info, void *context)
{
	/* In its own: what is running lies at the top of its stack. */
	size_t below = (size_t)((char *)fiber_running(&fibers) - (char *)info->si_addr);

	(void)signal_number;
	(void)context;
	_exit(stacks_is_guard(&fibers.stacks, info->si_addr) && below <= STACK + STACKS_GUARD_BYTES ? IN_GUARD : 1);
}

static void end_in_guard(void (*fn)(void *arg), bool marks)
{
	static char signal_stack[64 * 1024];
	stack_t alternate = { .ss_sp = signal_stack, .ss_size = sizeof signal_stack };
	struct sigaction action = { .sa_sigaction = tell_where, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	struct fiber *other = NULL;
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		sigaltstack(&alternate, NULL);
		sigaction(SIGSEGV, &action, NULL);
		fibers.stacks.marks &= marks;
		fiber_start(&fibers, stop_twice, &other); /* a neighbour, which must not be reached */
		fiber_start(&fibers, fn, NULL);
		_exit(2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), IN_GUARD);
}

static void who_uses_up_his_stack_ends_in_its_guard(void **state)
{
	(void)state;
	end_in_guard(fall, true);
	end_in_guard(fall, false);
}

static void large_frames_do_not_jump_over_the_guard(void **state)
{
	(void)state;
	end_in_guard(fall_in_long_steps, true);
	end_in_guard(fall_in_long_steps, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_fiber_goes_on_where_it_stopped, setup, teardown),
		cmocka_unit_test_setup_teardown(running_is_the_fiber_itself_and_nobody_outside, setup, teardown),
		cmocka_unit_test_setup_teardown(the_stack_of_one_that_returned_is_the_next_ones, setup, teardown),
		cmocka_unit_test_setup_teardown(without_a_stack_nothing_is_called, setup, teardown),
		cmocka_unit_test_setup_teardown(ten_thousand_at_once_keep_what_is_theirs, setup, teardown),
		cmocka_unit_test_setup_teardown(rounding_is_a_fibers_own, setup, teardown),
		cmocka_unit_test_setup_teardown(memory_held_by_a_fiber_is_no_leak, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_promised_can_be_used_and_is_measured, setup, teardown),
		cmocka_unit_test_setup_teardown(who_uses_up_his_stack_ends_in_its_guard, setup, teardown),
		cmocka_unit_test_setup_teardown(large_frames_do_not_jump_over_the_guard, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
