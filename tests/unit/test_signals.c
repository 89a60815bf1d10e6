/* SPDX-License-Identifier: MIT */
/* Signals of brood's own processes: none is lost, none is inherited, everything is put back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/child.h"
#include "process/signals.h"

static const struct signals_config term_and_pipe = {
	.taken = SIGNALS_BIT(SIGTERM) | SIGNALS_BIT(SIGUSR1),
	.harmless = SIGNALS_BIT(SIGPIPE) | SIGNALS_BIT(SIGTTOU),
};

static void (*disposition(int signal))(int)
{
	struct sigaction action;

	assert_int_equal(sigaction(signal, NULL, &action), 0);
	return action.sa_handler;
}

static bool is_readable(int fd)
{
	struct pollfd source = { .fd = fd, .events = POLLIN };

	return poll(&source, 1, 0) == 1;
}

static void a_signal_is_told_once_and_wakes(void **state)
{
	struct signals signals;

	(void)state;
	assert_int_equal(signals_open(&signals, &term_and_pipe), 0);
	assert_false(is_readable(signals.fd));
	raise(SIGTERM);
	raise(SIGTERM);
	raise(SIGUSR1);
	assert_true(is_readable(signals.fd));
	assert_int_equal(signals_take(&signals), SIGNALS_BIT(SIGTERM) | SIGNALS_BIT(SIGUSR1));
	assert_false(is_readable(signals.fd));
	assert_int_equal(signals_take(&signals), 0);
	signals_close(&signals);
}

static void harmless_signals_do_nothing(void **state)
{
	struct signals signals;

	(void)state;
	assert_int_equal(signals_open(&signals, &term_and_pipe), 0);
	raise(SIGPIPE);
	raise(SIGTTOU);
	assert_false(is_readable(signals.fd));
	signals_close(&signals);
}

static void remembered_work_comes_back(void **state)
{
	struct signals signals;

	(void)state;
	assert_int_equal(signals_open(&signals, &term_and_pipe), 0);
	signals_remember(SIGCHLD);
	assert_true(is_readable(signals.fd));
	assert_int_equal(signals_take(&signals), SIGNALS_BIT(SIGCHLD));
	signals_close(&signals);
}

static void a_read_goes_on_after_a_signal(void **state)
{
	struct signals signals;
	struct child child;
	struct child_exit ended;
	int ends[2];
	char byte;

	(void)state;
	assert_int_equal(signals_open(&signals, &term_and_pipe), 0);
	assert_int_equal(pipe(ends), 0);
	if (child_spawn(true, &child) == 0) {
		kill(getppid(), SIGTERM);
		usleep(50000);
		_exit(write(ends[1], "x", 1) != 1);
	}
	assert_int_equal(read(ends[0], &byte, 1), 1);
	assert_int_equal(signals_take(&signals), SIGNALS_BIT(SIGTERM));
	while (child_reap(&child, &ended) != 0)
		usleep(1000);
	child_close(&child);
	close(ends[0]);
	close(ends[1]);
	signals_close(&signals);
}

static void closing_puts_everything_back(void **state)
{
	struct signals signals;
	sigset_t usr1, mask;

	(void)state;
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &usr1, NULL);
	signal(SIGTERM, SIG_IGN);
	assert_int_equal(signals_open(&signals, &term_and_pipe), 0);
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	assert_false(sigismember(&mask, SIGUSR1));
	assert_ptr_not_equal(disposition(SIGTERM), SIG_IGN);

	signals_close(&signals);
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	assert_true(sigismember(&mask, SIGUSR1));
	assert_ptr_equal(disposition(SIGTERM), SIG_IGN);
	assert_ptr_equal(disposition(SIGPIPE), SIG_DFL);
	assert_int_equal(signals.fd, -1);
	pthread_sigmask(SIG_UNBLOCK, &usr1, NULL);
	signal(SIGTERM, SIG_DFL);
}

static void what_nohup_ignores_stays_ignored(void **state)
{
	struct signals_config config = {
		.taken = SIGNALS_BIT(SIGHUP) | SIGNALS_BIT(SIGTERM),
		.may_stay_ignored = SIGNALS_BIT(SIGHUP) | SIGNALS_BIT(SIGTERM),
	};
	struct signals signals;

	(void)state;
	signal(SIGHUP, SIG_IGN);
	assert_int_equal(signals_open(&signals, &config), 0);
	assert_ptr_equal(disposition(SIGHUP), SIG_IGN);
	assert_ptr_not_equal(disposition(SIGTERM), SIG_DFL);
	signals_close(&signals);
	assert_ptr_equal(disposition(SIGHUP), SIG_IGN);
	signal(SIGHUP, SIG_DFL);
}

static void others_that_were_ignored_are_reset(void **state)
{
	struct signals_config config = term_and_pipe;
	struct signals signals;

	(void)state;
	config.reset_others = true;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(signals_open(&signals, &config), 0);
	assert_ptr_equal(disposition(SIGXFSZ), SIG_DFL);
	signals_close(&signals);
	assert_ptr_equal(disposition(SIGXFSZ), SIG_IGN);
	signal(SIGXFSZ, SIG_DFL);
}

/* With SA_RESTART a background process that writes to its terminal would try for ever. */
static void terminal_signals_interrupt(void **state)
{
	struct sigaction action;
	struct signals signals;

	(void)state;
	assert_int_equal(signals_open(&signals, &term_and_pipe), 0);
	sigaction(SIGTTOU, NULL, &action);
	assert_false(action.sa_flags & SA_RESTART);
	sigaction(SIGTERM, NULL, &action);
	assert_true(action.sa_flags & SA_RESTART);
	signals_close(&signals);
}

static int state_of_signals(void)
{
	sigset_t mask;

	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	for (int signal = 1; signal < SIGNALS_COUNT; signal++)
		if (sigismember(&mask, signal) || disposition(signal) != SIG_DFL)
			return signal;
	return 0;
}

static void a_child_inherits_nothing(void **state)
{
	struct signals signals;

	(void)state;
	assert_int_equal(signals_open(&signals, &term_and_pipe), 0);
	for (int plain = 0; plain <= 1; plain++) {
		struct child child;
		struct child_exit ended;

		if (child_spawn(plain, &child) == 0)
			_exit(state_of_signals());
		while (child_reap(&child, &ended) != 0)
			usleep(1000);
		assert_int_equal(ended.code, CLD_EXITED);
		assert_int_equal(ended.status, 0);
		child_close(&child);
	}
	signals_close(&signals);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signal_is_told_once_and_wakes),
		cmocka_unit_test(harmless_signals_do_nothing),
		cmocka_unit_test(remembered_work_comes_back),
		cmocka_unit_test(a_read_goes_on_after_a_signal),
		cmocka_unit_test(closing_puts_everything_back),
		cmocka_unit_test(what_nohup_ignores_stays_ignored),
		cmocka_unit_test(others_that_were_ignored_are_reset),
		cmocka_unit_test(terminal_signals_interrupt),
		cmocka_unit_test(a_child_inherits_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
