/* SPDX-License-Identifier: MIT */
/*
 * Decides what a faulty server may do to the machine: listen on loopback, for a limited time, as a user without other
 * processes, with a few descriptors and processes more than it has; and neither it nor a child outlives its parent.
 */
#include "lab/servers/laboratory.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define FIRST_UID     60000
#define UIDS          5000
#define LOG_BYTES_MAX (1 << 20) /* should its output be a file */

static _Noreturn __attribute__((format(printf, 2, 3))) void refuse(int status, const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(status);
}

/* ---- The command line. No option says where to listen ---- */

struct option {
	const char *name;
	unsigned int *value;
	unsigned int smallest, largest;
};

static void set(const struct option *option, const char *text)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = text ? strtoul(text, &end, 10) : 0;
	if (!text || !isdigit((unsigned char)text[0]) || *end || errno || value < option->smallest ||
		value > option->largest)
		refuse(EX_USAGE, "%s takes a number from %u to %u", option->name, option->smallest, option->largest);
	*option->value = (unsigned int)value;
}

static void read_options(struct laboratory *laboratory, char **words)
{
	const struct option options[] = {
		{ "--port", &laboratory->port, 0, 65535 },
		{ "--seconds", &laboratory->seconds, 1, 300 },
		{ "--more-descriptors", &laboratory->more_descriptors, 0, 4096 },
		{ "--more-processes", &laboratory->more_processes, 0, 4096 },
		{ "--delay", &laboratory->delay_ms, 0, 60000 },
		{ "--work", &laboratory->work_ms, 0, 60000 },
	};
	const size_t count = sizeof(options) / sizeof(options[0]);

	for (; *words; words += 2) {
		size_t which = 0;

		while (which < count && strcmp(words[0], options[which].name) != 0)
			which++;
		if (which == count)
			refuse(EX_USAGE, "there is no option \"%s\"", words[0]);
		set(&options[which], words[1]);
		if (!words[1])
			break;
	}
}

/* ---- The cage ---- */

/* No higher than what somebody else has set already. */
static void limit(__rlimit_resource_t resource, rlim_t value)
{
	struct rlimit both;

	getrlimit(resource, &both);
	both.rlim_max = value < both.rlim_max ? value : both.rlim_max;
	both.rlim_cur = both.rlim_max;
	if (setrlimit(resource, &both) < 0)
		refuse(EX_OSERR, "cannot set its own limits: %s", strerror(errno));
}

/* Threads count like processes, for the kernel's limit and so for us. */
static unsigned int tasks_of_process(const char *pid, uid_t user)
{
	char path[sizeof("/proc//status") + NAME_MAX], line[256];
	unsigned int owner = 0, threads = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/status", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file)) {
		sscanf(line, "Uid: %u", &owner);
		sscanf(line, "Threads: %u", &threads);
	}
	fclose(file);
	return owner == user ? threads : 0;
}

static unsigned int tasks_of(uid_t user)
{
	unsigned int tasks = 0;
	DIR *processes = opendir("/proc");
	const struct dirent *entry;

	if (!processes)
		refuse(EX_UNAVAILABLE, "needs /proc, to set its limits");
	while ((entry = readdir(processes)))
		if (isdigit((unsigned char)entry->d_name[0]))
			tasks += tasks_of_process(entry->d_name, user);
	closedir(processes);
	return tasks;
}

/* The kernel holds root to no number of processes. */
static void become_nobody_else(void)
{
	uid_t user = FIRST_UID + (uid_t)getpid() % UIDS;

	if (geteuid() != 0)
		return;
	while (tasks_of(user) > 0)
		user = user + 1 < FIRST_UID + UIDS ? user + 1 : FIRST_UID;
	if (setgroups(0, NULL) < 0 || setresgid(user, user, user) < 0 || setresuid(user, user, user) < 0)
		refuse(EX_UNAVAILABLE, "is root, and cannot become a user of its own: %s", strerror(errno));
	/* Who changed its user is opaque: even its own /proc entries belong to root. */
	prctl(PR_SET_DUMPABLE, 1);
}

