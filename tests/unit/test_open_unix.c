/* SPDX-License-Identifier: MIT */
/* Unix paths: their locks, modes and owners, and what may be replaced or removed. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "transport/open.h"
#include "transport/unix_lock.h"

#define MAX 4

struct opened {
	struct listener listeners[MAX];
	size_t count;
	struct sentence why;
};

static char directory[] = "/tmp/brood-open-XXXXXX";

/* Something in the test's directory, behind a scheme or "". */
static const char *in_directory(const char *scheme, const char *name)
{
	static char text[16][160];
	static unsigned int turn;
	char *place = text[turn++ % 16];

	snprintf(place, sizeof text[0], "%s%s/%s", scheme, directory, name);
	return place;
}

/* An abstract name of this test run's own, behind a scheme. */
static const char *abstract(const char *scheme, const char *rest)
{
	static char text[4][64];
	static unsigned int turn;
	char *place = text[turn++ % 4];

	snprintf(place, sizeof text[0], "%sbrood-test-%d%s", scheme, (int)getpid(), rest);
	return place;
}

static int open_url(const char *url, struct opened *opened)
{
	memset(opened, 0, sizeof *opened);
	return open_listeners(url, NULL, opened->listeners, MAX, &opened->count, &opened->why);
}

static void open_well(const char *url, struct opened *opened)
{
	if (open_url(url, opened) < 0)
		fail_msg("%s", opened->why.text);
	assert_true(opened->count >= 1);
}

static void close_all(struct opened *opened)
{
	for (size_t i = 0; i < opened->count; i++)
		open_close(&opened->listeners[i], true);
}

static int count_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void expect_refused(const char *url, int error, const char *part)
{
	struct opened opened;
	int before = count_descriptors();

	assert_int_equal(open_url(url, &opened), error);
	assert_int_equal(opened.count, 0);
	assert_int_equal(count_descriptors(), before);
	if (!strstr(opened.why.text, part))
		fail_msg("'%s' does not say '%s'", opened.why.text, part);
}

static bool exists(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0;
}

static mode_t mode_of(const char *path)
{
	struct stat status;

	assert_int_equal(lstat(path, &status), 0);
	return status.st_mode & 07777;
}

static void an_orderly_end_leaves_neither_path_nor_lock(void **state)
{
	struct opened opened;

	(void)state;
	open_well(in_directory("unix:", "s?mode=0600"), &opened);
	assert_string_equal(opened.listeners[0].url, in_directory("unix:", "s"));
	assert_true(exists(in_directory("", "s")));
	assert_true(exists(in_directory("", "s.lock")));
	assert_int_equal(mode_of(in_directory("", "s.lock")), 0600);
	close_all(&opened);
	assert_false(exists(in_directory("", "s")));
	assert_false(exists(in_directory("", "s.lock")));
	close_all(&opened);
}

static void a_mode_is_exact_whatever_the_umask(void **state)
{
	struct opened opened;
	mode_t before = umask(077);

	(void)state;
	open_well(in_directory("unix:", "s?mode=0666"), &opened);
	assert_int_equal(mode_of(in_directory("", "s")), 0666);
	close_all(&opened);
	umask(0);
	open_well(in_directory("unixgram:", "s?mode=600"), &opened);
	assert_int_equal(mode_of(in_directory("", "s")), 0600);
	close_all(&opened);
	umask(before);
}

static void without_a_mode_the_umask_decides_and_others_are_left_out(void **state)
{
	struct opened opened;
	mode_t before = umask(0);

	(void)state;
	open_well(in_directory("unix:", "s"), &opened);
	assert_int_equal(mode_of(in_directory("", "s")), 0660);
	close_all(&opened);
	umask(022);
	open_well(in_directory("unix:", "s"), &opened);
	assert_int_equal(mode_of(in_directory("", "s")), 0640);
	close_all(&opened);
	umask(before);
}

static void owner_and_group_are_given_by_number(void **state)
{
	struct opened opened;
	struct stat status;
	char url[200];

	(void)state;
	/* Only root may give sockets away; to oneself anybody may. */
	unsigned int owner = geteuid() == 0 ? 12345 : geteuid(), group = geteuid() == 0 ? 54321 : getegid();

	snprintf(url, sizeof url, "%s?mode=0640&owner=%u&group=%u", in_directory("unix:", "s"), owner, group);
	open_well(url, &opened);
	assert_int_equal(lstat(in_directory("", "s"), &status), 0);
	assert_int_equal(status.st_uid, owner);
	assert_int_equal(status.st_gid, group);
	assert_int_equal(status.st_mode & 07777, 0640);
	close_all(&opened);
}

