/* SPDX-License-Identifier: MIT */
/*
 * Decides what a signal does at the moment it comes: set a bit, write to an eventfd, nothing else. Bits are never lost,
 * however many signals come; what they mean is decided in the loop. The two variables below are the only
 * ones of their kind: a signal handler has no other way to its data.
 */
#include "process/signals.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

static _Atomic int wake_fd = -1;
static _Atomic uint32_t pending;

void signals_remember(int signal)
{
	uint64_t one = 1;
	int fd;

	atomic_fetch_or(&pending, SIGNALS_BIT(signal));
	fd = atomic_load(&wake_fd);
	/* Cannot fill up in practice, and if it did, it would be readable already. */
	if (fd >= 0 && write(fd, &one, sizeof one) < 0)
		return;
}

static void take_signal(int signal)
{
	int error = errno;

	signals_remember(signal);
	errno = error;
}

static void do_nothing(int signal)
{
	(void)signal;
}

static int install(struct signals *signals, int signal, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };

	/* The terminal sends these two to whoever writes from the background, and the write starts again when
	 * they are handled with SA_RESTART: for ever. */
	if (signal == SIGTTIN || signal == SIGTTOU)
		action.sa_flags = 0;
	sigfillset(&action.sa_mask);
	if (sigaction(signal, &action, &signals->before[signal]) < 0)
		return -errno;
	signals->changed |= SIGNALS_BIT(signal);
	return 0;
}

static int install_all(struct signals *signals, const struct signals_config *config)
{
	struct sigaction now;

	for (int signal = 1; signal < SIGNALS_COUNT; signal++) {
		uint32_t bit = SIGNALS_BIT(signal);
		void (*handler)(int) = config->taken & bit ? take_signal : do_nothing;
		int r;

		if (signal == SIGKILL || signal == SIGSTOP)
			continue;
		if (sigaction(signal, NULL, &now) < 0)
			return -errno;
		if (!((config->taken | config->harmless) & bit)) {
			if (!config->reset_others || now.sa_handler != SIG_IGN)
				continue;
			handler = SIG_DFL;
		} else if (config->may_stay_ignored & bit && now.sa_handler == SIG_IGN) {
			continue;
		}
		r = install(signals, signal, handler);
		if (r < 0)
			return r;
	}
	return 0;
}

int signals_open(struct signals *signals, const struct signals_config *config)
{
	sigset_t none;
	int fd, r;

	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	signals->fd = fd;
	signals->changed = 0;
	atomic_store(&pending, 0);
	atomic_store(&wake_fd, fd);
	pthread_sigmask(SIG_SETMASK, NULL, &signals->mask_before);

	r = install_all(signals, config);
	if (r < 0) {
		signals_close(signals);
		return r;
	}
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	return 0;
}

void signals_close(struct signals *signals)
{
	/* Mask first: what was blocked before must not meet the dispositions from before. */
	pthread_sigmask(SIG_SETMASK, &signals->mask_before, NULL);
	for (int signal = 1; signal < SIGNALS_COUNT; signal++)
		if (signals->changed & SIGNALS_BIT(signal))
			sigaction(signal, &signals->before[signal], NULL);
	signals->changed = 0;
	signals_forget(signals);
}

void signals_forget(struct signals *signals)
{
	atomic_store(&wake_fd, -1);
	if (signals->fd >= 0)
		close(signals->fd);
	signals->fd = -1;
}

uint32_t signals_take(struct signals *signals)
{
	uint64_t count;

	/* Emptied before the bits are taken: a signal in between wakes us once more, for nothing. */
	if (read(signals->fd, &count, sizeof count) < 0 && errno != EAGAIN)
		return 0;
	return atomic_exchange(&pending, 0);
}
