/* SPDX-License-Identifier: MIT */
/*
 * One client: at most one connection, at most one request under way on it.
 *
 *           begin            connected          all sent          answered
 *   FREE ─────────→ CONNECTING ────→ SENDING ─────────→ WAITING ─────────┐
 *    ↑ ↑                ↕ full queue   ↑  ↕ --slow                       │
 *    │ │            KNOCKING           │  (trickling)                    │
 *    │ │                               └───────── KEPT ←─────────────────┤ --keep-alive
 *    │ └─(pause)── FAILED ←─ any error, from any of them                 ├──→ HELD  --hold
 *    └───────────────────────────────────────────────────────────────────┘ closed; --abort: reset
 *   DONE: all of its connections were made.
 *
 * FREE and KEPT are in drive->ready. One function of client.c writes the state.
 */
#ifndef LOAD_CLIENT_H
#define LOAD_CLIENT_H

#include "load/drive.h"

enum client_state {
	CLIENT_FREE,
	CLIENT_KNOCKING,
	CLIENT_CONNECTING,
	CLIENT_SENDING,
	CLIENT_WAITING,
	CLIENT_KEPT,
	CLIENT_HELD,
	CLIENT_FAILED,
	CLIENT_DONE,
};

struct client {
	struct list turn;     /* in drive->ready, ->trickling, ->pausing or ->knocking */
	struct list deadline; /* in drive->deadlines */
	enum client_state state;
	int fd;            /* -1: none */
	uint32_t watched;  /* events that epoll was told */
	int conns_left;    /* not yet made; -1: any number */
	int requests_left; /* over this connection; -1: any number */
	bool aborts;       /* instead of waiting */
	size_t sent;       /* of the message */
	int64_t asked_ns;  /* from when its latency counts */
	int64_t deadline_ns;
	int64_t turn_ns; /* trickling, pausing, knocking: when it is its turn */
	struct reply reply;
};

void client_init(struct drive *drive, struct client *client);

/* One that is ready: connect if it must, and ask. asked_ns: when this was due. */
void client_begin(struct drive *drive, struct client *client, int64_t asked_ns, int64_t now_ns);

/* What epoll says of it. */
void client_event(struct drive *drive, struct client *client, uint32_t events);

/* Its turn came (turn_ns), or its deadline. */
void client_turn(struct drive *drive, struct client *client, int64_t now_ns);
void client_expire(struct drive *drive, struct client *client);

#endif