static void a_second_server_is_told_who_holds_the_lock(void **state)
{
	struct opened first;

	(void)state;
	open_well(in_directory("unix:", "s"), &first);
	expect_refused(in_directory("unix:", "s"), -EADDRINUSE, "s.lock");
	assert_true(exists(in_directory("", "s")));
	close_all(&first);
}

/* Bind a path as some other program does: without a lock. */
static int bind_foreign(int type, bool listening)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	snprintf(un.sun_path, sizeof un.sun_path, "%s/s", directory);
	assert_int_equal(bind(fd, (const void *)&un, sizeof un), 0);
	if (listening)
		assert_int_equal(listen(fd, 5), 0);
	return fd;
}

static void expect_foreign_untouched(int type, bool listening)
{
	int fd = bind_foreign(type, listening);
	struct stat before, after;

	assert_int_equal(lstat(in_directory("", "s"), &before), 0);
	expect_refused(in_directory("unix:", "s"), -EADDRINUSE, "another server listens there");
	expect_refused(in_directory("unixgram:", "s"), -EADDRINUSE, "another server listens there");
	assert_int_equal(lstat(in_directory("", "s"), &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	if (listening) {
		fcntl(fd, F_SETFL, O_NONBLOCK);
		assert_int_equal(accept(fd, NULL, NULL), -1); /* it saw no client */
		assert_int_equal(errno, EAGAIN);
	}
	close(fd);
	unlink(in_directory("", "s"));
}

static void a_live_server_without_lock_is_never_touched(void **state)
{
	(void)state;
	expect_foreign_untouched(SOCK_STREAM, true);
	expect_foreign_untouched(SOCK_STREAM, false);
	expect_foreign_untouched(SOCK_DGRAM, false);
	expect_foreign_untouched(SOCK_SEQPACKET, true);
}

static void a_stale_socket_is_replaced(void **state)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };
	struct opened opened;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		close(bind_foreign(types[i], false));
		assert_true(exists(in_directory("", "s")));
		open_well(in_directory("unix:", "s"), &opened);
		close_all(&opened);
		assert_false(exists(in_directory("", "s")));
	}
}

