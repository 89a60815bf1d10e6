/* SPDX-License-Identifier: MIT */
/* Waiting for any child takes orphans, and leaves alone what somebody holds by descriptor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/child.h"
#include "process/orphans.h"

#define ORPHANS 600
#define TRIES   5000

static bool nobody(pid_t pid, void *arg)
{
	(void)pid;
	(void)arg;
	return false;
}

static bool is_pid(pid_t pid, void *arg)
{
	return pid == *(pid_t *)arg;
}

/* A process whose own children outlive it; what they become then is ours. */
static void make_orphans(int count)
{
	pid_t parent = fork();

	if (parent == 0) {
		for (int i = 0; i < count; i++)
			if (fork() == 0)
				_exit(0);
		_exit(0);
	}
	assert_int_equal(waitpid(parent, NULL, 0), parent);
}

static void all_orphans_are_reaped_however_many(void **state)
{
	unsigned int reaped = 0, most = 0;
	bool more;

	(void)state;
	make_orphans(ORPHANS);
	for (int i = 0; i < TRIES && reaped < ORPHANS; i++) {
		unsigned int now = orphans_reap(nobody, NULL, &more);

		reaped += now;
		most = now > most ? now : most;
		if (!more)
			usleep(1000);
	}
	assert_int_equal(reaped, ORPHANS);
	assert_true(most < ORPHANS); /* one call is bounded */
	assert_int_equal(waitid(P_ALL, 0, &(siginfo_t){ 0 }, WEXITED | WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void a_held_child_is_left_to_its_holder(void **state)
{
	struct child child;
	struct child_exit ended;
	bool more;

	(void)state;
	for (int plain = 0; plain <= 1; plain++) {
		if (child_spawn(plain, &child) == 0)
			_exit(7);
		for (int i = 0; i < 50; i++, usleep(1000))
			assert_int_equal(orphans_reap(is_pid, &child.pid, &more), 0);
		while (child_reap(&child, &ended) != 0)
			usleep(1000);
		assert_int_equal(ended.code, CLD_EXITED);
		assert_int_equal(ended.status, 7);
		child_close(&child);
	}
}

static void orphans_behind_a_held_child_are_to_be_asked_for_again(void **state)
{
	struct child child;
	struct child_exit ended;
	bool more;

	(void)state;
	if (child_spawn(true, &child) == 0)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)child.pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT), 0);
	make_orphans(1);
	orphans_reap(is_pid, &child.pid, &more);
	assert_true(more);
	assert_int_equal(child_reap(&child, &ended), 0);
	child_close(&child);
	for (int i = 0; i < TRIES && orphans_reap(nobody, NULL, &more) == 0; i++)
		usleep(1000);
	assert_int_equal(waitid(P_ALL, 0, &(siginfo_t){ 0 }, WEXITED | WNOHANG), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_orphans_are_reaped_however_many),
		cmocka_unit_test(a_held_child_is_left_to_its_holder),
		cmocka_unit_test(orphans_behind_a_held_child_are_to_be_asked_for_again),
	};

	/* As PID 1 is for everybody. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
