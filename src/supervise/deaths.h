/* SPDX-License-Identifier: MIT */
/* The last deaths: of service processes, and of workers as their service process tells them. For `brood ctl deaths`. */
#ifndef SUPERVISE_DEATHS_H
#define SUPERVISE_DEATHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define DEATHS_KEPT       64
#define DEATHS_TOLD_A_SEC 16 /* by one service process; the rest is counted */
#define DEATHS_TEXT_SIZE  128
#define DEATHS_EXIT_SIZE  48
#define DEATHS_SECOND_NS  INT64_C(1000000000)

struct death {
	int64_t realtime_ns;
	pid_t pid; /* 0: it could not even be made */
	bool worker;
	uint32_t untold; /* of workers, since the one told before, of which nothing else is known */
	char service[DEATHS_TEXT_SIZE];
	char exit[DEATHS_EXIT_SIZE]; /* "signal 11 (SEGV)" */
	char reason[DEATHS_TEXT_SIZE];
};

struct deaths {
	struct death ring[DEATHS_KEPT];
	uint64_t count; /* ever */
};

/* Copies *death, with the time of now. */
void deaths_add(struct deaths *deaths, const struct death *death);

/* The latest is number 0; NULL beyond those kept. */
const struct death *deaths_at(const struct deaths *deaths, size_t number);

/* A death of a worker, as text for the channel and back. What comes back is foreign text in its bounds, whatever went in. */
struct deaths_teller {
	int64_t second_ns;
	unsigned int told; /* in that second */
	uint32_t untold;
};

/* Whether this one is told. False: it is counted. */
bool deaths_may_tell(struct deaths_teller *teller, int64_t now_ns);

void deaths_write(char *text, size_t size, const char *exit, const char *reason, uint32_t untold);
void deaths_read(struct death *ret_death, const char *service, pid_t pid, const char *text);

#endif
