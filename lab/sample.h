/* SPDX-License-Identifier: MIT */
/* What the kernel knows of a server, and of all processes below it, at one moment. */
#ifndef LAB_SAMPLE_H
#define LAB_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct sample {
	int64_t taken_ns;
	int64_t processes; /* without zombies */
	int64_t zombies;
	int64_t descriptors;       /* of the process that has most of them */
	int64_t descriptors_limit; /* of the server */
	int64_t cpu_ms;            /* of all, and of children that they have reaped */
	int64_t wake_ups;          /* of those that live */
	int64_t wanted_ms;         /* of those that live: on a core, or waiting for one */
	int64_t queue;             /* clients that are connected and not accepted */
	int64_t queue_limit;
	bool catches_child; /* the server has a handler for SIGCHLD */
	bool tells_child;   /* a process below it tells its end with SIGCHLD */
};

struct sampler {
	pid_t server;
	uint16_t port;
	int64_t descriptors_limit;
	uint32_t inode; /* of the listening socket; 0: not found yet */
};

/* What could not be learned is 0. */
void sample_take(struct sampler *sampler, struct sample *ret_sample);

#endif
