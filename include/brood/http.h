/* SPDX-License-Identifier: MIT */
/*
 * HTTP/1.1 (RFC 9110, RFC 9112) on brood: a handler answers one request, in straight lines.
 *
 *   static int hello(struct brood_http *http, void *app)
 *   {
 *           return brood_http_answer(http, 200, "text/plain", "Hello, World!\n", 14);
 *   }
 *   … .handler = { BROOD_HTTP(hello) } …
 *
 * brood reads and checks the head, keeps the connection alive, frames the answer, and closes. One call of the handler is
 * one request. Between two, the connection owns no stack. Everything returned about a request lives as long as it does.
 *
 * Conventions are those of brood.h: 0 or a negative errno; what is borrowed is so for the call.
 */
#ifndef BROOD_HTTP_H
#define BROOD_HTTP_H

#include <brood/brood.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A handler that answers HTTP requests: in a struct brood_handler, instead of .handle. Services with such a handler have
 * other defaults: idle_timeout_ms 15 s, request_timeout_ms 60 s, .refusal a 503, .last_words a 502, 503 or 504. */
#define BROOD_HTTP(function) .handle = brood_http_handle, .http = (function), .client_first = 1

/* What fits into an answer's head, and a request's body unless .max_body_kib says otherwise. */
#define BROOD_HTTP_ANSWER_HEAD  8192  /* bytes of status line and fields of an answer; beyond: -EMSGSIZE */
#define BROOD_HTTP_MAX_BODY_KIB 8192  /* beyond: 413 */
#define BROOD_HTTP_HEAD_MS      20000 /* for a head, from its first byte; beyond: 408 */

#define BROOD_HTTP_UNKNOWN      (-1) /* a size that nobody knows yet */

struct brood_http; /* one request, and the answer to it */

BROOD_API int brood_http_handle(struct brood_conn *conn, void *app);

/* ---- The request ----------------------------------------------------------------------------- */

BROOD_API const char *brood_http_method(const struct brood_http *http); /* "GET"; case matters */
BROOD_API const char *brood_http_target(const struct brood_http *http); /* as sent */
BROOD_API int brood_http_minor(const struct brood_http *http);          /* HTTP/1.minor: 0 or 1 */

/* The path, percent-decoded, without dot segments: begins with '/'; "*" for "OPTIONS *". */
BROOD_API const char *brood_http_path(const struct brood_http *http);

/* Of the path, what the route that was mounted leaves to its handler: "b.txt" for "/static/b.txt" under "/static/".
 * Without a route: the path without its '/'. */
BROOD_API const char *brood_http_rest(const struct brood_http *http);

/* What stood in the path for {name} of the route, or its default; NULL: the route has no such name. */
BROOD_API const char *brood_http_capture(const struct brood_http *http, const char *name);

/* Behind '?', as sent; NULL if there is none. */
BROOD_API const char *brood_http_query(const struct brood_http *http);

/* The first value of that name in the query, decoded. Its size (0 for "name" and "name="), or -ENOENT, -EMSGSIZE (it and
 * its NUL do not fit), -EINVAL (it cannot be decoded, or holds a NUL). */
BROOD_API ssize_t brood_http_query_value(const struct brood_http *http, const char *name, char *buf, size_t size);

/* The authority that the client asked for: "example.org:8080"; "" if it is HTTP/1.0 and did not say. */
BROOD_API const char *brood_http_host(const struct brood_http *http);

/* The n-th field of that name, from 0, in any case, without blanks around it; NULL if there is none. */
BROOD_API const char *brood_http_field(struct brood_http *http, const char *name, unsigned int n);

/* All fields, one after the other, from 0: false when there is no n-th. */
BROOD_API bool brood_http_field_at(
	struct brood_http *http, unsigned int n, const char **ret_name, const char **ret_value);

/* The body: its size if the client said so, 0 without one, BROOD_HTTP_UNKNOWN if it comes in chunks. */
BROOD_API int64_t brood_http_body_size(const struct brood_http *http);

/* At least one byte of the body, 0 at its end, or -errno: -EMSGSIZE (more than .max_body_kib), -EBADMSG (not HTTP),
 * -ECONNRESET (the client left in the middle of it), -ETIMEDOUT … After an error the answer, if none has begun, is brood's:
 * 413, 400. A client that waits for "100 Continue" gets it at the first call. */
BROOD_API ssize_t brood_http_read(struct brood_http *http, void *buf, size_t size);

/* Who asks, and all else about the connection. Reading and writing through it would spoil the framing. */
BROOD_API struct brood_conn *brood_http_conn(const struct brood_http *http);

/* ---- The answer ------------------------------------------------------------------------------ */

/* A field of the answer: set replaces what has the same name (NULL: with nothing), add does not. Before begin. Copies. -EINVAL: the name is no
 * token, or the value has control bytes; -EPERM: the field is brood's own (Connection, Transfer-Encoding, Content-Length,
 * Date, Keep-Alive, Upgrade, Trailer, Proxy-Connection); -EMSGSIZE; -EALREADY: the head has left. */
BROOD_API int brood_http_set(struct brood_http *http, const char *name, const char *value);
BROOD_API int brood_http_add(struct brood_http *http, const char *name, const char *value);

