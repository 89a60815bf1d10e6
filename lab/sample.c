/* SPDX-License-Identifier: MIT */
/* Decides what one look at a server is made of: its processes (kin.c), its listening socket. Called by stage.c, some times a second. */
#include "lab/sample.h"

#include <signal.h>
#include <stdio.h>

#include "base/clock.h"
#include "lab/kin.h"
#include "observe/queue_depth.h"

#define LISTENS 0x0A /* in /proc/net/tcp */

/* The inode of the socket that listens on this port of 127.0.0.1: sock_diag knows sockets by that number. */
static uint32_t find_listener(uint16_t port)
{
	FILE *file = fopen("/proc/net/tcp", "re");
	unsigned int local_port, state, inode;
	uint32_t found = 0;
	char line[256];

	if (!file)
		return 0;
	while (found == 0 && fgets(line, sizeof line, file))
		if (sscanf(line, " %*d: %*x:%x %*x:%*x %x %*x:%*x %*x:%*x %*x %*u %*u %u", &local_port, &state,
			    &inode) == 3 &&
			local_port == port && state == LISTENS)
			found = inode;
	fclose(file);
	return found;
}

static void look_at_queue(struct sampler *sampler, struct sample *sample)
{
	struct queue_depth queue;

	if (sampler->inode == 0)
		sampler->inode = find_listener(sampler->port);
	queue = (struct queue_depth){ .inode = sampler->inode };
	if (sampler->inode == 0 || queue_depth_read(&queue, 1) < 0 || !queue.known)
		return;
	sample->queue = queue.waiting;
	sample->queue_limit = queue.limit;
}

static void look_at_process(const struct sampler *sampler, const struct kin_process *process, struct sample *sample)
{
	int64_t descriptors, wake_ups, wanted_ms;

	sample->cpu_ms += process->cpu_ms;
	sample->tells_child |= process->pid != sampler->server && process->exit_signal == SIGCHLD;
	if (process->state == 'Z') {
		sample->zombies++;
		return;
	}
	sample->processes++;
	descriptors = kin_descriptors(process->pid);
	if (descriptors > sample->descriptors)
		sample->descriptors = descriptors;
	wake_ups = kin_wake_ups(process->pid);
	sample->wake_ups += wake_ups > 0 ? wake_ups : 0;
	wanted_ms = kin_wanted_ms(process->pid);
	sample->wanted_ms += wanted_ms > 0 ? wanted_ms : 0;
}

void sample_take(struct sampler *sampler, struct sample *ret_sample)
{
	static struct kin kin; /* too large for a stack; nothing is kept in it between two calls */

	*ret_sample = (struct sample){ .taken_ns = clock_now_ns() };
	kin_read(&kin);
	for (size_t i = 0; i < kin.count; i++)
		look_at_process(sampler, &kin.process[i], ret_sample);
	ret_sample->descriptors_limit = sampler->descriptors_limit;
	ret_sample->catches_child = kin_catches(sampler->server, SIGCHLD);
	look_at_queue(sampler, ret_sample);
}
