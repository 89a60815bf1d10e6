/* SPDX-License-Identifier: MIT */
/*
 * Grammar of the chunked coding (RFC 9112, 7.1): sizes, extensions, trailers. No allocation; the bytes of the body
 * themselves never pass through here, so whoever reads may receive them straight to where they belong. Always strict.
 * Extensions and trailers are checked, counted and dropped.
 *
 *   SIZE ──(line)──→ DATA ──(took all)──→ DATA_END ──(CRLF)──→ SIZE … ──(size 0)──→ TRAILER ──(empty line)──→ over
 */
#ifndef PROTOCOL_HTTP1_CHUNKED_H
#define PROTOCOL_HTTP1_CHUNKED_H

#include "protocol/http1.h"

#define HTTP1_CHUNK_LINE_MAX \
	4096 /* bytes of one line of a chunk, its size and extensions, without its end; beyond: 400 */
#define HTTP1_EXTENSIONS_MAX 16384 /* bytes of extensions in one body; beyond: 400 */
#define HTTP1_TRAILERS_MAX   8192  /* bytes of all trailers, without the empty line; beyond: 431 */
#define HTTP1_TRAILER_FIELDS 32    /* trailers; beyond: 431 */

struct http1_chunked {
	enum http1_fault fault; /* after -EBADMSG */
	bool over;              /* the body, trailers and all */

	/* The parser's own. */
	unsigned int state;
	uint64_t left;           /* of the chunk at hand */
	uint32_t line;           /* bytes of the line, or of the trailer's name, so far */
	uint32_t extensions;     /* bytes of them so far */
	uint32_t trailers;       /* bytes of them so far */
	uint32_t trailer_fields; /* so far */
	uint32_t forbidden;      /* which names that no trailer may have this one still may turn out to be */
};

void http1_chunked_begin(struct http1_chunked *chunked);

/*
 * What came, beginning where the last call (and what was taken since) ended. Consumes coding only: returns how many
 * bytes of it (0 is fine); stops where bytes of the body begin. Then *ret_body tells how many of those belong to the
 * chunk at hand, here or yet to come; 0 if more coding must come first, or all is over (->over). -EBADMSG: ->fault,
 * here and in each later call.
 */
ssize_t http1_chunked_next(struct http1_chunked *chunked, const char *data, size_t size, uint64_t *ret_body);

/* So many bytes of the body were taken: at most what ret_body said. */
void http1_chunked_took(struct http1_chunked *chunked, uint64_t size);

#endif
