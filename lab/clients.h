/* SPDX-License-Identifier: MIT */
/*
 * The clients of an experiment: each connects, says what its wave says, and waits, leaves or stays. All of them in this process
 * and none ever blocks: what one of them sees, and when, is exact, which a load that only counts could not tell.
 */
#ifndef LAB_CLIENTS_H
#define LAB_CLIENTS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lab/experiment.h"

#define CLIENTS_MAX    2048
#define CLIENTS_ANSWER 120 /* bytes of an answer that are kept */

enum client_state {
	CLIENT_LATER,
	CLIENT_CONNECTING,
	CLIENT_WAITING,  /* connected; no byte has come yet */
	CLIENT_ANSWERED, /* and the connection is still open */
	CLIENT_OVER,
};

struct client {
	const struct wave *wave;                                      /* borrowed */
	int64_t due_ns, begun_ns, connected_ns, answered_ns, over_ns; /* 0: not yet */
	enum client_state state;
	int fd;
	bool refused; /* connect(2) failed, or a reset, or its time was up before it came to that */
	size_t answer_size;
	char answer[CLIENTS_ANSWER];
};

struct clients {
	struct client *client;
	size_t count;
	const struct experiment *experiment; /* borrowed */
	uint16_t port;
};

struct clients_counts {
	int64_t all, connected, answered, over;
	int64_t asked; /* those who want an answer */
	int64_t unanswered, hanging, wrong, repeated, slowest_ms, connecting_ms;
};

/* Nobody connects yet. Borrows experiment. 0 or -ENOMEM. */
int clients_init(struct clients *clients, const struct experiment *experiment, uint16_t port, int64_t begin_ns);
void clients_fini(struct clients *clients);

/* Lets those connect whose time has come; returns when the next one's will, INT64_MAX if all have. */
int64_t clients_start(struct clients *clients, int64_t now_ns);

/* At most clients->count entries, and how many; then the same entries back, after poll(2). */
size_t clients_fill(const struct clients *clients, struct pollfd *polled);
void clients_look(struct clients *clients, const struct pollfd *polled, size_t count, int64_t now_ns);

/* Nobody waits for anything any more. */
bool clients_settled(const struct clients *clients);

void clients_tell(const struct clients *clients, int64_t now_ns, struct clients_counts *ret_counts);

#endif