/* A whole answer. type: of the content, or NULL for none. status 200 … 599. HEAD requests, 204, 205 and 304 get no body, whatever is
 * given. -EALREADY: there is one already; -EBADMSG: what is here of the body, which was not read, is not HTTP, and the answer will be
 * brood's, as after brood_http_read. */
BROOD_API int brood_http_answer(struct brood_http *http, int status, const char *type, const void *data, size_t size);

/* The same in plain text: "404 Not Found", and what else there is to say (NULL: nothing). */
BROOD_API int brood_http_say(struct brood_http *http, int status, const char *text);

/* An answer in pieces: begin, write …, end. size: of the body; BROOD_HTTP_UNKNOWN: in chunks, or, if the client knows none,
 * until the connection ends. write beyond size: -EMSGSIZE, and nothing of it leaves; a body that stays short of it cuts the
 * connection off, so that the client sees it. end is implied when the handler returns 0. */
BROOD_API int brood_http_begin(struct brood_http *http, int status, const char *type, int64_t size);
BROOD_API int brood_http_write(struct brood_http *http, const void *data, size_t size);
BROOD_API int brood_http_printf(struct brood_http *http, const char *format, ...) BROOD_PRINTF(2, 3);
BROOD_API int brood_http_end(struct brood_http *http);

/* A field behind a body in chunks (RFC 9110, 6.5), at any time before end; names as for set. -EOPNOTSUPP: the answer
 * is not in chunks. Announce it by set(http, "Trailer", …) is not needed: brood does not send that field. */
BROOD_API int brood_http_trailer(struct brood_http *http, const char *name, const char *value);

/* A file as the answer: 200, or what the client's conditions and ranges make of it (206, 304, 412, 416; RFC 9110, 13 and 14).
 * Fields that were set go along, but with 412 and 416 neither Content-Encoding nor Cache-Control. Borrows fd, whose position
 * does not matter. */
struct brood_http_file {
	int fd;
	off_t size;
	int64_t modified_s; /* Last-Modified, seconds since 1970; 0: unknown */
	const char *etag;   /* with its quotes; NULL: none */
	const char *type;   /* NULL: application/octet-stream */
};
BROOD_API int brood_http_send_file(struct brood_http *http, const struct brood_http_file *file);

/* How much the client wants a coding of the content ("gzip", "zstd", "br", "identity"): 0, not at all, to 1000. Who did not
 * say gets 0 for all but identity, 1. Whose answer depends on it sets Vary: Accept-Encoding. */
BROOD_API unsigned int brood_http_accepts(struct brood_http *http, const char *coding);

/* Media types by the extension of a file's name, never NULL. types: of a file in the form of /etc/mime.types, of which a line
 * that is wrong is left out and the last for an extension holds; NULL, or not in there: a small table of brood's own. open:
 * -EFBIG beyond these bounds. close(NULL) is fine. */
struct brood_http_types;
#define BROOD_HTTP_TYPES      8192    /* extensions */
#define BROOD_HTTP_TYPES_SIZE 1048576 /* bytes */
BROOD_API int brood_http_types_open(const char *path, struct brood_http_types **ret_types);
BROOD_API void brood_http_types_close(struct brood_http_types *types);
BROOD_API const char *brood_http_type_of(const struct brood_http_types *types, const char *path);

/* True once a byte of the answer was handed over: nothing else can be answered any more. */
BROOD_API bool brood_http_begun(const struct brood_http *http);

/* Not to be used again: the connection ends after this answer. */
BROOD_API void brood_http_close(struct brood_http *http);

/*
 * What a handler returns: 0: answered (500 if it never began). Negative errno: it failed; if nothing has left, the client
 * gets 404 for -ENOENT, 403 for -EACCES and -EPERM, 413 for -EMSGSIZE of the body, 503 for -EAGAIN and -EBUSY, else 500;
 * otherwise the connection is cut off.
 */

/* ---- Several handlers side by side ----------------------------------------------------------- */

/*
 * A handler that passes each request on: .handler = brood_http_router, .app = an array of routes. The one that fits best is
 * taken: literal segments before {name}, longer before shorter; the order of the rows does not matter.
 *
 *   "/"  "/static/"      a path that ends in '/': it and all beneath it; brood_http_rest is what is beneath
 *   "/status"            exactly this path
 *   "/hi/{name}"         one segment, not empty (brood_http_capture)
 *   "/hi/{name=World}"   only last: may be missing, with its '/' or without
 *   "POST /hook"         this method alone; GET includes HEAD. Others get 405, OPTIONS is answered with Allow
 *
 * "/static" is redirected to "/static/" unless it is a route of its own. No route: 404. Each handler's load, unload, start and stop are called as if it were
 * alone; a handler is mounted once per row. Moments of a connection (verify, setup, finish …) are not: a router has
 * connections, its handlers requests.
 */
struct brood_http_route {
	const char *route; /* NULL ends the array */
	const struct brood_handler *handler;
	void *app;
};
#define BROOD_HTTP_ROUTES   64 /* rows */
#define BROOD_HTTP_CAPTURES 8  /* {name}s of one route */

extern BROOD_API const struct brood_handler brood_http_router;

#ifdef __cplusplus
}
#endif
#endif
