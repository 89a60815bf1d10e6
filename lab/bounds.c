/* SPDX-License-Identifier: MIT */
/* Decides how limits are read: from /proc, since prlimit(2) of another user's process needs a capability that root may lack. */
#include "lab/bounds.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/kin.h"

#define LABEL_WIDTH 26 /* of a line of /proc/PID/limits */

static rlim_t read_value(const char *word)
{
	unsigned long long value;

	return sscanf(word, "%llu", &value) == 1 ? (rlim_t)value : RLIM_INFINITY;
}

static bool read_limit(const char *line, const char *label, struct rlimit *ret_limit)
{
	char soft[32], hard[32];

	if (strncmp(line, label, strlen(label)) != 0 || strlen(line) < LABEL_WIDTH ||
		sscanf(line + LABEL_WIDTH, "%31s %31s", soft, hard) != 2)
		return false;
	*ret_limit = (struct rlimit){ read_value(soft), read_value(hard) };
	return true;
}

static void read_bounds(pid_t pid, struct bounds *ret_bounds)
{
	struct bounds bounds = { .known = false };
	char path[32], line[128];
	struct stat about;
	int found = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/limits", (int)pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof line, file)) {
		found += read_limit(line, "Max processes", &bounds.processes);
		found += read_limit(line, "Max open files", &bounds.descriptors);
	}
	if (file)
		fclose(file);
	snprintf(path, sizeof path, "/proc/%d", (int)pid);
	bounds.known = found == 2 && stat(path, &about) == 0;
	if (bounds.known)
		bounds.user = about.st_uid;
	*ret_bounds = bounds;
}

void bounds_find(struct bounds *ret_bounds)
{
	static struct kin kin; /* too large for a stack; nothing is kept in it between two calls */

	*ret_bounds = (struct bounds){ .known = false };
	kin_read(&kin);
	for (size_t i = 0; i < kin.count; i++) {
		struct bounds bounds;

		read_bounds(kin.process[i].pid, &bounds);
		if (bounds.known &&
			(!ret_bounds->known || bounds.descriptors.rlim_cur < ret_bounds->descriptors.rlim_cur))
			*ret_bounds = bounds;
	}
}

int bounds_set(const struct bounds *bounds)
{
	uid_t user = bounds->user;

	if (!bounds->known)
		return 0;
	if (setrlimit(RLIMIT_NOFILE, &bounds->descriptors) < 0 || setrlimit(RLIMIT_NPROC, &bounds->processes) < 0)
		return -errno;
	if (user == 0 || geteuid() != 0)
		return 0;
	if (setgroups(0, NULL) < 0 || setresgid(user, user, user) < 0 || setresuid(user, user, user) < 0)
		return -errno;
	return 0;
}
