/* SPDX-License-Identifier: MIT */
/* Claims about mappings of a program and its libraries: fewer of them, each byte where it was, and none that could be written
 * and executed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "process/joint.h"

struct count {
	int all, libc, writable_text;
};

static struct count count_mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	struct count count = { 0 };
	char line[4352], permissions[5];

	while (maps && fgets(line, sizeof line, maps)) {
		if (sscanf(line, "%*x-%*x %4s", permissions) != 1)
			continue;
		count.all++;
		count.libc += strstr(line, "libc.so") != NULL;
		count.writable_text += permissions[1] == 'w' && permissions[2] == 'x';
	}
	if (maps)
		fclose(maps);
	return count;
}

/* In a child: it cannot be undone. Its answer is the exit status. */
static int join_in_child(void)
{
	struct count before = count_mappings(), after;

	joint_make();
	after = count_mappings();
	if (after.writable_text > before.writable_text)
		return 1;
	if (before.libc == 0) /* linked in */
		return 0;
	if (after.libc >= before.libc || after.all >= before.all)
		return 2;
	/* Constants of libc are read as before. */
	return strcmp(strerror(2), "No such file or directory") == 0 ? 0 : 3;
}

static void neighbours_of_one_file_become_one_mapping(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(join_in_child());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(neighbours_of_one_file_become_one_mapping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
