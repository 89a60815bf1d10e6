/* SPDX-License-Identifier: MIT */
/* A moment of a running brood, as brood-top shows it: put together from what it says and from /proc. */
#ifndef TOP_PICTURE_H
#define TOP_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/sentence.h"

#define PICTURE_NAME    80
#define PICTURE_WORD    24
#define PICTURE_PEER    176
#define PICTURE_REASONS 8 /* of refusals, the most frequent ones */
#define PICTURE_UNKNOWN (-1)

struct picture_reason {
	char name[PICTURE_WORD * 2];
	uint64_t count;
};

struct picture_service {
	char name[PICTURE_NAME], model[PICTURE_WORD], state[PICTURE_WORD];
	unsigned int generation;
	pid_t pid; /* 0: it has no process */
	int64_t state_ms;
	uint64_t clients, bound;
	bool paused;
	double accepted_per_s, requests_per_s, in_per_s, out_per_s;
	uint64_t ended; /* how many the two below are made of */
	int64_t p50_us, p99_us;
	uint64_t refused, died;
	struct picture_reason reasons[PICTURE_REASONS];
	size_t reason_count;
	bool has_queue; /* of its listeners, as far as the kernel tells */
	uint64_t waiting, queue_limit;
};

/* A worker with a process of its own, or a connection somewhere else. */
struct picture_worker {
	size_t service; /* number of its service */
	pid_t pid;      /* 0: it has none */
	char state[PICTURE_WORD], peer[PICTURE_PEER];
	int64_t state_ms;                      /* or PICTURE_UNKNOWN */
	int64_t requests, bytes_in, bytes_out; /* or PICTURE_UNKNOWN */
};

/* A process below the supervisor, or itself. */
struct picture_process {
	pid_t pid, parent;
	char name[PICTURE_WORD];
	int64_t cpu_ms;
	uint64_t resident_bytes;
	double cpu_percent; /* since the picture before, or PICTURE_UNKNOWN */
};

struct picture {
	char version[PICTURE_WORD];
	pid_t pid;
	int64_t up_ms;
	uint64_t lost_lines;
	int64_t taken_ns; /* monotonic */
	struct picture_service *services;
	size_t service_count;
	struct picture_worker *workers;
	size_t worker_count;
	struct picture_process *processes;
	size_t process_count;
};

/* From the answers to "status --json" and "workers --json". 0, or -EBADMSG or -ENOMEM with a sentence. */
int picture_read(struct picture *ret_picture, const char *status, const char *workers, struct sentence *why);

/* What /proc knows of the processes below picture->pid. before: the last picture, or NULL. */
void picture_add_processes(struct picture *picture, const struct picture *before);

void picture_free(struct picture *picture);

const struct picture_process *picture_process(const struct picture *picture, pid_t pid); /* NULL: not there */

#endif
