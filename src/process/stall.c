/* SPDX-License-Identifier: MIT */
/*
 * Invariant: whoever waited since the last look at /proc begins anew. To look is dear (two files), so it is done once
 * for each LOOKS-th part of the limit that the process used; the clock alone tells when. What counts is the first
 * thread: it is the one that serves, and a handler's own threads may well compute side by side while it waits for
 * them.
 */
#include "process/stall.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define LOOKS     12
#define TEXT_SIZE 4096

static int cpu_of(pid_t pid, int64_t *ret_ns)
{
	struct timespec cpu;
	clockid_t clock;
	int error = clock_getcpuclockid(pid, &clock);

	if (error != 0)
		return -error;
	if (clock_gettime(clock, &cpu) < 0)
		return -errno;
	*ret_ns = cpu.tv_sec * NS_PER_SEC + cpu.tv_nsec;
	return 0;
}

static int read_file(pid_t pid, const char *name, char text[TEXT_SIZE])
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/task/%d/%s", (int)pid, (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, TEXT_SIZE - 1);
	close(fd);
	if (n <= 0)
		return -ESRCH;
	text[n] = '\0';
	return 0;
}

static int number_after(const char *text, const char *key, uint64_t *ret_number)
{
	const char *at = strstr(text, key);

	if (!at)
		return -ENODATA;
	*ret_number = strtoull(at + strlen(key), NULL, 10);
	return 0;
}

/* How often the kernel took the CPU from it because it had to wait. A /proc of another pid namespace would tell about
 * somebody else: then our child is not ours. */
static int waits_of(pid_t pid, uint64_t *ret_waits)
{
	char text[TEXT_SIZE];
	uint64_t parent;
	int r = read_file(pid, "status", text);

	if (r == 0)
		r = number_after(text, "\nPPid:", &parent);
	if (r == 0 && (pid_t)parent != getpid())
		r = -ENOENT;
	return r < 0 ? r : number_after(text, "\nvoluntary_ctxt_switches:", ret_waits);
}

static int thread_cpu_of(pid_t pid, int64_t *ret_ns)
{
	uint64_t user_ticks, system_ticks;
	char text[TEXT_SIZE];
	const char *fields;
	int r = read_file(pid, "stat", text);

	if (r < 0)
		return r;
	/* proc(5): the name in parentheses may hold anything; then 3 state … 14 user, 15 system. */
	fields = strrchr(text, ')');
	if (!fields || sscanf(fields + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64,
			       &user_ticks, &system_ticks) != 2)
		return -ENODATA;
	*ret_ns = (int64_t)((user_ticks + system_ticks) * (uint64_t)(NS_PER_SEC / sysconf(_SC_CLK_TCK)));
	return 0;
}

int stall_look(struct stall *stall, pid_t pid, uint64_t progress, int64_t limit_ns)
{
	int64_t cpu_ns = 0, thread_ns = 0;
	uint64_t waits;
	bool is_new;
	int r;

	if (stall->pid != pid)
		*stall = (struct stall){ .pid = pid };
	r = cpu_of(pid, &cpu_ns);
	if (r < 0 || cpu_ns - stall->looked_ns < limit_ns / LOOKS)
		return r;
	is_new = stall->looked_ns == 0;
	stall->looked_ns = cpu_ns;
	r = waits_of(pid, &waits);
	if (r == 0)
		r = thread_cpu_of(pid, &thread_ns);
	if (r < 0)
		return r;
	if (is_new || waits != stall->waits || progress != stall->progress) {
		stall->began_ns = thread_ns;
		stall->waits = waits;
		stall->progress = progress;
		return 0;
	}
	return thread_ns - stall->began_ns >= limit_ns;
}
