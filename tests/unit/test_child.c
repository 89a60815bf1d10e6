/* SPDX-License-Identifier: MIT */
/* One child, held by descriptor: made in two ways, told apart by nobody. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "process/child.h"

#define PATIENCE_MS 10000

static const bool ways[] = { false, true }; /* clone3, fork */

/* 0 in the child. */
static int spawn(bool plain, struct child *ret_child)
{
	int r = child_spawn(plain, ret_child);

	assert_true(r >= 0);
	return r;
}

static struct child_exit reap(struct child *child)
{
	struct pollfd ended = { .fd = child->pidfd, .events = POLLIN };
	struct child_exit result;

	assert_int_equal(poll(&ended, 1, PATIENCE_MS), 1);
	assert_int_equal(child_reap(child, &result), 0);
	child_close(child);
	child_close(child);
	assert_int_equal(child->pidfd, -1);
	return result;
}

static void assert_ended(struct child *child, int code, int status, const char *text)
{
	struct child_exit ended = reap(child);
	char buf[32];

	assert_int_equal(ended.code, code);
	assert_int_equal(ended.status, status);
	assert_string_equal(child_exit_text(&ended, buf, sizeof buf), text);
}

static void a_childs_end_is_told_by_its_descriptor(void **state)
{
	struct child child;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		if (spawn(ways[i], &child) == 0)
			_exit(3);
		assert_int_equal(fcntl(child.pidfd, F_GETFD), FD_CLOEXEC);
		assert_ended(&child, CLD_EXITED, 3, "exit 3");
		if (spawn(ways[i], &child) == 0) {
			signal(SIGTERM, SIG_DFL);
			for (;;)
				pause();
		}
		assert_int_equal(child_signal(&child, SIGTERM), 0);
		assert_ended(&child, CLD_KILLED, SIGTERM, "signal 15 (TERM)");
	}
}

static void a_living_child_is_not_waited_for(void **state)
{
	struct child_exit untouched = { .code = 4711 };
	struct child child;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		if (spawn(ways[i], &child) == 0)
			for (;;)
				pause();
		assert_int_equal(child_reap(&child, &untouched), -EAGAIN);
		assert_int_equal(untouched.code, 4711);
		child_signal(&child, SIGKILL);
		assert_ended(&child, CLD_KILLED, SIGKILL, "signal 9 (KILL)");
	}
}

static void nobody_else_waits_for_a_child_that_is_a_clone(void **state)
{
	struct pollfd ended;
	struct child child;

	(void)state;
	if (spawn(false, &child) == 0)
		_exit(0);
	ended = (struct pollfd){ .fd = child.pidfd, .events = POLLIN };
	assert_int_equal(poll(&ended, 1, PATIENCE_MS), 1);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	assert_ended(&child, CLD_EXITED, 0, "exit 0");
}

static volatile sig_atomic_t signals;

static void count_signal(int signal)
{
	(void)signal;
	signals++;
}

static void a_child_has_no_handlers_of_its_parents_and_the_mask_stays(void **state)
{
	struct sigaction action;
	struct child child;
	sigset_t mask, before;

	(void)state;
	signals = 0;
	signal(SIGUSR1, count_signal);
	signal(SIGUSR2, SIG_IGN);
	sigprocmask(SIG_SETMASK, NULL, &before);
	for (size_t i = 0; i < 2; i++) {
		if (spawn(ways[i], &child) == 0) {
			sigaction(SIGUSR1, NULL, &action);
			if (action.sa_handler != SIG_DFL)
				_exit(1);
			sigaction(SIGUSR2, NULL, &action);
			if (action.sa_handler != SIG_IGN)
				_exit(2);
			sigprocmask(SIG_SETMASK, NULL, &mask);
			_exit(memcmp(&mask, &before, sizeof(unsigned long)) != 0 ? 3 : 0);
		}
		assert_ended(&child, CLD_EXITED, 0, "exit 0");
	}
	sigaction(SIGUSR1, NULL, &action);
	assert_ptr_equal(action.sa_handler, count_signal);
	sigprocmask(SIG_SETMASK, NULL, &mask);
	assert_memory_equal(&mask, &before, sizeof(unsigned long));
	signal(SIGUSR1, SIG_DFL);
	signal(SIGUSR2, SIG_DFL);
}

static void a_child_that_somebody_else_waited_for_is_over_all_the_same(void **state)
{
	struct child_exit ended;
	struct child child;
	char text[32];

	(void)state;
	if (spawn(true, &child) == 0)
		_exit(0);
	assert_int_equal(waitpid(child.pid, NULL, 0), child.pid);
	assert_int_equal(child_signal(&child, SIGTERM), -ESRCH);
	ended = reap(&child);
	assert_int_equal(ended.code, 0);
	assert_string_equal(child_exit_text(&ended, text, sizeof text), "unknown");
}

/* The grandchild writes its pid and sleeps; the child dies; we, its new parent, see how it ended. */
static void a_child_dies_with_its_parent(void **state)
{
	struct child child, grandchild;
	siginfo_t ended = { .si_pid = 0 };
	char byte;
	int ready[2];

	(void)state;
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	if (spawn(true, &child) == 0) {
		pid_t self = getpid();

		if (spawn(true, &grandchild) == 0) {
			if (child_die_with_parent(self, SIGKILL) < 0 || write(ready[1], "x", 1) != 1)
				_exit(1);
			for (;;)
				pause();
		}
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	child_signal(&child, SIGKILL);
	assert_ended(&child, CLD_KILLED, SIGKILL, "signal 9 (KILL)");
	assert_int_equal(waitid(P_ALL, 0, &ended, WEXITED), 0);
	assert_int_equal(ended.si_code, CLD_KILLED);
	assert_int_equal(ended.si_status, SIGKILL);
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	close(ready[0]);
	close(ready[1]);
}

static void a_parent_that_is_gone_already_is_noticed(void **state)
{
	struct child child;

	(void)state;
	if (spawn(true, &child) == 0)
		_exit(child_die_with_parent(1, SIGKILL) == -ECHILD ? 0 : 1);
	assert_ended(&child, CLD_EXITED, 0, "exit 0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_childs_end_is_told_by_its_descriptor),
		cmocka_unit_test(a_living_child_is_not_waited_for),
		cmocka_unit_test(nobody_else_waits_for_a_child_that_is_a_clone),
		cmocka_unit_test(a_child_has_no_handlers_of_its_parents_and_the_mask_stays),
		cmocka_unit_test(a_child_that_somebody_else_waited_for_is_over_all_the_same),
		cmocka_unit_test(a_child_dies_with_its_parent),
		cmocka_unit_test(a_parent_that_is_gone_already_is_noticed),
	};

	return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
