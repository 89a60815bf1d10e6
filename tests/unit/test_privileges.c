/* SPDX-License-Identifier: MIT */
/* Giving up rights: each drop in a process of its own, whose parent is root where it takes root. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "platform/capability.h"
#include "platform/clone.h"
#include "process/account.h"
#include "process/privileges.h"

#define SOMEBODY 65534

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

static void run_as_root(void (*test)(void))
{
	if (geteuid() != 0)
		skip();
	run(test);
}

static bool says(const struct sentence *why, const char *part)
{
	return strstr(why->text, part) != NULL;
}

static const struct privileges nobody = { .user = "65534", .group = "65534", .no_new_privs = true };

/* ---- Accounts */

static void find_own(void)
{
	struct account account;
	const struct passwd *own = getpwuid(getuid());

	if (!own)
		return;
	CHECK(account_find(own->pw_name, NULL, &account, NULL) == 0);
	CHECK(account.uid == own->pw_uid && account.gid == own->pw_gid);
	for (size_t i = 0; i < account.group_count; i++)
		CHECK(account.groups[i] != account.gid);
}

static void a_name_has_its_ids_and_its_group_is_not_supplementary(void **state)
{
	(void)state;
	run(find_own);
}

static void find_number(void)
{
	struct account account;

	CHECK(account_find("3999999999", "3999999998", &account, NULL) == 0);
	CHECK(account.uid == 3999999999 && account.gid == 3999999998 && account.group_count == 0);
}

static void a_number_needs_no_entry_in_the_database(void **state)
{
	(void)state;
	run(find_number);
}

static void find_nobody(void)
{
	struct account account;
	struct sentence why = { "" };

	CHECK(account_find("no-such-user", NULL, &account, &why) == -ENOENT && says(&why, "no user no-such-user"));
	CHECK(account_find("0", "no-such-group", &account, &why) == -ENOENT && says(&why, "no group no-such-group"));
	CHECK(account_find("3999999999", NULL, &account, &why) == -ENOENT && says(&why, "say which group"));
	/* The id that means "leave as is". */
	CHECK(account_find("4294967295", "0", &account, &why) == -ENOENT);
	CHECK(account_find("0", "4294967295", &account, &why) == -ENOENT);
	CHECK(account_find("", NULL, &account, &why) == -ENOENT);
}

static void unknown_names_are_said(void **state)
{
	(void)state;
	run(find_nobody);
}

static size_t count_libraries(void)
{
	static char maps[1024 * 1024];
	size_t size = 0, count = 0;
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	CHECK(fd >= 0);
	while ((n = read(fd, maps + size, sizeof maps - 1 - size)) > 0)
		size += (size_t)n;
	close(fd);
	maps[size] = '\0';
	for (const char *at = maps; (at = strstr(at, ".so")); at++)
		count++;
	return count;
}

/* What a lookup loads stays out of the process that asked. */
static void compare_libraries(void)
{
	struct account account;
	size_t before = count_libraries();

	CHECK(account_find("root", NULL, &account, NULL) == 0);
	CHECK(before > 0 && count_libraries() == before);
}

static void looking_up_loads_no_library_into_this_process(void **state)
{
	(void)state;
	run(compare_libraries);
}

/* ---- Dropping */

static void drop_all(void)
{
	const gid_t before[] = { 4, 5 };
	uid_t uids[3];
	gid_t gids[3], groups[8];

	CHECK(setgroups(2, before) == 0);
	CHECK(privileges_drop(&nobody, NULL) == 0);
	CHECK(getresuid(&uids[0], &uids[1], &uids[2]) == 0 && getresgid(&gids[0], &gids[1], &gids[2]) == 0);
	for (int i = 0; i < 3; i++)
		CHECK(uids[i] == SOMEBODY && gids[i] == SOMEBODY);
	CHECK(getgroups(8, groups) == 0);
	CHECK(capability_any() == 0);
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
		CHECK(prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 0);
	CHECK(setuid(0) < 0 && setgid(0) < 0 && seteuid(0) < 0 && setgroups(2, before) < 0);
}

static void every_id_group_and_capability_goes_and_none_comes_back(void **state)
{
	(void)state;
	run_as_root(drop_all);
}

