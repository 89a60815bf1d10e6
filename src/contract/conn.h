/* SPDX-License-Identifier: MIT */
/*
 * struct brood_conn from the inside. Core allocates it (from the worker arena), a transport fills in
 * who and where, a model carries it to a worker, core lives its life there (core/life.c).
 */
#ifndef CONTRACT_CONN_H
#define CONTRACT_CONN_H

#include <brood/brood.h>
#include <stdio.h>

#include "base/list.h"
#include "contract/slot.h"
#include "platform/direct.h"
#include "process/child.h"

struct listener;
struct model;
struct service;
struct transport_ops;

#define CONN_DEFERS 16
#define CONN_BUFFER 8192 /* what readline may hold back */
#define CONN_NEVER  INT64_MAX

union conn_address {
	struct sockaddr any;
	struct sockaddr_storage storage;
};

struct conn_defer {
	void (*fn)(void *arg);
	void *arg;
};

/* A datagram being served: what came, and the answer being collected. */
struct conn_packet {
	char *data;
	size_t size;
	size_t read;
	char *reply;
	size_t reply_size;
	size_t limit; /* of the answer */
	bool wrote;
	uint32_t dropped; /* the kernel's count of datagrams lost on this socket so far */
};

/* How long this request had to wait for its client in one direction, and for how many bytes (core/pace.c). */
struct conn_pace {
	bool begun;
	int64_t waited_ns;
	int64_t from;  /* bytes that had moved when it began */
	int64_t taken; /* out: bytes that the client had when the wait at hand began */
};

/* What few handlers ask for: apart, so that a connection that only waits needs no memory for it. */
struct conn_cold {
	char peer_text[128];
	struct conn_defer defer[CONN_DEFERS];
};

struct brood_conn {
	const struct transport_ops *transport;
	struct model *model;
	struct service *service;
	struct listener *listener;
	struct slot *slot;
	int publish_fd;     /* where to write the slot (conn_publish), or -1: whoever watches sees it as it is */
	off_t publish_at;   /* in there */
	unsigned int index; /* of conn and slot in their pools */
	int fd;             /* stream: owned; datagram: the listener's, borrowed */

	/* In the service process: who has it. */
	struct list link; /* core's: out, or free */
	struct list work; /* the model's */
	pid_t pid;
	int64_t accepted_ns;
	int32_t queue_us; /* waited to be accepted, as far as that was asked for; -1: nobody knows */
	int64_t ended_ns; /* 0: now, if at all (core/crowd.h) */
	bool expire_sent : 1;
	bool answered : 1; /* it got .last_words */
	bool recorded : 1; /* its end record is written */

	/* In the worker. Absolute times are CONN_NEVER when off. */
	int64_t first_byte_ns;
	int64_t request_ns;
	int64_t total_ns;
	int32_t idle_ms;
	int32_t write_ms;
	int32_t request_ms; /* for the next call of handle; BROOD_OFF: none */
	struct conn_pace in, out;
	unsigned int operations; /* so far (core/io.c) */
	unsigned int spooled;    /* bytes that a forked one has left (contract/line_spool.h) */

	unsigned int expired;     /* enum end_reason of the deadline that passed, 0: none */
	int broken;               /* negative errno that every further call answers, or 0 */
	int result;               /* what its moments came to so far: negative errno, or 0 */
	unsigned int park_reason; /* enum end_reason, should its client send nothing … */
	int64_t parked_until_ns;  /* … until then */
	bool set_up : 1;          /* finish is due */
	bool refused : 1;         /* by verify: nothing else is called */
	bool has_peer_text : 1;
	bool got_byte : 1;
	bool eof : 1;      /* the client's end of input was seen */
	bool finished : 1; /* our end of output was sent */
	bool aborted : 1;
	bool blocks : 1; /* the first read may block: the socket itself gives up at the deadline (core/first_read.h) */
	bool drained : 1; /* a try found nothing more to read, and the loop has heard of nothing since */
	bool streams : 1; /* a short read means that there was nothing more: TCP, where nothing else interrupts a read */
	bool peeks : 1;        /* the end, or urgent data, may follow what was read: only a try tells */
	bool gave_way : 1;     /* between two requests, to somebody who waits */
	bool forked : 1;       /* brood_fork gave it to a child */
	bool heir_here : 1;    /* this is a standing worker's child, made by brood_fork */
	bool sole : 1;         /* no other process of brood's has the descriptor: closing it ends the connection */
	bool unblocked : 1;    /* the socket is O_NONBLOCK, for now (core/sendfile.c) */
	bool child : 1;        /* this is that child */
	bool bad_request : 1;  /* the protocol spoken on it was broken by the client, who was told */
	bool may_say_late : 1; /* a wait timed out before any of the answer left, and to say so is up to the worker */

	socklen_t peer_size;
	socklen_t local_size;
	union conn_address peer;
	union conn_address local;

	char *buffer; /* CONN_BUFFER bytes, for readline */
	unsigned int buffer_start, buffer_end;
	struct conn_packet packet;

	struct child heir; /* brood_fork under fork: the child that has it */

	unsigned int defers;
	struct conn_cold *cold;
	void *state;
	FILE *file;
};

/* In the worker: what the slot says now shall be known, even should this process crash next. A write and not a mapping of
 * the board: it costs a third (docs/decisions/fork-cost.md), and no stray pointer of a handler reaches the board. */
static inline void conn_publish(const struct brood_conn *conn)
{
	const struct slot *slot = conn->slot;

	if (conn->publish_fd >= 0)
		direct_pwrite(conn->publish_fd, slot, slot_used(slot), conn->publish_at);
}

/* The same, unless the slot belongs to the child that has the connection now. */
static inline void conn_tell(const struct brood_conn *conn)
{
	if (!conn->forked)
		conn_publish(conn);
}

#endif
