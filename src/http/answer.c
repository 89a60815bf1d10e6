/* SPDX-License-Identifier: MIT */
/*
 * The answer: its head is composed in out, and waits there for the first bytes of the body, so that a small answer is one
 * write. What frames it (Content-Length, chunks, the connection's end) is decided here alone; a handler can spoil neither
 * that nor the next answer.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/access.h"
#include "http/http_clock.h"
#include "http/http_private.h"
#include "protocol/http1_field.h"
#include "protocol/http1_status.h"

#define PRINTF_SIZE     1024
#define RESET_CONTENT   205 /* says that its body is empty: RFC 9110, 15.3.6 */
#define CHUNK_HEAD_SIZE 24  /* CRLF of the chunk before, sixteen digits, CRLF */

void http_begin_answer(struct brood_http *http)
{
	http->phase = ANSWER_NOTHING;
	http->body_sent = 0;
	/* The fields come behind the room for a status line, which is known last. */
	buf_init(&http->out, http->out_bytes + HTTP_STATUS_ROOM, sizeof http->out_bytes - HTTP_STATUS_ROOM);
}

/* ---- Fields ---- */

static int check_field(const char *name, const char *value)
{
	size_t size = strlen(name);

	if (!http1_field_name_valid(name, size) || !http1_field_value_valid(value, strlen(value)))
		return -EINVAL;
	return http1_field_reserved(name, size) ? -EPERM : 0;
}

static void put_field(struct buf *buf, const char *name, const char *value)
{
	buf_puts(buf, name);
	buf_put(buf, ": ", 2);
	buf_puts(buf, value);
	buf_put(buf, "\r\n", 2);
}

static int add_field(struct buf *buf, const char *name, const char *value)
{
	size_t before = buf->size;

	put_field(buf, name, value);
	if (!buf->truncated)
		return 0;
	buf->size = before;
	buf->truncated = false;
	return -EMSGSIZE;
}

/* Each field is a line of our own making: name, colon, … CRLF. */
static void remove_field(struct buf *buf, const char *name)
{
	size_t size = strlen(name);

	for (size_t at = 0; at < buf->size;) {
		char *line = buf->data + at;
		char *next = (char *)memchr(line, '\n', buf->size - at) + 1;

		if (strncasecmp(line, name, size) != 0 || line[size] != ':') {
			at = (size_t)(next - buf->data);
			continue;
		}
		memmove(line, next, (size_t)(buf->data + buf->size - next));
		buf->size -= (size_t)(next - line);
	}
}

int brood_http_add(struct brood_http *http, const char *name, const char *value)
{
	int r = check_field(name, value);

	if (http->phase != ANSWER_NOTHING)
		return -EALREADY;
	return r < 0 ? r : add_field(&http->out, name, value);
}

int brood_http_set(struct brood_http *http, const char *name, const char *value)
{
	int r = check_field(name, value ? value : "");

	if (http->phase != ANSWER_NOTHING)
		return -EALREADY;
	if (r < 0)
		return r;
	remove_field(&http->out, name);
	return value ? add_field(&http->out, name, value) : 0;
}

int brood_http_trailer(struct brood_http *http, const char *name, const char *value)
{
	int r = check_field(name, value);

	if (http->phase == ANSWER_COMPLETE)
		return -EALREADY;
	if (http->phase == ANSWER_NOTHING || http->framing != ANSWER_CHUNKED)
		return -EOPNOTSUPP;
	if (!http->trailers.data)
		buf_init(&http->trailers, http->trailer_bytes, sizeof http->trailer_bytes);
	return r < 0 ? r : add_field(&http->trailers, name, value);
}

/* ---- The head ---- */

static enum answer_framing choose_framing(const struct brood_http *http, int status, int64_t size)
{
	if (!http1_status_has_body((unsigned int)status))
		return ANSWER_NO_BODY;
	if (size >= 0 || status == RESET_CONTENT)
		return ANSWER_LENGTH;
	return http->request.minor > 0 ? ANSWER_CHUNKED : ANSWER_UNTIL_END;
}

static bool may_persist(const struct brood_http *http)
{
	return http->persistent && http->framing != ANSWER_UNTIL_END && !http->refused &&
	       http_body_is_skippable(http) && !brood_conn_draining(http->conn);
}

static void put_framing(struct brood_http *http)
{
	struct buf *out = &http->out;

	if (http->framing == ANSWER_LENGTH) {
		buf_put(out, "Content-Length: ", 16);
		buf_putu(out, http->body_size);
		buf_put(out, "\r\n", 2);
	} else if (http->framing == ANSWER_CHUNKED) {
		buf_puts(out, "Transfer-Encoding: chunked\r\n");
	}
	if (!http->persistent)
		buf_puts(out, "Connection: close\r\n");
	else if (http->request.minor == 0)
		buf_puts(out, "Connection: keep-alive\r\n");
}

/* Right before the fields, where room was left for it. */
static void put_status_line(struct brood_http *http)
{
	char unregistered[] = "HTTP/1.1 999 ";
	size_t size;
	const char *line = http1_status_line((unsigned int)http->status, &size);

	if (!line) {
		size = sizeof unregistered - 1;
		snprintf(unregistered, sizeof unregistered, "HTTP/1.1 %03u ", (unsigned int)http->status % 1000);
		line = unregistered;
	}
	http->out.data -= size + 2;
	http->out.capacity += size + 2;
	http->out.size += size + 2;
	memcpy(http->out.data, line, size);
	memcpy(http->out.data + size, "\r\n", 2);
}

