/* SPDX-License-Identifier: MIT */
/*
 * Grammar of the head of an HTTP/1.x request (RFC 9112, RFC 9110): no sockets, no clock, no allocation.
 *
 * Strict: lines end in CRLF, one Host, no folding, no control bytes, one unambiguous framing. Whatever two servers
 * could read differently is refused with the status that fits, because a proxy in front may have read it the other
 * way (request smuggling). What may be read more loosely has an option by name, off by default.
 *
 * Incremental: feed what has come so far, again and again, from the same first byte; nothing is looked at more than
 * twice.
 * Parts are offsets, so the bytes may move between two calls.
 */
#ifndef PROTOCOL_HTTP1_H
#define PROTOCOL_HTTP1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define HTTP1_LINE_MAX    8192  /* bytes of a request line without its end; beyond: 414 */
#define HTTP1_HEAD_MAX    32768 /* bytes of a head, all lines and the empty one; beyond: 431 */
#define HTTP1_FIELDS_MAX  100   /* header fields; beyond: 431 */
#define HTTP1_METHOD_MAX  32    /* bytes of a method; beyond: 501 */
#define HTTP1_NAME_MAX    256   /* bytes of a field name; beyond: 431 */
#define HTTP1_EMPTY_LINES 1     /* before a request line (RFC 9112, 2.2); beyond: 400 */

/* Bytes [at, at + size) of what was fed. */
struct http1_part {
	uint32_t at;
	uint32_t size;
};

struct http1_field {
	struct http1_part name;  /* as sent */
	struct http1_part value; /* without blanks around it */
};

/* Why a request is refused. Rows are in http1_faults.def: name, status, section of the RFC, sentence. */
enum http1_fault {
	HTTP1_FINE = 0,
#define FAULT(name, status, section, sentence) HTTP1_##name,
#include "protocol/http1_faults.def"
#undef FAULT
	HTTP1_FAULTS,
};

enum http1_form {
	HTTP1_ORIGIN,    /* /path?query */
	HTTP1_ABSOLUTE,  /* http://host/path?query */
	HTTP1_AUTHORITY, /* host:port, CONNECT only */
	HTTP1_ASTERISK,  /* *, OPTIONS only */
};

enum http1_framing {
	HTTP1_NO_BODY,
	HTTP1_LENGTH, /* .length bytes, maybe 0 */
	HTTP1_CHUNKED,
};

/* Zero is strict, and the defaults above. Bounds may be made smaller; a larger one counts as its default. */
struct http1_options {
	uint32_t line_max, head_max, fields_max;
	bool bare_lf;            /* lines may end in LF alone */
	bool blank_before_colon; /* "Name : value" */
	/*
	 * A line that begins with a blank goes on with the field before, if that is none that the parser reads itself
	 * (Host, Content-Length …). The value then has line ends within, each of which is to be read as a blank.
	 */
	bool obsolete_fold;
};

struct http1_request {
	struct http1_part method, target;
	struct http1_part
		path; /* of the target, as sent; "" for authority and asterisk (absolute form without path: "") */
	struct http1_part query; /* without '?' */
	struct http1_part
		host;   /* the authority: of the target if it has one, else of Host; "" if there is none (HTTP/1.0) */
	bool has_query; /* "/?" has an empty one, "/" none */
	enum http1_form form;
	unsigned int minor; /* HTTP/1.minor: 0, or 1 (which a higher one is read as) */
	enum http1_framing framing;
	uint64_t length; /* HTTP1_LENGTH: of the body; at most INT64_MAX */
	bool persistent; /* the client wants the connection to go on (RFC 9112, 9.3); never after CONNECT */
	bool expects;    /* "Expect: 100-continue", which only 1.1 clients mean */
	bool folded;     /* some value has line ends within: never without .obsolete_fold */
	uint32_t fields;

	enum http1_fault fault; /* after -EBADMSG */

	/* The parser's own: how far it is. */
	const struct http1_options *options;
	uint32_t line_at;     /* where the line at hand begins */
	uint32_t scanned;     /* its bytes that are known not to end it */
	unsigned int step;    /* within the line */
	uint32_t empty_lines; /* before the request line */
	uint32_t seen;        /* which fields that the parser reads did come */
	bool has_line;        /* the request line is done */
	bool field_is_read;   /* the parser has read the last field */

	struct http1_field field[HTTP1_FIELDS_MAX]; /* the first .fields are valid */
};

/* Borrows options (NULL: strict) until the head is done. Does not touch field[]. */
void http1_begin(struct http1_request *request, const struct http1_options *options);

/*
 * data: all bytes since the head began, from the first; size grows from call to call. > 0: the head is complete, and
 * so long; what follows is body, or the next request. -EAGAIN: it goes on. -EBADMSG: never to be served, ->fault says
 * why, here and in each later call; what parts of the request line are known by then (for the log) are valid, others
 * empty. After anything but -EAGAIN the next head needs http1_begin. How the bytes are cut into calls changes
 * nothing, and a limit is kept at the first byte beyond it.
 */
ssize_t http1_parse(struct http1_request *request, const char *data, size_t size);

/* The n-th field (from 0) of that name, case-insensitive, or NULL. size: of name. */
const struct http1_field *http1_find(
	const struct http1_request *request, const char *data, const char *name, size_t size, unsigned int n);

unsigned int http1_fault_status(enum http1_fault fault);  /* 400 … */
const char *http1_fault_section(enum http1_fault fault);  /* "RFC 9112, 6.1" */
const char *http1_fault_sentence(enum http1_fault fault); /* "Content-Length and Transfer-Encoding together" */

#endif
