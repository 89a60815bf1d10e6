/* SPDX-License-Identifier: MIT */
/* A database of users that does not answer: asked by a child, in which the function below stands for it. */
#include <dirent.h>
#include <errno.h>
#include <pwd.h>
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

#include "base/clock.h"
#include "process/account.h"

#define HUNG_AFTER_S (2 * ACCOUNT_PATIENCE_MS / 1000)

/* Instead of libc's. Deaf to what might be asked politely. */
struct passwd *getpwnam(const char *name)
{
	static struct passwd here = { .pw_name = (char *)"root" };

	if (strcmp(name, "dying") == 0)
		_exit(EXIT_SUCCESS);
	if (strcmp(name, "hanging") != 0)
		return &here;
	signal(SIGTERM, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	for (;;)
		pause();
}

static int count_open(void)
{
	DIR *directory = opendir("/proc/self/fd");
	int count = 0;

	assert_non_null(directory);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

static void one_that_does_not_answer_is_given_up_and_leaves_nothing(void **state)
{
	int64_t begin_ns = clock_now_ns();
	int open_before = count_open();
	struct account account = { .uid = 4711 };
	struct sentence why = { "" };

	(void)state;
	alarm(HUNG_AFTER_S);
	assert_int_equal(account_find("hanging", NULL, &account, &why), -ETIMEDOUT);
	alarm(0);
	assert_true(clock_now_ns() - begin_ns >= ACCOUNT_PATIENCE_MS * NS_PER_MS);
	assert_non_null(strstr(why.text, "user hanging: the user database did not answer within 5 s"));
	assert_int_equal(account.uid, 4711);
	assert_int_equal(count_open(), open_before);
	assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
	assert_int_equal(errno, ECHILD);
}

static void one_that_ends_its_process_is_told_at_once(void **state)
{
	int64_t begin_ns = clock_now_ns();
	struct account account;
	struct sentence why = { "" };

	(void)state;
	assert_int_equal(account_find("dying", NULL, &account, &why), -EIO);
	assert_non_null(strstr(why.text, "user dying: the child that asked died"));
	assert_true(clock_now_ns() - begin_ns < ACCOUNT_PATIENCE_MS * NS_PER_MS);
}

static void one_that_answers_is_not_waited_for(void **state)
{
	int64_t begin_ns = clock_now_ns();
	struct account account = { .uid = 4711 };

	(void)state;
	assert_int_equal(account_find("anybody", NULL, &account, NULL), 0);
	assert_int_equal(account.uid, 0);
	assert_true(clock_now_ns() - begin_ns < ACCOUNT_PATIENCE_MS * NS_PER_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_does_not_answer_is_given_up_and_leaves_nothing),
		cmocka_unit_test(one_that_ends_its_process_is_told_at_once),
		cmocka_unit_test(one_that_answers_is_not_waited_for),
	};

	return cmocka_run_group_tests_name("account", tests, NULL, NULL);
}
