/* SPDX-License-Identifier: MIT */
/*
 * Decides who is kin, and reads what /proc says of each. Invariant: a process may vanish at any moment, and is then left out.
 * The runner is the reaper of orphans below it, so that whoever loses its parent stays among them. Called by sample.c, stage.c.
 */
#include "lab/kin.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define STATUS_SIZE 4096

static bool read_file(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "re");
	size_t n;

	if (!file)
		return false;
	n = fread(text, 1, size - 1, file);
	fclose(file);
	text[n] = '\0';
	return n > 0;
}

static bool read_process(pid_t pid, struct kin_process *ret_process)
{
	uint64_t own_user, own_system, of_children[2];
	char path[32], text[1024];
	const char *fields;
	char state;
	int parent, exit_signal;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	if (!read_file(path, text, sizeof text))
		return false;
	fields = strrchr(text, ')');
	/* proc(5): 3 state, 4 parent, … 14 to 17 times, … 38 exit signal */
	if (!fields ||
		sscanf(fields + 1,
			" %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
			" %*d %*d %*d %*d %*u %*u %*d %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u"
			" %*u %*u %d",
			&state, &parent, &own_user, &own_system, &of_children[0], &of_children[1], &exit_signal) != 7)
		return false;
	*ret_process = (struct kin_process){
		.pid = pid,
		.parent = parent,
		.state = state,
		.exit_signal = exit_signal,
		.cpu_ms = (int64_t)((own_user + own_system + of_children[0] + of_children[1]) * 1000 /
				    (uint64_t)sysconf(_SC_CLK_TCK)),
	};
	return true;
}

static void read_all(struct kin *all)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	all->count = 0;
	if (!proc)
		return;
	while (all->count < KIN_MAX && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]) &&
			read_process(atoi(entry->d_name), &all->process[all->count]))
			all->count++;
	closedir(proc);
}

static const struct kin_process *find(const struct kin *all, pid_t pid)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->process[i].pid == pid)
			return &all->process[i];
	return NULL;
}

/* Bounded: pids may be reused while we read, and parents lead in a circle. */
static bool is_below(const struct kin *all, const struct kin_process *process, pid_t top)
{
	for (int depth = 0; process && depth < 32; depth++) {
		if (process->parent == top)
			return true;
		process = find(all, process->parent);
	}
	return false;
}

void kin_read(struct kin *ret_kin)
{
	static struct kin all; /* too large for a stack; nothing is kept in it between two calls */
	pid_t self = getpid();

	read_all(&all);
	ret_kin->count = 0;
	for (size_t i = 0; i < all.count; i++)
		if (is_below(&all, &all.process[i], self))
			ret_kin->process[ret_kin->count++] = all.process[i];
}

size_t kin_count(void)
{
	static struct kin kin; /* as above */

	kin_read(&kin);
	return kin.count;
}

void kin_kill(void)
{
	static struct kin kin; /* as above */

	kin_read(&kin);
	for (size_t i = 0; i < kin.count; i++)
		if (kin.process[i].state != 'Z')
			kill(kin.process[i].pid, SIGKILL);
}

int64_t kin_descriptors(pid_t pid)
{
	struct dirent *entry;
	int64_t count = 0;
	char path[32];
	DIR *directory;

	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	directory = opendir(path);
	if (!directory)
		return -1;
	while ((entry = readdir(directory)))
		count += isdigit((unsigned char)entry->d_name[0]) != 0;
	closedir(directory);
	return count;
}

/* ---- Of all threads ---- */

/* What of(text) makes of /proc/PID/task/TID/name, summed up; -1 if there is no such process. */
static int64_t sum_up(pid_t pid, const char *name, int64_t (*of)(const char *text))
{
	char path[64], text[STATUS_SIZE];
	struct dirent *entry;
	int64_t sum = 0;
	DIR *tasks;

	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	tasks = opendir(path);
	if (!tasks)
		return -1;
	while ((entry = readdir(tasks))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof path, "/proc/%d/task/%d/%s", (int)pid, atoi(entry->d_name), name);
		if (read_file(path, text, sizeof text))
			sum += of(text);
	}
	closedir(tasks);
	return sum;
}

static int64_t voluntary_switches(const char *text)
{
	const char *found = strstr(text, "\nvoluntary_ctxt_switches:");

	return found ? atoll(strchr(found, ':') + 1) : 0;
}

int64_t kin_wake_ups(pid_t pid)
{
	return sum_up(pid, "status", voluntary_switches);
}

/* Nanoseconds on a core, nanoseconds waiting for one. */
static int64_t wanted_ms(const char *text)
{
	int64_t ran_ns, waited_ns;

	return sscanf(text, "%" SCNd64 " %" SCNd64, &ran_ns, &waited_ns) == 2 ? (ran_ns + waited_ns) / NS_PER_MS : 0;
}

int64_t kin_wanted_ms(pid_t pid)
{
	return sum_up(pid, "schedstat", wanted_ms);
}

bool kin_catches(pid_t pid, int signal)
{
	char path[32], text[STATUS_SIZE];
	const char *found;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	found = read_file(path, text, sizeof text) ? strstr(text, "\nSigCgt:") : NULL;
	return found && (strtoull(strchr(found, ':') + 1, NULL, 16) >> (signal - 1) & 1);
}