static int compose(struct brood_http *http, const char *type)
{
	struct buf *out = &http->out;
	size_t fields_size;

	if (type && !http1_field_value_valid(type, strlen(type)))
		return -EINVAL;
	if (type)
		remove_field(out, "Content-Type");
	fields_size = out->size;
	if (type)
		put_field(out, "Content-Type", type);
	http_clock_put(http->conn, out);
	put_framing(http);
	buf_put(out, "\r\n", 2);
	if (out->truncated) {
		out->size = fields_size;
		out->truncated = false;
		return -EMSGSIZE;
	}
	put_status_line(http);
	return 0;
}

/* A request that was refused may have no terminated method. */
bool http_is_head(const struct brood_http *http)
{
	const struct http1_part *method = &http->request.method;

	return method->size == 4 && memcmp(http->in + method->at, "HEAD", 4) == 0;
}

int brood_http_begin(struct brood_http *http, int status, const char *type, int64_t size)
{
	int r;

	if (status < 200 || status > 599)
		return -EINVAL;
	if (http->phase != ANSWER_NOTHING)
		return -EALREADY;
	http->status = status;
	http->framing = choose_framing(http, status, size);
	http->body_size = size >= 0 && status != RESET_CONTENT ? (uint64_t)size : 0;
	http->silent = http->framing == ANSWER_NO_BODY || http_is_head(http);
	http->persistent = may_persist(http);
	if (http_access_is_wanted(http))
		http_access_answer(http);
	r = compose(http, type);
	if (r == 0)
		http->phase = ANSWER_STARTED;
	return r;
}

/* ---- The body ---- */

/* What is in out, and what follows. */
static int flush(struct brood_http *http)
{
	int r = http->out.size > 0 ? brood_write(http->conn, http->out.data, http->out.size) : 0;

	http->phase = ANSWER_FLOWING;
	buf_init(&http->out, http->out_bytes, sizeof http->out_bytes);
	return r;
}

static size_t room(const struct brood_http *http)
{
	return http->out.capacity - http->out.size;
}

static int send_bytes(struct brood_http *http, const void *data, size_t size)
{
	int r;

	if (size <= room(http)) {
		buf_put(&http->out, data, size);
		return flush(http);
	}
	r = flush(http);
	return r < 0 ? r : brood_write(http->conn, data, size);
}

/* Each write is a chunk; the end of its coding leaves with the next one, so that a large chunk is two writes. */
static int send_chunk(struct brood_http *http, const void *data, size_t size)
{
	int r = room(http) < CHUNK_HEAD_SIZE ? flush(http) : 0;

	if (r < 0)
		return r;
	buf_printf(&http->out, "%s%zx\r\n", http->owes_chunk_end ? "\r\n" : "", size);
	http->owes_chunk_end = true;
	return send_bytes(http, data, size);
}

int brood_http_write(struct brood_http *http, const void *data, size_t size)
{
	if (http->phase == ANSWER_NOTHING || http->phase == ANSWER_COMPLETE)
		return -EINVAL;
	if (size == 0 || http->framing == ANSWER_NO_BODY || http->status == RESET_CONTENT)
		return 0;
	if (http->framing == ANSWER_LENGTH && size > http->body_size - http->body_sent)
		return -EMSGSIZE;
	http->body_sent += size;
	if (http->silent)
		return 0;
	return http->framing == ANSWER_CHUNKED ? send_chunk(http, data, size) : send_bytes(http, data, size);
}

int brood_http_printf(struct brood_http *http, const char *format, ...)
{
	char small[PRINTF_SIZE], *large = NULL;
	va_list args;
	int size, r;

	va_start(args, format);
	size = vsnprintf(small, sizeof small, format, args);
	va_end(args);
	if (size < 0)
		return -EINVAL;
	if ((size_t)size >= sizeof small) {
		va_start(args, format);
		size = vasprintf(&large, format, args);
		va_end(args);
		if (size < 0)
			return -ENOMEM;
	}
	r = brood_http_write(http, large ? large : small, (size_t)size);
	free(large);
	return r;
}

static int send_last_chunk(struct brood_http *http)
{
	size_t needed = CHUNK_HEAD_SIZE + http->trailers.size;
	int r = room(http) < needed ? flush(http) : 0;

	if (r < 0)
		return r;
	buf_puts(&http->out, http->owes_chunk_end ? "\r\n0\r\n" : "0\r\n");
	if (http->trailers.size > 0)
		buf_put(&http->out, http->trailers.data, http->trailers.size);
	buf_puts(&http->out, "\r\n");
	return 0;
}

int brood_http_end(struct brood_http *http)
{
	int r = 0;

	if (http->phase == ANSWER_COMPLETE)
		return 0;
	if (http->phase == ANSWER_NOTHING)
		return -EINVAL;
	/* Its client counts: a body that stays short is told by the end of the connection. */
	if (http->framing == ANSWER_LENGTH && !http->silent && http->body_sent < http->body_size)
		return -ENODATA;
	if (http->framing == ANSWER_CHUNKED && !http->silent)
		r = send_last_chunk(http);
	if (r == 0 && http->out.size > 0)
		r = flush(http);
	if (r == 0)
		http->phase = ANSWER_COMPLETE;
	return r;
}

int brood_http_answer(struct brood_http *http, int status, const char *type, const void *data, size_t size)
{
	/* Whoever answers without a look at the body will hardly read it any more: it may be no body at all. */
	int r = http->refused ? 0 : http_look_at_body(http);

	if (r == 0)
		r = brood_http_begin(http, status, type, (int64_t)size);
	if (r < 0)
		return r;
	if (http->framing == ANSWER_LENGTH)
		r = brood_http_write(http, data, size);
	return r < 0 ? r : brood_http_end(http);
}

bool brood_http_begun(const struct brood_http *http)
{
	return http->phase >= ANSWER_FLOWING;
}

void brood_http_close(struct brood_http *http)
{
	http->persistent = false;
}