static void what_a_killed_server_left_is_replaced(void **state)
{
	struct opened opened;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(open_url(in_directory("unix:", "s"), &opened) < 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(exists(in_directory("", "s")));
	assert_true(exists(in_directory("", "s.lock")));
	open_well(in_directory("unix:", "s"), &opened);
	close_all(&opened);
}

static void a_file_a_directory_and_a_link_are_never_touched(void **state)
{
	const char *path = in_directory("", "s"), *target = in_directory("", "target");
	FILE *file = fopen(target, "w");

	(void)state;
	fputs("precious", file);
	fclose(file);
	assert_int_equal(symlink(target, path), 0);
	expect_refused(in_directory("unix:", "s"), -EEXIST, "is a symbolic link");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(link(target, path), 0);
	expect_refused(in_directory("unix:", "s"), -EEXIST, "is a file");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	expect_refused(in_directory("unix:", "s"), -EEXIST, "is a directory");
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(mode_of(target) & 0400, 0400);
	assert_int_equal(unlink(target), 0);
}

static void a_link_in_place_of_the_lock_is_not_followed(void **state)
{
	const char *lock = in_directory("", "s.lock"), *target = in_directory("", "target");

	(void)state;
	assert_int_equal(symlink(target, lock), 0);
	expect_refused(in_directory("unix:", "s"), -EEXIST, "s.lock is a symbolic link");
	assert_false(exists(target));
	assert_false(exists(in_directory("", "s")));
	assert_int_equal(unlink(lock), 0);
}

static void a_missing_directory_is_named(void **state)
{
	char expected[160];

	(void)state;
	snprintf(expected, sizeof expected, "there is no directory %s: make it first", in_directory("", "none"));
	expect_refused(in_directory("unix:", "none/s"), -ENOENT, expected);
}

static void a_path_that_is_no_longer_ours_stays(void **state)
{
	struct opened opened;
	int fd;

	(void)state;
	open_well(in_directory("unix:", "s"), &opened);
	assert_int_equal(unlink(in_directory("", "s")), 0);
	fd = bind_foreign(SOCK_STREAM, true);
	close_all(&opened);
	assert_true(exists(in_directory("", "s")));
	close(fd);
	unlink(in_directory("", "s"));
}

static void a_draining_server_makes_room_for_the_next(void **state)
{
	struct opened old, next;

	(void)state;
	open_well(in_directory("unix:", "s"), &old);
	open_unlink(&old.listeners[0]);
	assert_false(exists(in_directory("", "s")));
	assert_true(fcntl(old.listeners[0].fd, F_GETFD) >= 0);
	open_well(in_directory("unix:", "s"), &next);
	close_all(&old);
	assert_true(exists(in_directory("", "s")));
	expect_refused(in_directory("unix:", "s"), -EADDRINUSE, "s.lock");
	close_all(&next);
}

static void a_child_that_closes_its_copies_keeps_path_and_lock(void **state)
{
	struct opened opened;
	pid_t pid;

	(void)state;
	open_well(in_directory("unix:", "s"), &opened);
	pid = fork();
	if (pid == 0) {
		open_close(&opened.listeners[0], false);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(exists(in_directory("", "s")));
	expect_refused(in_directory("unix:", "s"), -EADDRINUSE, "another server holds");
	close_all(&opened);
}

static void a_removed_lock_file_is_no_lock(void **state)
{
	const char *path = in_directory("", "s");
	int first = unix_lock_take(path), second;

	(void)state;
	assert_true(first >= 0);
	assert_int_equal(unix_lock_take(path), -EADDRINUSE);
	unlink(in_directory("", "s.lock"));
	second = unix_lock_take(path);
	assert_true(second >= 0);
	unix_lock_give_back(path, first); /* must not remove the file of the second */
	assert_int_equal(unix_lock_take(path), -EADDRINUSE);
	unix_lock_give_back(path, second);
	assert_false(exists(in_directory("", "s.lock")));
}

static void abstract_names_need_no_file(void **state)
{
	struct opened opened;

	(void)state;
	open_well(abstract("unix:@", ""), &opened);
	assert_string_equal(opened.listeners[0].url, abstract("unix:@", ""));
	assert_int_equal(opened.listeners[0].lock_fd, -1);
	expect_refused(abstract("unix:@", ""), -EADDRINUSE, "choose another name");
	close_all(&opened);
	open_well(abstract("unixgram:@", ""), &opened);
	assert_string_equal(opened.listeners[0].url, abstract("unixgram:@", ""));
	assert_int_equal(opened.listeners[0].family, LISTENER_UNIXGRAM);
	close_all(&opened);
}

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	(void)state;
	return rmdir(directory); /* fails if a test left anything behind */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_orderly_end_leaves_neither_path_nor_lock),
		cmocka_unit_test(a_mode_is_exact_whatever_the_umask),
		cmocka_unit_test(without_a_mode_the_umask_decides_and_others_are_left_out),
		cmocka_unit_test(owner_and_group_are_given_by_number),
		cmocka_unit_test(a_second_server_is_told_who_holds_the_lock),
		cmocka_unit_test(a_live_server_without_lock_is_never_touched),
		cmocka_unit_test(a_stale_socket_is_replaced),
		cmocka_unit_test(what_a_killed_server_left_is_replaced),
		cmocka_unit_test(a_file_a_directory_and_a_link_are_never_touched),
		cmocka_unit_test(a_link_in_place_of_the_lock_is_not_followed),
		cmocka_unit_test(a_missing_directory_is_named),
		cmocka_unit_test(a_path_that_is_no_longer_ours_stays),
		cmocka_unit_test(a_draining_server_makes_room_for_the_next),
		cmocka_unit_test(a_child_that_closes_its_copies_keeps_path_and_lock),
		cmocka_unit_test(a_removed_lock_file_is_no_lock),
		cmocka_unit_test(abstract_names_need_no_file),
	};

	return cmocka_run_group_tests_name("open unix", tests, make_directory, remove_directory);
}
