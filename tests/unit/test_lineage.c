/* SPDX-License-Identifier: MIT */
/* Claims about variables that a forked child makes its own: what is in them, what is behind them, and what stays untouched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "platform/leak_check.h"
#include "process/lineage.h"

#define UNTOUCHED_SIZE 65536

static char initialised[] = "initialised";
static char *volatile pointer = initialised;
static char *const constants[] = { initialised }; /* written while the program is loaded, read-only since */
static char *const *volatile constant = constants;
static char untouched[UNTOUCHED_SIZE];

/* Permissions of what is mapped there ("rw-p"), and whether a file is behind it. */
static bool look_at(const volatile void *address, char *ret_permissions, bool *ret_has_file)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	uintptr_t wanted = (uintptr_t)address;
	char line[4352];
	bool found = false;

	while (maps && !found && fgets(line, sizeof line, maps)) {
		unsigned long start, end, inode;

		if (sscanf(line, "%lx-%lx %4s %*s %*s %lu", &start, &end, ret_permissions, &inode) != 4)
			continue;
		found = wanted >= start && wanted < end;
		*ret_has_file = inode != 0;
	}
	if (maps)
		fclose(maps);
	return found;
}

/* check is called in a child, after the lineage has ended; its answer is the child's exit status. */
static int status_of_child(int (*check)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		lineage_end();
		_exit(check());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int check_contents(void)
{
	char *text;

	if (pointer != initialised || *constant != initialised || strcmp(initialised, "set before") != 0)
		return 1;
	strcpy(initialised, "child's");
	if (strcmp(pointer, "child's") != 0)
		return 2;
	/* libc's variables as well. */
	text = malloc(100);
	if (!text || snprintf(text, 100, "%s", getenv("PATH") ? "some" : "none") != 4 ||
		setenv("LINEAGE", text, 1) < 0)
		return 3;
	free(text);
	return 0;
}

static void variables_keep_what_is_in_them(void **state)
{
	(void)state;
	strcpy(initialised, "set before");
	assert_int_equal(status_of_child(check_contents), 0);
	assert_string_equal(initialised, "set before");
}

static int check_mappings(void)
{
	char permissions[8];
	bool has_file;

	if (!look_at(initialised, permissions, &has_file) || has_file || strcmp(permissions, "rw-p") != 0)
		return 1;
	if (!look_at(constant, permissions, &has_file) || strcmp(permissions, "r--p") != 0)
		return 2;
	return look_at(stdout, permissions, &has_file) && !has_file ? 0 : 3;
}

static void no_file_is_behind_variables_and_constants_stay_read_only(void **state)
{
	char permissions[8];
	bool has_file;

	(void)state;
	if (LEAK_CHECKED)
		skip();
	assert_true(look_at(initialised, permissions, &has_file));
	assert_true(has_file);
	assert_int_equal(status_of_child(check_mappings), 0);
}

static int count_touched(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *first = (char *)(((uintptr_t)untouched + page - 1) / page * page);
	size_t count = (sizeof untouched - page) / page;
	unsigned char there[sizeof untouched / 4096];
	int touched = 0;

	if (mincore(first, count * page, there) < 0)
		return 255;
	for (size_t i = 0; i < count; i++)
		touched += there[i] & 1;
	return touched;
}

static void pages_that_were_never_written_stay_out_of_memory(void **state)
{
	(void)state;
	assert_int_equal(status_of_child(count_touched), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(variables_keep_what_is_in_them),
		cmocka_unit_test(no_file_is_behind_variables_and_constants_stay_read_only),
		cmocka_unit_test(pages_that_were_never_written_stay_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
