/* SPDX-License-Identifier: MIT */
/* The processes below the runner, as /proc shows them: the server under experiment, since only one runs at a time. */
#ifndef LAB_KIN_H
#define LAB_KIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define KIN_MAX 4096

struct kin_process {
	pid_t pid, parent;
	char state;
	int exit_signal; /* what its parent is told its end with */
	int64_t cpu_ms;  /* its own, and of children that it has reaped */
};

struct kin {
	struct kin_process process[KIN_MAX];
	size_t count;
};

void kin_read(struct kin *ret_kin);

size_t kin_count(void); /* zombies, too */
void kin_kill(void);    /* SIGKILL to all of them */

/* Of one of them; -1 if it is gone or hides it. */
int64_t kin_descriptors(pid_t pid);
int64_t kin_wake_ups(pid_t pid);  /* of all its threads */
int64_t kin_wanted_ms(pid_t pid); /* the same: on a core, or waiting for one */
bool kin_catches(pid_t pid, int signal);

#endif
