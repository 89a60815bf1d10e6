/* SPDX-License-Identifier: MIT */
/* Tables of descriptors. Each test works in a process of its own: it is the whole table that is at stake. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "process/descriptors.h"

/* Where the descriptors of a test begin. */
#define FIRST 100

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void open_at(int fd)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (null < 0 || dup3(null, fd, O_CLOEXEC) != fd)
		_exit(99);
	close(null);
}

/* The line on which the test process left, by FAIL_IF. */
static void run(void (*test)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		closefrom(3); /* whatever whoever started us left open */
		test();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* An exit status has eight bits: the line, short of its hundreds. */
#define CHECK(condition)                           \
	do {                                       \
		if (!(condition))                  \
			_exit(1 + __LINE__ % 200); \
	} while (0)

static void close_some(void)
{
	const int kept[] = { FIRST + 7, -1, FIRST + 2, FIRST + 3, FIRST + 50, 5000 };

	for (int fd = FIRST; fd < FIRST + 10; fd++)
		open_at(fd);
	descriptors_close_but(FIRST + 1, FIRST + 8, kept, sizeof kept / sizeof *kept);
	for (int fd = FIRST; fd < FIRST + 10; fd++) {
		int i = fd - FIRST;

		CHECK(is_open(fd) == (i == 0 || i == 2 || i == 3 || i == 7 || i == 9));
	}
	descriptors_close_but(FIRST, -1, kept, 1);
	CHECK(is_open(FIRST + 7) && !is_open(FIRST + 9) && !is_open(FIRST));
	descriptors_close_but(FIRST, -1, NULL, 0);
	CHECK(!is_open(FIRST + 7));
}

static void everything_in_the_range_is_closed_but_what_is_kept(void **state)
{
	(void)state;
	run(close_some);
}

static void keep_ends(void)
{
	const int kept[] = { FIRST, FIRST + 2 };

	for (int fd = FIRST; fd < FIRST + 3; fd++)
		open_at(fd);
	descriptors_close_but(FIRST, FIRST + 2, kept, 2);
	CHECK(is_open(FIRST) && !is_open(FIRST + 1) && is_open(FIRST + 2));
	/* An empty range. */
	descriptors_close_but(FIRST, FIRST - 1, NULL, 0);
	CHECK(is_open(FIRST));
}

static void both_ends_of_the_range_may_be_kept(void **state)
{
	(void)state;
	run(keep_ends);
}

static void find_end(void)
{
	open_at(FIRST + 23);
	CHECK(descriptors_end() == FIRST + 24);
	close(FIRST + 23);
	CHECK(descriptors_end() <= FIRST);
}

static void the_end_is_behind_the_highest(void **state)
{
	(void)state;
	run(find_end);
}

static void find_end_without_proc(void)
{
	char empty[] = "/tmp/brood-empty-XXXXXX";

	if (geteuid() != 0)
		return;
	CHECK(mkdtemp(empty) && chdir(empty) == 0 && rmdir(empty) == 0 && chroot(".") == 0);
	CHECK(dup2(STDIN_FILENO, FIRST + 23) == FIRST + 23);
	CHECK(descriptors_end() == FIRST + 24);
	close(FIRST + 23);
	CHECK(descriptors_plug(FIRST) == 0);
	CHECK(descriptors_end() == FIRST);
}

static void behind_a_chroot_the_end_is_found_and_holes_are_filled(void **state)
{
	(void)state;
	run(find_end_without_proc);
}

static void plug(void)
{
	int fd;

	open_at(FIRST);
	CHECK(descriptors_plug(FIRST + 1) == 0);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	CHECK(fd == FIRST + 1);
	for (int i = 0; i < FIRST; i++)
		CHECK(is_open(i));
	/* Nothing to fill. */
	CHECK(descriptors_plug(FIRST) == 0);
	CHECK(descriptors_end() == FIRST + 2);
}

static void what_opens_after_the_plug_is_above_it(void **state)
{
	(void)state;
	run(plug);
}

static void open_standard(void)
{
	close(0);
	close(2);
	CHECK(descriptors_open_standard() == 0);
	for (int fd = 0; fd <= 2; fd++)
		CHECK(is_open(fd));
	/* Programs inherit these. */
	CHECK(fcntl(0, F_GETFD) == 0 && fcntl(2, F_GETFD) == 0);
}

static void the_standard_three_are_open_and_inherited(void **state)
{
	(void)state;
	run(open_standard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_in_the_range_is_closed_but_what_is_kept),
		cmocka_unit_test(both_ends_of_the_range_may_be_kept),
		cmocka_unit_test(the_end_is_behind_the_highest),
		cmocka_unit_test(behind_a_chroot_the_end_is_found_and_holes_are_filled),
		cmocka_unit_test(what_opens_after_the_plug_is_above_it),
		cmocka_unit_test(the_standard_three_are_open_and_inherited),
	};

	return cmocka_run_group_tests_name("descriptors", tests, NULL, NULL);
}
