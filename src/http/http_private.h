/* SPDX-License-Identifier: MIT */
/*
 * One request and its answer, from the inside. It lives on the stack of the handler's call, which has room for it
 * (HTTP_STACK_KIB in core/http_defaults.h); most of it is never touched. Private to src/http.
 *
 *   HEAD → HANDLER ──────────────────────────→ DONE → keep-alive (BROOD_AGAIN), or closed
 *             answer: NOTHING → STARTED (head is composed) → FLOWING (bytes have left) → COMPLETE
 */
#ifndef HTTP_PRIVATE_H
#define HTTP_PRIVATE_H

#include <brood/http.h>

#include "base/buf.h"
#include "protocol/http1.h"
#include "protocol/http1_chunked.h"

#define HTTP_READ_SIZE 8192 /* at once: no more than can be put back (io_unread) */
#define HTTP_PATH_SIZE \
	(HTTP1_LINE_MAX + 4) /* decoded, and behind it the host of an absolute form: parts of one line */
#define HTTP_SHORT_PATH   256
#define HTTP_CODING_SIZE  1024  /* of the chunked coding, read at once */
#define HTTP_DISCARD_MAX  65536 /* bytes of a body that nobody read: read on for the next request, or closed */
#define HTTP_STATUS_ROOM  64    /* before the fields: the status line, once it is known */
#define HTTP_TRAILER_SIZE 1024  /* bytes of trailers of an answer; beyond: -EMSGSIZE */

enum answer_phase {
	ANSWER_NOTHING,
	ANSWER_STARTED, /* its head is complete, and waits for what can leave with it */
	ANSWER_FLOWING,
	ANSWER_COMPLETE,
};

enum answer_framing {
	ANSWER_NO_BODY, /* none by definition: 204, 304 */
	ANSWER_LENGTH,
	ANSWER_CHUNKED,
	ANSWER_UNTIL_END, /* of the connection: HTTP/1.0 */
};

struct http_capture {
	const char *name; /* of the route: name_size bytes */
	size_t name_size;
	const char *value;
};

struct brood_http {
	struct brood_conn *conn;
	int64_t began_ns;     /* its first byte was here; 0: nobody wants to know */
	uint64_t sent_before; /* bytes that had left then: for the access log alone */

	/* The head, and whatever came behind it: in[0, in_used). What is returned as text is terminated in place. */
	char *in;
	size_t in_size, in_used;
	size_t head_size;
	struct http1_request request;
	struct http1_options options;
	char *path; /* decoded; in short_path or long_path */
	const char *rest, *host;
	struct http_capture captures[BROOD_HTTP_CAPTURES];
	size_t capture_count;

	/* The body. at, end: of what was read and not used yet, in in[] first and then in coding[]. */
	const char *at, *end;
	uint64_t body_taken; /* bytes given to the handler, or discarded */
	uint64_t chunk_left; /* of the chunk at hand, known to come */
	struct http1_chunked chunked;
	int body_error;       /* what every further read answers */
	unsigned int refused; /* the status that brood answers by itself, should nothing have left; 0: none */
	bool continued;       /* "100 Continue" was sent, or is not wanted any more */

	/* The answer. */
	enum answer_phase phase;
	enum answer_framing framing;
	int status;
	uint64_t body_size, body_sent; /* of the answer; size: ANSWER_LENGTH */
	bool silent;                   /* a body that is described, and not sent: HEAD */
	bool persistent;               /* the connection goes on after it */
	bool owes_chunk_end;           /* CRLF of the chunk before */
	struct buf out;                /* status line, fields, first bytes of the body */
	struct buf trailers;

	/* Memory for the above. What most requests need lies together: a forked child pays for each page that it touches. */
	char coding[HTTP_CODING_SIZE];
	char trailer_bytes[HTTP_TRAILER_SIZE];
	char long_path[HTTP_PATH_SIZE];
	char short_path[HTTP_SHORT_PATH];
	char in_bytes[HTTP_READ_SIZE];
	char out_bytes[BROOD_HTTP_ANSWER_HEAD + HTTP_STATUS_ROOM];
};

/* ---- head.c ---- */

/* Reads a head and decides who answers. > 0: there is a request, http_free is due. 0: the client has ended. -errno: so has the
 * connection, or ->refused says what brood answers (-EBADMSG). */
int http_read_head(struct brood_http *http);

/* Anything of a request: an empty line alone is none. */
bool http_has_come(const struct brood_http *http);

/* Which rule the client broke, for the log: sentence and section of the RFC. */
void http_note_refusal(struct brood_http *http, const char *sentence, const char *section);

/* ---- body.c ---- */

void http_begin_body(struct brood_http *http);

/* Of a body that nobody has read, what is here already: 0, or -EBADMSG, and ->refused. Takes nothing of it. */
int http_look_at_body(struct brood_http *http);

/* What is left of the body, so that the next request begins behind it. False: too much, or broken: the connection cannot
 * go on. */
bool http_skip_body(struct brood_http *http);

/* Could it be skipped, as far as is known now? */
bool http_body_is_skippable(const struct brood_http *http);

/* ---- answer.c ---- */

/* Forgets what was prepared of an answer of which nothing has left. */
void http_begin_answer(struct brood_http *http);
bool http_is_head(const struct brood_http *http); /* the request: its answer has no body, whatever it says */

/* ---- say.c ---- */

/* The status for what a handler returned. */
int http_status_for(int error);

/* After a timeout in the middle of a request: 408 or 504, if the connection takes it at once. */
void http_say_late(struct brood_http *http, unsigned int status);

#endif
