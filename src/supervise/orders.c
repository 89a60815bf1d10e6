/* SPDX-License-Identifier: MIT */
/* Decides what each signal does: the one table of them. Runs in the loop, not in a signal handler. */
#include "supervise/orders.h"

#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/list.h"
#include "process/orphans.h"
#include "supervise/report.h"
#include "supervise/status/status_server.h"
#include "supervise/stop.h"
#include "supervise/supervisor.h"
#include "supervise/verbs.h"

#define SAID_TWICE_MS 10

/* Nobody is so quick to lose patience. But timeout(1) tells its child and then the whole group, and wrappers pass on what a
 * terminal has sent to everybody. */
static bool is_said_twice(struct supervisor *supervisor, int signal)
{
	bool twice = supervisor->stop_signal == signal &&
		     supervisor->loop.now_ns - supervisor->stop_signal_ns < SAID_TWICE_MS * NS_PER_MS;

	supervisor->stop_signal = signal;
	supervisor->stop_signal_ns = supervisor->loop.now_ns;
	return twice;
}

static void order_terminate(struct supervisor *supervisor, int signal)
{
	if (is_said_twice(supervisor, signal))
		return;
	stop_raise(supervisor, supervisor->terminations++ == 0 ? STOP_DRAIN : STOP_KILL);
}

static void order_interrupt(struct supervisor *supervisor, int signal)
{
	if (is_said_twice(supervisor, signal))
		return;
	stop_raise(supervisor, supervisor->stop < STOP_QUICK ? STOP_QUICK : STOP_KILL);
}

static void order_refused(struct supervisor *supervisor, int signal, const char *why)
{
	report_own(supervisor, BROOD_WARN, "signal refused",
		(struct log_field[]){
			LOG_TEXT("signal", sigabbrev_np(signal)),
			LOG_TEXT("why", why),
		},
		2);
}

static void order_hang_up(struct supervisor *supervisor, int signal)
{
	if (supervisor->config->has_config_file || supervisor->drained)
		verbs_reload(supervisor, NULL);
	else if (supervisor->has_terminal)
		order_terminate(supervisor, signal);
	else
		order_refused(supervisor, signal, "there is no configuration file to load again; TERM stops");
}

static void order_reopen(struct supervisor *supervisor, int signal)
{
	(void)signal;
	verbs_reopen(supervisor, NULL);
}

static void order_upgrade(struct supervisor *supervisor, int signal)
{
	(void)signal;
	verbs_upgrade(supervisor, NULL);
}

/* The kernel sends these to whoever has a terminal, when it is resized or used from the background: then nobody
 * gave an order. */
static void order_drain(struct supervisor *supervisor, int signal)
{
	(void)signal;
	if (!supervisor->has_terminal)
		verbs_drain(supervisor, NULL);
}

static void order_resize(struct supervisor *supervisor, int signal)
{
	if (!supervisor->has_terminal)
		verbs_resize(supervisor, NULL, VERBS_RESIZE_BY, signal == SIGTTIN ? 1 : -1, NULL);
}

static bool is_ours(pid_t pid, void *arg)
{
	const struct supervisor *supervisor = arg;
	const struct supervised *service = NULL;

	while ((service = generation_next(supervisor, service)))
		if (supervised_has_process(service) && service->child.pid == pid)
			return true;
	if (supervisor->upgrade.candidate.child.pidfd >= 0 && supervisor->upgrade.candidate.child.pid == pid)
		return true;
	return status_server_is(supervisor, pid);
}

static void order_reap(struct supervisor *supervisor, int signal)
{
	bool more;
	unsigned int reaped = orphans_reap(is_ours, supervisor, &more);

	if (reaped > 0)
		report_own(supervisor, BROOD_DEBUG, "orphans reaped",
			(struct log_field[]){ LOG_UINT("count", reaped) }, 1);
	if (more)
		signals_remember(signal);
}

static const struct {
	int signal;
	void (*obey)(struct supervisor *supervisor, int signal);
} orders[] = {
	{ SIGTERM, order_terminate },
	{ SIGQUIT, order_terminate },
	{ SIGINT, order_interrupt },
	{ SIGHUP, order_hang_up },
	{ SIGUSR1, order_reopen },
	{ SIGUSR2, order_upgrade },
	{ SIGWINCH, order_drain },
	{ SIGTTIN, order_resize },
	{ SIGTTOU, order_resize },
	{ SIGCHLD, order_reap },
};

#define ORDERS (sizeof orders / sizeof *orders)

static void orders_ready(struct loop_source *source, uint32_t events)
{
	struct supervisor *supervisor = container_of(source, struct supervisor, signal_source);
	uint32_t came = signals_take(&supervisor->signals);

	(void)events;
	for (size_t i = 0; i < ORDERS; i++)
		if (came & SIGNALS_BIT(orders[i].signal))
			orders[i].obey(supervisor, orders[i].signal);
}

static bool find_terminal(void)
{
	int fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

int orders_open(struct supervisor *supervisor)
{
	struct signals_config config = {
		/* SIGXFSZ: a log file may meet RLIMIT_FSIZE. */
		.harmless = SIGNALS_BIT(SIGPIPE) | SIGNALS_BIT(SIGALRM) | SIGNALS_BIT(SIGXFSZ),
		/* nohup ignores the first; a shell without job control the others, for what it starts with &. */
		.may_stay_ignored = SIGNALS_BIT(SIGHUP) | SIGNALS_BIT(SIGINT) | SIGNALS_BIT(SIGQUIT),
	};
	int r;

	supervisor->has_terminal = find_terminal();
	for (size_t i = 0; i < ORDERS; i++)
		config.taken |= SIGNALS_BIT(orders[i].signal);
	/* Only init is given orphans. Everybody else's children are held by descriptor, and nothing else is waited for. */
	if (supervisor->pid != 1)
		config.taken &= ~SIGNALS_BIT(SIGCHLD);

	r = signals_open(&supervisor->signals, &config);
	if (r < 0)
		return r;
	supervisor->signal_source = (struct loop_source){ .fd = supervisor->signals.fd, .ready = orders_ready };
	r = loop_add(&supervisor->loop, &supervisor->signal_source, EPOLLIN);
	if (r < 0)
		signals_close(&supervisor->signals);
	return r;
}

void orders_close(struct supervisor *supervisor)
{
	loop_del(&supervisor->loop, &supervisor->signal_source);
	signals_close(&supervisor->signals);
}
