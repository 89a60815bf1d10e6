/* SPDX-License-Identifier: MIT */
/*
 * brood-load: clients for a server, as many as asked for, and what they saw. Starts the processes that carry them,
 * shows how it goes, and tells the figures at the end, which a signal may bring nearer. Started by `brood load`;
 * an executable of its own, since brood itself needs none of it.
 */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "load/crew.h"
#include "load/progress.h"
#include "load/summary.h"

/* Signals become readable, before there are children, who inherit that they are blocked: a Ctrl-C is the parent's
 * to hear. */
static int hear_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Whether one was not about a child. */
static bool was_told_to_end(int signals)
{
	struct signalfd_siginfo info;
	bool told = false;

	while (read(signals, &info, sizeof info) == sizeof info)
		told |= info.ssi_signo != SIGCHLD;
	return told;
}

static void watch(struct crew *crew, int signals)
{
	struct pollfd ready = { .fd = signals, .events = POLLIN };
	static struct outcome sum; /* large */
	struct progress progress;

	progress_init(&progress, crew->start_ns);
	for (crew_reap(crew); crew->alive > 0; crew_reap(crew)) {
		int n = poll(&ready, 1, progress.shown ? PROGRESS_INTERVAL_MS : -1);

		if (n > 0 && was_told_to_end(signals))
			crew_stop(crew);
		if (n > 0 || !progress.shown)
			continue;
		crew_sum(crew, &sum);
		progress_show(&progress, &sum, clock_now_ns());
	}
	progress_fini(&progress);
}

static double cpu_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_CHILDREN, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static int print(const struct summary *summary, struct sentence *why)
{
	if (summary->plan->options.json)
		summary_json_print(summary, stdout);
	else
		summary_text_print(summary, strcmp(nl_langinfo(CODESET), "UTF-8") == 0, stdout);
	if (fflush(stdout) != 0 || ferror(stdout))
		return sentence_set(why, EX_OSERR, "standard output cannot be written");
	return 0;
}

/* Exit status of a load that ran. */
static int judge(const struct summary *summary, struct sentence *why)
{
	const struct outcome *outcome = summary->outcome;
	const char *url = summary->plan->options.url;

	if (outcome->trouble.text[0])
		return sentence_set(why, EX_OSERR, "%s", outcome->trouble.text);
	if (outcome->latencies.count > 0 || outcome_read(&outcome->aborted) > 0)
		return 0;
	if (outcome_errors(outcome) > 0 && outcome_read(&outcome->errors[OUTCOME_REFUSED]) == outcome_errors(outcome))
		return sentence_set(why, EXIT_FAILURE, "nobody listens at %.200s", url);
	return sentence_set(why, EXIT_FAILURE, "nothing that was asked of %.200s succeeded", url);
}

static int run(const struct plan *plan, struct sentence *why)
{
	static struct outcome sum; /* large */
	struct summary summary = { .plan = plan, .outcome = &sum };
	int signals = hear_signals(), status;
	struct crew crew;

	if (signals < 0)
		return sentence_set(why, EX_OSERR, "signals cannot be heard: %s", strerror(errno));
	status = crew_start(&crew, plan, why);
	if (status != 0)
		return status;
	watch(&crew, signals);
	crew_sum(&crew, &sum);
	summary.seconds = sum.ended_ns > crew.start_ns ? (double)(sum.ended_ns - crew.start_ns) / NS_PER_SEC : 0;
	summary.cpu_seconds = cpu_seconds();
	crew_fini(&crew);
	status = print(&summary, why);
	return status == 0 ? judge(&summary, why) : status;
}

int main(int argc, char **argv)
{
	struct options options;
	struct sentence why = { "" };
	struct plan plan;
	int status;

	setlocale(LC_CTYPE, "");
	status = options_read(argc > 0 ? argv + 1 : argv, &options, &why);
	if (status == 0 && options.help) {
		options_help();
		return 0;
	}
	if (status == 0)
		status = plan_init(&plan, &options, &why);
	if (status == 0) {
		status = run(&plan, &why);
		plan_fini(&plan);
	}
	if (status != 0)
		fprintf(stderr, "brood: %s\n", why.text);
	return status;
}
