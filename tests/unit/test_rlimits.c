/* SPDX-License-Identifier: MIT */
/* Resource limits as people write them. What is set is set in a process of its own. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "process/oom_score.h"
#include "process/rlimits.h"

#define CHECK(condition)                           \
	do {                                       \
		if (!(condition))                  \
			_exit(1 + __LINE__ % 200); \
	} while (0)

static void run(void (*test)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		test();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static bool has(int resource, rlim_t value)
{
	struct rlimit limit;

	return getrlimit((__rlimit_resource_t)resource, &limit) == 0 && limit.rlim_cur == value &&
	       limit.rlim_max == value;
}

static void expect_refused(const char *text, const char *part)
{
	struct sentence why = { "" };

	assert_int_equal(rlimits_check(text, &why), -EINVAL);
	if (!strstr(why.text, part))
		fail_msg("'%s' does not say '%s'", why.text, part);
}

static void set_several(void)
{
	CHECK(rlimits_set("  nofile=64\tcore=0 fsize=2M ", NULL) == 0);
	CHECK(has(RLIMIT_NOFILE, 64) && has(RLIMIT_CORE, 0) && has(RLIMIT_FSIZE, 2 << 20));
}

static void each_limit_is_set_soft_and_hard(void **state)
{
	(void)state;
	run(set_several);
}

static void set_off(void)
{
	if (getuid() != 0)
		return;
	CHECK(rlimits_set("cpu=off", NULL) == 0);
	CHECK(has(RLIMIT_CPU, RLIM_INFINITY));
}

static void off_is_no_limit(void **state)
{
	(void)state;
	assert_int_equal(rlimits_check("cpu=off", NULL), 0);
	run(set_off);
}

static void set_nothing(void)
{
	CHECK(!has(RLIMIT_NOFILE, 63));
	CHECK(rlimits_set("nofile=63 nofool=1", NULL) == -EINVAL);
	CHECK(!has(RLIMIT_NOFILE, 63));
}

static void nothing_is_set_unless_all_is_right(void **state)
{
	(void)state;
	run(set_nothing);
}

static void raise_without_right(void)
{
	struct sentence why = { "" };

	CHECK(rlimits_set("nofile=50", NULL) == 0);
	CHECK(getuid() != 0 || setresuid(65534, 65534, 65534) == 0);
	CHECK(rlimits_set("nofile=51", &why) == -EPERM);
	CHECK(strstr(why.text, "nofile is more than the 50"));
}

static void more_than_allowed_is_refused_with_the_bound(void **state)
{
	(void)state;
	run(raise_without_right);
}

static void mistakes_are_named(void **state)
{
	(void)state;
	expect_refused("nofil=5", "did you mean 'nofile'?");
	expect_refused("spoons=5", "no limit 'spoons'; known are nofile");
	expect_refused("nofile", "write NAME=VALUE");
	expect_refused("=5", "write NAME=VALUE");
	expect_refused("nofile=", "a number, a size");
	expect_refused("nofile=many", "nofile='many'");
	expect_refused("as=-1", "as='-1'");
	expect_refused("as=99999999999999999999", "as='9999");
	expect_refused("as=18446744073709551615", "as='1844");
	expect_refused("core=0 nofile=1 core=1", "core is given twice");
	expect_refused("nofileeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
		       "eeeeee=1",
		"no limit");
}

static void no_text_is_no_limit(void **state)
{
	(void)state;
	assert_int_equal(rlimits_check(NULL, NULL), 0);
	assert_int_equal(rlimits_check(" ", NULL), 0);
	assert_int_equal(rlimits_set(NULL, NULL), 0);
}

static int oom_score(void)
{
	char text[16] = "";
	FILE *file = fopen("/proc/self/oom_score_adj", "re");

	CHECK(file && fgets(text, sizeof text, file));
	fclose(file);
	return atoi(text);
}

static void raise_oom_score(void)
{
	int before = oom_score();

	CHECK(before > 900 || (oom_score_raise(50) == 0 && oom_score() == before + 50));
	CHECK(oom_score_raise(1000) == 0 && oom_score() == 1000);
}

static void the_oom_score_is_raised_from_where_it_was_and_ends_at_1000(void **state)
{
	(void)state;
	run(raise_oom_score);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_limit_is_set_soft_and_hard),
		cmocka_unit_test(off_is_no_limit),
		cmocka_unit_test(nothing_is_set_unless_all_is_right),
		cmocka_unit_test(more_than_allowed_is_refused_with_the_bound),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(no_text_is_no_limit),
		cmocka_unit_test(the_oom_score_is_raised_from_where_it_was_and_ends_at_1000),
	};

	return cmocka_run_group_tests_name("rlimits", tests, NULL, NULL);
}
