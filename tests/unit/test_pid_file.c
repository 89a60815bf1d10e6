/* SPDX-License-Identifier: MIT */
/* The pid file: stale ones are replaced, live ones respected, and nothing else at that path is touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervise/pid_file.h"

static char directory[] = "/tmp/test_pid_file.XXXXXX";
static char path[sizeof directory + 16];
static char other[sizeof directory + 16];

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof path, "%s/pid", directory);
	snprintf(other, sizeof other, "%s/other", directory);
	return 0;
}

static int clean(void **state)
{
	(void)state;
	unlink(path);
	unlink(other);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return rmdir(directory);
}

static void put(const char *at, const char *text)
{
	FILE *file = fopen(at, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void assert_content(const char *at, const char *expected)
{
	char text[64] = "";
	FILE *file = fopen(at, "r");

	assert_non_null(file);
	assert_true(fread(text, 1, sizeof text - 1, file) < sizeof text - 1);
	fclose(file);
	assert_string_equal(text, expected);
}

static void it_holds_our_pid_and_is_removed_at_the_end(void **state)
{
	struct pid_file pid_file;
	struct sentence why;
	char expected[32];

	(void)state;
	assert_int_equal(pid_file_open(&pid_file, path, &why), 0);
	snprintf(expected, sizeof expected, "%d\n", (int)getpid());
	assert_content(path, expected);
	pid_file_close(&pid_file);
	assert_int_equal(access(path, F_OK), -1);
	pid_file_close(&pid_file);
}

static void none_is_asked_for(void **state)
{
	struct pid_file pid_file;
	struct sentence why;

	(void)state;
	assert_int_equal(pid_file_open(&pid_file, NULL, &why), 0);
	pid_file_close(&pid_file);
}

static void a_stale_one_is_replaced(void **state)
{
	static const char *const stale[] = { "", "1\n", "1", "1234567890\n" };
	struct pid_file pid_file;
	struct sentence why;

	(void)state;
	for (size_t i = 0; i < sizeof stale / sizeof *stale; i++) {
		put(path, stale[i]);
		assert_int_equal(pid_file_open(&pid_file, path, &why), 0);
		pid_file_close(&pid_file);
	}
}

static void one_that_is_held_is_refused_and_stays(void **state)
{
	struct pid_file first, second;
	struct sentence why;
	char expected[32];

	(void)state;
	assert_int_equal(pid_file_open(&first, path, &why), 0);
	assert_int_equal(pid_file_open(&second, path, &why), -EBUSY);
	snprintf(expected, sizeof expected, "%d\n", (int)getpid());
	assert_content(path, expected);
	assert_non_null(strstr(why.text, path));
	pid_file_close(&first);
}

static void another_file_is_not_touched(void **state)
{
	static const char *const content[] = { "hello\n", "12 34\n", "1\n\n", "-1\n",
		"111111111111111111111111111111111111\n" };
	struct pid_file pid_file;
	struct sentence why;

	(void)state;
	for (size_t i = 0; i < sizeof content / sizeof *content; i++) {
		put(path, content[i]);
		assert_int_equal(pid_file_open(&pid_file, path, &why), -EEXIST);
		assert_content(path, content[i]);
	}
}

static void a_symbolic_link_is_not_followed(void **state)
{
	struct pid_file pid_file;
	struct sentence why;

	(void)state;
	put(other, "1\n");
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(pid_file_open(&pid_file, path, &why), -ELOOP);
	assert_content(other, "1\n");
}

static void a_second_name_of_a_file_is_not_touched(void **state)
{
	struct pid_file pid_file;
	struct sentence why;

	(void)state;
	put(other, "1\n");
	assert_int_equal(link(other, path), 0);
	assert_int_equal(pid_file_open(&pid_file, path, &why), -EEXIST);
	assert_content(other, "1\n");
}

static void a_fifo_does_not_block(void **state)
{
	struct pid_file pid_file;
	struct sentence why;

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(pid_file_open(&pid_file, path, &why), -EEXIST);
}

static void one_that_somebody_replaced_is_left_to_them(void **state)
{
	struct pid_file pid_file;
	struct sentence why;

	(void)state;
	assert_int_equal(pid_file_open(&pid_file, path, &why), 0);
	put(other, "42\n");
	assert_int_equal(rename(other, path), 0);
	pid_file_close(&pid_file);
	assert_content(path, "42\n");
}

#define TEST(name) cmocka_unit_test_teardown(name, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_holds_our_pid_and_is_removed_at_the_end),
		TEST(none_is_asked_for),
		TEST(a_stale_one_is_replaced),
		TEST(one_that_is_held_is_refused_and_stays),
		TEST(another_file_is_not_touched),
		TEST(a_symbolic_link_is_not_followed),
		TEST(a_second_name_of_a_file_is_not_touched),
		TEST(a_fifo_does_not_block),
		TEST(one_that_somebody_replaced_is_left_to_them),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
