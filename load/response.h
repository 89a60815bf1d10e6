/* SPDX-License-Identifier: MIT */
/*
 * Grammar of an HTTP/1.x response (RFC 9112): where it ends, and whether it is one. Pure: no sockets, no
 * allocation.
 *
 * Fed with bytes as they come, cut anywhere: that changes nothing. Lenient where faulty servers are to be watched
 * and nobody can be misled: lines may end in LF alone, and of a line only what frames the body is looked at.
 *
 *   STATUS → FIELD … → LENGTH | CHUNKED | CLOSE → over        1xx: STATUS again
 */
#ifndef LOAD_RESPONSE_H
#define LOAD_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "protocol/http1_chunked.h"

#define RESPONSE_HEAD_MAX    65536 /* bytes of a head, all lines of it; beyond: no response */
#define RESPONSE_LINE_KEPT   160   /* bytes of a line that are looked at: no field that frames needs more */
#define RESPONSE_INTERIM_MAX 16    /* responses 1xx before the one that counts; beyond: no response */

enum response_state {
	RESPONSE_STATUS,
	RESPONSE_FIELD,
	RESPONSE_LENGTH,
	RESPONSE_CHUNKED,
	RESPONSE_CLOSE, /* the body ends with the connection */
	RESPONSE_OVER,
};

struct response {
	enum response_state state;
	unsigned int status;
	bool keeps;    /* the connection may serve another request */
	bool of_head;  /* the request was HEAD: no body, whatever the fields say */
	uint64_t left; /* LENGTH: of the body */

	/* The parser's own. */
	bool has_length, is_chunked, is_coded;
	uint8_t interim;
	uint32_t head;      /* bytes of it so far */
	uint32_t line_size; /* of a line whose end has not come */
	struct http1_chunked chunked;
	char line[RESPONSE_LINE_KEPT];
};

void response_begin(struct response *response, bool of_head);

/* How many bytes belong to this response: all of them while it goes on; fewer: it is over, and others follow.
 * -EBADMSG: it is no response, here and in each later call. */
ssize_t response_take(struct response *response, const char *data, size_t size);

/* So many bytes of a body with LENGTH, at most .left, were dropped unseen. */
void response_skip(struct response *response, uint64_t size);

/* The connection ended: whether the response is complete. */
bool response_end(struct response *response);

#endif
