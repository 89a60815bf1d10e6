/* SPDX-License-Identifier: MIT */
/* When an answer is complete, and when it is wrong: decided from its bytes alone. Pure. */
#ifndef LOAD_REPLY_H
#define LOAD_REPLY_H

#include "load/response.h"

enum reply_kind {
	REPLY_AUTO,   /* LINES if the message ends with one, CLOSE if there is no message, else ECHO */
	REPLY_ECHO,   /* the bytes that were sent */
	REPLY_LINES,  /* as many lines as were sent */
	REPLY_SIZE,   /* so many bytes */
	REPLY_CLOSE,  /* until the connection ends */
	REPLY_NONE,   /* nobody waits for one */
	REPLY_PACKET, /* one datagram */
	REPLY_HTTP,
};

/* The same for all requests. */
struct reply_rule {
	enum reply_kind kind;
	const char *sent; /* borrowed */
	size_t sent_size;
	uint64_t expected; /* bytes, or lines */
	bool of_head;      /* HTTP */
};

/* One answer. */
struct reply {
	union {
		struct response response;
		uint64_t count; /* bytes, or lines, so far */
	};
};

enum reply_progress { REPLY_MORE, REPLY_OVER, REPLY_WRONG };

/* A rule for these bytes; size: of REPLY_SIZE. Borrows sent. */
struct reply_rule reply_rule(enum reply_kind kind, uint64_t size, const char *sent, size_t sent_size);

void reply_begin(const struct reply_rule *rule, struct reply *reply);
enum reply_progress reply_take(const struct reply_rule *rule, struct reply *reply, const char *data, size_t size);

/* How many bytes to come need not be looked at: 0, if one must look. These were dropped. */
size_t reply_unseen(const struct reply_rule *rule, const struct reply *reply);
enum reply_progress reply_skip(struct reply *reply, size_t size);

/* The connection ended: OVER, or MORE if something is missing. */
enum reply_progress reply_end(const struct reply_rule *rule, struct reply *reply);

/* Whether another request may follow on this connection. */
bool reply_keeps(const struct reply_rule *rule, const struct reply *reply);

#endif
