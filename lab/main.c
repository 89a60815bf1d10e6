/* SPDX-License-Identifier: MIT */
/*
 * brood-lab: servers that are broken on purpose, each beside brood. Decides what is run and what its outcome means for the exit
 * status. Started by `brood lab`; an executable of its own. It is the reaper of all processes that an experiment leaves.
 */
#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "lab/course.h"
#include "lab/experiments.h"
#include "lab/kin.h"
#include "lab/options.h"
#include "lab/picture.h"
#include "lab/report.h"
#include "lab/report_json.h"
#include "process/signals.h"

#define COURSE_MAX 64

struct lab {
	struct options options;
	struct course course;
	struct signals signals;
	uint32_t heard; /* signals that ask to stop, SIGNALS_BITs */
	bool colour;
	struct course_result results[COURSE_MAX];
	size_t count;
};

static bool is_interrupted(void *arg)
{
	struct lab *lab = arg;

	lab->heard |= signals_take(&lab->signals);
	return lab->heard != 0;
}

/* As a shell would say it of a program that a signal has ended. */
static int interrupted_status(const struct lab *lab)
{
	for (int signal = 1; signal < SIGNALS_COUNT; signal++)
		if (lab->heard & SIGNALS_BIT(signal))
			return 128 + signal;
	return EXIT_FAILURE;
}

static bool is_good(const struct course_result *result)
{
	return result->verdict.seen && result->verdict.clean;
}

/* ---- One, or one after another ---- */

static const struct course_result *run(struct lab *lab, const struct experiment *experiment)
{
	struct course_result *result = &lab->results[lab->count];

	if (!lab->options.json)
		report_head(experiment, lab->colour);
	course_run(&lab->course, experiment, result);
	if (is_interrupted(lab))
		return NULL;
	lab->count++;
	if (!lab->options.json)
		report_result(result, lab->colour);
	return result;
}

static int run_one(struct lab *lab)
{
	const struct course_result *result = run(lab, lab->options.experiment);

	if (!result)
		return interrupted_status(lab);
	if (lab->options.json)
		report_json_result(result);
	return is_good(result) ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Time to read, where somebody does. False: that was enough. */
static bool wait_for_reader(struct lab *lab)
{
	struct pollfd polled[2] = { { .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = lab->signals.fd, .events = POLLIN } };
	char key[64] = "";

	if (lab->options.json)
		return true;
	if (!isatty(STDIN_FILENO) || !picture_can()) {
		putchar('\n');
		return true;
	}
	printf("\n%sEnter: the next one.  q, Enter: enough.%s ", picture_tone(lab->colour, PICTURE_DIM),
		picture_tone(lab->colour, PICTURE_PLAIN));
	fflush(stdout);
	while (!is_interrupted(lab) && poll(polled, 2, -1) < 0)
		;
	if (is_interrupted(lab) || read(STDIN_FILENO, key, sizeof key) <= 0)
		return false;
	putchar('\n');
	return key[0] != 'q';
}

static int run_all(struct lab *lab)
{
	const struct experiment *experiment;
	int status = EXIT_SUCCESS;

	for (size_t i = 0; i < COURSE_MAX && (experiment = experiments_get(i)); i++) {
		if (i > 0 && !wait_for_reader(lab))
			break;
		if (is_interrupted(lab) || !run(lab, experiment))
			return interrupted_status(lab);
		if (!is_good(&lab->results[lab->count - 1]))
			status = EXIT_FAILURE;
	}
	if (lab->options.json)
		report_json_course(lab->results, lab->count);
	else
		report_course(lab->results, lab->count, lab->colour);
	return status;
}

/* ---- The program ---- */

static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int prepare(struct lab *lab, struct sentence *why)
{
	const struct signals_config taken = {
		.taken = SIGNALS_BIT(SIGINT) | SIGNALS_BIT(SIGTERM) | SIGNALS_BIT(SIGHUP) | SIGNALS_BIT(SIGQUIT),
	};

	if (course_find(&lab->course, why) < 0)
		return EX_UNAVAILABLE;
	raise_limit();
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 || signals_open(&lab->signals, &taken) < 0)
		return sentence_set(why, EX_OSERR, "cannot look after processes and signals");
	lab->course.interrupted = is_interrupted;
	lab->course.arg = lab;
	lab->course.quiet = lab->options.json;
	lab->colour = picture_has_colour();
	return 0;
}

/*
 * Whatever is below this process counts as the server under experiment, and is ended with it. A shell that became this program
 * (`exec`, `> >(tee log)`) may have left children of its own here: then a child, which has none, does the work. What ends this
 * process ends that one, too; ^C at a terminal reaches both. -1: go on, else the exit status.
 */
static int leave_family(void)
{
	int status = 0;
	pid_t pid;

	if (kin_count() == 0)
		return -1;
	pid = fork();
	if (pid == 0 && prctl(PR_SET_PDEATHSIG, SIGTERM) == 0)
		return -1;
	if (pid <= 0)
		return EX_OSERR;
	signal(SIGINT, SIG_IGN);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EX_OSERR;
}

static int run_chosen(struct lab *lab, struct sentence *why)
{
	int status = leave_family();

	if (status >= 0)
		return status;
	status = prepare(lab, why);
	if (status != 0)
		return status;
	status = lab->options.all ? run_all(lab) : run_one(lab);
	signals_close(&lab->signals);
	return status;
}

static int list(const struct lab *lab)
{
	if (lab->options.json)
		report_json_list();
	else
		report_list();
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	static struct lab lab; /* too large for a stack */
	struct sentence why = { "" };
	int status;

	setlocale(LC_ALL, "");
	status = options_read(argc > 0 ? argv + 1 : argv, &lab.options, &why);
	if (status == 0 && lab.options.help)
		options_help();
	else if (status == 0 && !lab.options.all && !lab.options.experiment)
		status = list(&lab);
	else if (status == 0)
		status = run_chosen(&lab, &why);
	if (why.text[0])
		fprintf(stderr, "brood: %s\n", why.text);
	return status;
}