static void drop_with_programs(void)
{
	struct privileges wanted = nobody;

	wanted.no_new_privs = false;
	CHECK(privileges_drop(&wanted, NULL) == 0);
	CHECK(capability_any() == 0 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
	CHECK(prctl(PR_CAPBSET_READ, 0, 0, 0, 0) == 1);
}

static void without_no_new_privs_programs_may_still_gain_them(void **state)
{
	(void)state;
	run_as_root(drop_with_programs);
}

static void stay_root(void)
{
	const struct privileges wanted = { .no_new_privs = true };
	const struct privileges by_name = { .user = "root", .no_new_privs = true };

	CHECK(privileges_drop(&wanted, NULL) == 0 && privileges_drop(&by_name, NULL) == 0);
	CHECK(geteuid() == 0 && capability_any() == 1 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
}

static void root_that_names_nobody_else_stays_root(void **state)
{
	(void)state;
	run_as_root(stay_root);
}

static void drop_into_directory(void)
{
	char path[] = "/tmp/brood-root-XXXXXX", file[64];
	struct privileges wanted = nobody;
	struct stat status;

	CHECK(mkdtemp(path));
	snprintf(file, sizeof file, "%s/here", path);
	CHECK(mkdir(file, 0755) == 0 && chmod(path, 0755) == 0);
	wanted.chroot = path;
	wanted.user = "nobody"; /* a name, that nothing in the new root explains */
	wanted.group = NULL;
	/* The directory is removed by a sibling that still sees it. */
	if (fork() == 0) {
		CHECK(privileges_drop(&wanted, NULL) == 0);
		CHECK(stat("/here", &status) == 0 && stat("here", &status) == 0 && stat("/etc", &status) < 0);
		CHECK(chroot(".") < 0);
		_exit(0);
	} else {
		int result;

		wait(&result);
		CHECK(rmdir(file) == 0 && rmdir(path) == 0);
		CHECK(result == 0);
	}
}

static void behind_a_chroot_nothing_else_is_seen(void **state)
{
	(void)state;
	run_as_root(drop_into_directory);
}

static void refuse_directory(void)
{
	struct privileges wanted = nobody;
	struct sentence why;

	wanted.chroot = "/no/such/directory";
	CHECK(privileges_drop(&wanted, &why) == -ENOENT && says(&why, "/no/such/directory"));
	CHECK(geteuid() == 0);
}

static void a_chroot_that_is_not_there_is_refused(void **state)
{
	(void)state;
	run_as_root(refuse_directory);
}

/* Whether its parent may take a descriptor out of it. */
static bool can_be_robbed(bool traceable)
{
	struct privileges wanted = nobody;
	int ends[2], pidfd, fd = -1;
	char go;
	pid_t pid;

	wanted.traceable = traceable;
	CHECK(pipe(ends) == 0);
	if (fork() != 0) {
		int status;

		close(ends[0]);
		close(ends[1]);
		wait(&status);
		return WEXITSTATUS(status) == 1;
	}
	CHECK(privileges_drop(&wanted, NULL) == 0);
	pid = fork();
	if (pid == 0) {
		close(ends[1]);
		_exit(read(ends[0], &go, 1) == 0 ? 0 : 1);
	}
	pidfd = clone_pidfd_open(pid);
	if (pidfd >= 0)
		fd = (int)syscall(SYS_pidfd_getfd, pidfd, 0, 0);
	close(ends[1]);
	waitpid(pid, NULL, 0);
	_exit(fd >= 0 ? 1 : 2);
}

static void rob(void)
{
	CHECK(can_be_robbed(true));
	CHECK(!can_be_robbed(false));
}

static void only_who_is_traceable_lets_its_own_user_take_descriptors(void **state)
{
	(void)state;
	run_as_root(rob);
}

static void be_another_without_right(void)
{
	struct privileges wanted = nobody;
	struct sentence why;

	CHECK(geteuid() != 0 || setresuid(1234, 1234, 1234) == 0);
	CHECK(privileges_drop(&wanted, &why) == -EPERM && says(&why, "only root can"));
	wanted.user = "root";
	wanted.group = NULL;
	CHECK(privileges_drop(&wanted, &why) == -EPERM && says(&why, "only root can"));
	wanted = (struct privileges){ .chroot = "/tmp" };
	CHECK(privileges_drop(&wanted, &why) == -EPERM && says(&why, "only root can"));
}

static void who_is_not_root_becomes_nobody_else(void **state)
{
	(void)state;
	run(be_another_without_right);
}

static void be_oneself(void)
{
	char user[16], group[16];
	struct privileges wanted = { .user = user, .group = group, .no_new_privs = true };

	CHECK(geteuid() != 0 || (setresgid(1234, 1234, 1234) == 0 && setresuid(1234, 1234, 1234) == 0));
	snprintf(user, sizeof user, "%u", getuid());
	snprintf(group, sizeof group, "%u", getgid());
	CHECK(privileges_drop(&wanted, NULL) == 0);
	CHECK(capability_any() == 0 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
}

static void who_is_not_root_may_name_itself(void **state)
{
	(void)state;
	run(be_oneself);
}

static void refuse_halves(void)
{
	struct privileges wanted = { .group = "0" };
	struct sentence why;

	CHECK(privileges_drop(&wanted, &why) == -EINVAL && says(&why, "which user"));
	wanted = (struct privileges){ .user = "0", .group = "65534" };
	CHECK(privileges_drop(&wanted, &why) == (geteuid() == 0 ? -EINVAL : -EPERM));
	wanted = (struct privileges){ .chroot = "" };
	CHECK(privileges_drop(&wanted, &why) == -EINVAL && says(&why, "empty"));
}

static void a_group_alone_is_no_drop(void **state)
{
	(void)state;
	run(refuse_halves);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_has_its_ids_and_its_group_is_not_supplementary),
		cmocka_unit_test(a_number_needs_no_entry_in_the_database),
		cmocka_unit_test(unknown_names_are_said),
		cmocka_unit_test(looking_up_loads_no_library_into_this_process),
		cmocka_unit_test(every_id_group_and_capability_goes_and_none_comes_back),
		cmocka_unit_test(without_no_new_privs_programs_may_still_gain_them),
		cmocka_unit_test(root_that_names_nobody_else_stays_root),
		cmocka_unit_test(behind_a_chroot_nothing_else_is_seen),
		cmocka_unit_test(a_chroot_that_is_not_there_is_refused),
		cmocka_unit_test(only_who_is_traceable_lets_its_own_user_take_descriptors),
		cmocka_unit_test(who_is_not_root_becomes_nobody_else),
		cmocka_unit_test(who_is_not_root_may_name_itself),
		cmocka_unit_test(a_group_alone_is_no_drop),
	};

	return cmocka_run_group_tests_name("privileges", tests, NULL, NULL);
}