/* Called before and after each fork of libc's: no line of the servers' own has to think of it. */
static pid_t forking;

static void before_fork(void)
{
	forking = getpid();
}

static void die_with_parent(void)
{
	const pid_t parent = getppid();

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* 0: it is outside our pid namespace. */
	if (parent != forking && parent != 0)
		_exit(EX_SOFTWARE);
}

/* As a shell would start it, whatever our parent is: an ignored SIGCHLD, for one, would leave no zombies. */
static void reset_signals(void)
{
	sigset_t none;

	for (int number = 1; number < SIGRTMIN; number++)
		signal(number, SIG_DFL);
	/* As in the originals' Python: a client that left is an error of send. */
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

struct laboratory laboratory_enter(int argc, char **argv, unsigned int work_ms)
{
	struct laboratory laboratory = {
		.seconds = 30, .more_descriptors = 32, .more_processes = 64, .work_ms = work_ms
	};
	const char *runner = getenv("BROOD_LAB");

	if (!runner || strcmp(runner, "1") != 0)
		refuse(EX_USAGE, "this server is broken on purpose: start it with `brood lab %s`",
			program_invocation_short_name);
	read_options(&laboratory, argv + (argc > 0));

	/* What it inherits is not its own to keep open. */
	close_range(STDERR_FILENO + 1, ~0U, 0);
	reset_signals();
	/* Its runner can end it with all its children. EPERM: it leads a session, and so a group. */
	if (setpgid(0, 0) < 0 && errno != EPERM)
		refuse(EX_OSERR, "cannot lead a process group: %s", strerror(errno));
	forking = getppid();
	become_nobody_else();
	/* Last, since a change of user undoes it. */
	die_with_parent();
	pthread_atfork(before_fork, NULL, die_with_parent);

	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_FSIZE, LOG_BYTES_MAX);
	limit(RLIMIT_CPU, laboratory.seconds);
	limit(RLIMIT_NPROC, tasks_of(getuid()) + laboratory.more_processes);
	alarm(laboratory.seconds);
	return laboratory;
}

int laboratory_listen(const struct laboratory *laboratory, int backlog)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)laboratory->port),
	};
	socklen_t length = sizeof(address);
	const int listener = socket(AF_INET, SOCK_STREAM, 0);
	const int on = 1;
	int next_descriptor;

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(listener, backlog) < 0 ||
		getsockname(listener, (struct sockaddr *)&address, &length) < 0)
		refuse(EX_OSERR, "cannot listen on 127.0.0.1:%u: %s", laboratory->port, strerror(errno));
	/* The next number tells how many are open: there are no gaps before it. */
	next_descriptor = dup(listener);
	close(next_descriptor);
	limit(RLIMIT_NOFILE, (rlim_t)next_descriptor + laboratory->more_descriptors);
	dprintf(STDOUT_FILENO, "listening on tcp://127.0.0.1:%u\n", ntohs(address.sin_port));
	laboratory_sleep(laboratory->delay_ms);
	return listener;
}

void laboratory_sleep(unsigned int milliseconds)
{
	struct timespec rest = { milliseconds / 1000, milliseconds % 1000 * 1000000L };

	while (nanosleep(&rest, &rest) < 0 && errno == EINTR)
		;
}

void laboratory_log(const char *format, ...)
{
	const int saved_errno = errno;
	char line[512];
	va_list arguments;
	size_t length = (size_t)snprintf(line, sizeof(line), "[%d] ", (int)getpid());

	va_start(arguments, format);
	vsnprintf(line + length, sizeof(line) - length - 1, format, arguments);
	va_end(arguments);
	/* A request is text of the client's: it must not end lines or move cursors. */
	for (length = 0; line[length]; length++)
		if (iscntrl((unsigned char)line[length]) || (signed char)line[length] < 0)
			line[length] = ' ';
	line[length++] = '\n';
	while (write(STDOUT_FILENO, line, length) < 0 && errno == EINTR)
		;
	errno = saved_errno;
}

void laboratory_fail(const char *what)
{
	laboratory_log("%s: %s", what, strerror(errno));
	exit(EXIT_FAILURE);
}
