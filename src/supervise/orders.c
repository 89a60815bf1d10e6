/* SPDX-License-Identifier: MIT */
/* Decides what each signal does: the one table of them. Runs in the loop, not in a signal handler. */
#include "supervise/orders.h"

#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/list.h"
#include "observe/log.h"
#include "process/orphans.h"
#include "supervise/channel.h"
#include "supervise/report.h"
#include "supervise/stop.h"
#include "supervise/supervisor.h"

static void order_terminate(struct supervisor *supervisor, int signal)
{
	(void)signal;
	stop_raise(supervisor, supervisor->terminations++ == 0 ? STOP_DRAIN : STOP_KILL);
}

static void order_interrupt(struct supervisor *supervisor, int signal)
{
	(void)signal;
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

static void order_later(struct supervisor *supervisor, int signal)
{
	order_refused(supervisor, signal, "not part of this version");
}

/* The kernel sends these to whoever has a terminal, when it is resized or used from the background: then nobody
 * gave an order. */
static void order_later_without_terminal(struct supervisor *supervisor, int signal)
{
	if (!supervisor->has_terminal)
		order_later(supervisor, signal);
}

static void order_hang_up(struct supervisor *supervisor, int signal)
{
	if (supervisor->config->has_config_file)
		order_later(supervisor, signal);
	else if (supervisor->has_terminal)
		order_terminate(supervisor, signal);
	else
		order_refused(supervisor, signal, "there is no configuration file to load again; TERM stops");
}

static void order_reopen(struct supervisor *supervisor, int signal)
{
	struct log *log = supervisor->config->log;
	struct sentence why;
	int r;

	if (!log->path) {
		order_refused(supervisor, signal, "the log is stderr: there is nothing to reopen");
		return;
	}
	r = log_reopen(log, &why);
	report_own(supervisor, r < 0 ? BROOD_ERROR : BROOD_INFO, r < 0 ? "log not reopened" : "log reopened",
		(struct log_field[]){ LOG_TEXT("why", r < 0 ? why.text : NULL) }, 1);
	for (size_t i = 0; i < supervisor->service_count; i++)
		if (supervised_has_process(&supervisor->services[i]))
			channel_send(supervisor->services[i].channel_source.fd, CHANNEL_REOPEN, 0, NULL);
}

static bool is_ours(pid_t pid, void *arg)
{
	const struct supervisor *supervisor = arg;

	for (size_t i = 0; i < supervisor->service_count; i++)
		if (supervised_has_process(&supervisor->services[i]) && supervisor->services[i].child.pid == pid)
			return true;
	return false;
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
	{ SIGUSR2, order_later },
	{ SIGWINCH, order_later_without_terminal },
	{ SIGTTIN, order_later_without_terminal },
	{ SIGTTOU, order_later_without_terminal },
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
