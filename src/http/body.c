/* SPDX-License-Identifier: MIT */
/*
 * The body of a request as a stream. Its bytes go straight to whoever reads them; of the connection no byte more is taken
 * than belongs to it, but for the coding of chunks, which is read into a small buffer of its own.
 */
#include <errno.h>
#include <string.h>

#include "contract/conn.h"
#include "core/io.h"
#include "core/service.h"
#include "http/http_private.h"

static const char continue_line[] = "HTTP/1.1 100 Continue\r\n\r\n";

void http_begin_body(struct brood_http *http)
{
	http->at = http->in + http->head_size;
	http->end = http->in + http->in_used;
	http->continued = !http->request.expects;
	if (http->request.framing == HTTP1_CHUNKED)
		http1_chunked_begin(&http->chunked);
}

static bool is_over(const struct brood_http *http)
{
	switch (http->request.framing) {
	case HTTP1_LENGTH:
		return http->body_taken == http->request.length;
	case HTTP1_CHUNKED:
		return http->chunked.over;
	default:
		return true;
	}
}

static int fail(struct brood_http *http, int error, unsigned int status)
{
	http->body_error = error;
	http->refused = status;
	http->conn->bad_request = status != 0;
	http->persistent = false;
	if (error == -ETIMEDOUT && http->phase == ANSWER_NOTHING)
		http_say_late(http, 408);
	return error;
}

static int fail_fault(struct brood_http *http, enum http1_fault fault)
{
	http_note_refusal(http, http1_fault_sentence(fault), http1_fault_section(fault));
	return fail(http, -EBADMSG, http1_fault_status(fault));
}

/* The client waits for it, unless it has begun to send already. */
static int invite(struct brood_http *http)
{
	if (http->continued)
		return 0;
	http->continued = true;
	if (brood_http_begun(http) || http->end > http->at)
		return 0;
	return io_send_interim(http->conn, continue_line, sizeof continue_line - 1);
}

/* What was read already first; then from the connection, no more than size bytes. */
static ssize_t take(struct brood_http *http, void *buf, size_t size)
{
	size_t held = (size_t)(http->end - http->at);
	ssize_t n;

	if (held > 0) {
		n = (ssize_t)(held < size ? held : size);
		memcpy(buf, http->at, (size_t)n);
		http->at += n;
		return n;
	}
	n = brood_read(http->conn, buf, size);
	if (n == 0) {
		http_note_refusal(http, "the request ends within its body", "RFC 9112, 8");
		return fail(http, -ECONNRESET, 400);
	}
	return n < 0 ? fail(http, (int)n, 0) : n;
}

/* 0: at least one byte of the coding is here. */
static int fill_coding(struct brood_http *http)
{
	ssize_t n;

	if (http->end > http->at)
		return 0;
	n = take(http, http->coding, sizeof http->coding);
	if (n < 0)
		return (int)n;
	http->at = http->coding;
	http->end = http->coding + n;
	return 0;
}

/* To the next bytes of the body, or to its end. */
static int next_chunk(struct brood_http *http)
{
	while (http->chunk_left == 0 && !http->chunked.over) {
		int r = fill_coding(http);
		ssize_t n;

		if (r < 0)
			return r;
		n = http1_chunked_next(&http->chunked, http->at, (size_t)(http->end - http->at), &http->chunk_left);
		if (n < 0)
			return fail_fault(http, http->chunked.fault);
		http->at += n;
	}
	return 0;
}

static ssize_t read_chunked(struct brood_http *http, void *buf, size_t size)
{
	ssize_t n;
	int r = next_chunk(http);

	if (r < 0)
		return r;
	if (http->chunked.over)
		return 0;
	n = take(http, buf, size < http->chunk_left ? size : (size_t)http->chunk_left);
	if (n > 0) {
		http1_chunked_took(&http->chunked, (uint64_t)n);
		http->chunk_left -= (uint64_t)n;
	}
	return n;
}

static ssize_t read_length(struct brood_http *http, void *buf, size_t size)
{
	uint64_t left = http->request.length - http->body_taken;

	return take(http, buf, size < left ? size : (size_t)left);
}

static bool is_beyond(const struct brood_http *http)
{
	int max_kib = http->conn->service->config.max_body_kib;

	return max_kib >= 0 && http->body_taken > (uint64_t)max_kib * 1024;
}

ssize_t brood_http_read(struct brood_http *http, void *buf, size_t size)
{
	ssize_t n;
	int r;

	if (http->body_error)
		return http->body_error;
	if (is_over(http) || size == 0)
		return 0;
	r = invite(http);
	if (r < 0)
		return fail(http, r, 0);
	n = http->request.framing == HTTP1_CHUNKED ? read_chunked(http, buf, size) : read_length(http, buf, size);
	if (n > 0)
		http->body_taken += (uint64_t)n;
	if (n <= 0 || !is_beyond(http))
		return n;
	http_note_refusal(http, "the body is larger than max_body_kib", "RFC 9110, 15.5.14");
	return fail(http, -EMSGSIZE, 413);
}

int64_t brood_http_body_size(const struct brood_http *http)
{
	switch (http->request.framing) {
	case HTTP1_LENGTH:
		return (int64_t)http->request.length;
	case HTTP1_CHUNKED:
		return BROOD_HTTP_UNKNOWN;
	default:
		return 0;
	}
}

int http_look_at_body(struct brood_http *http)
{
	struct http1_chunked ahead = http->chunked;
	const char *at = http->at;
	uint64_t left = http->chunk_left;

	if (http->request.framing != HTTP1_CHUNKED || http->body_error)
		return http->body_error;
	while (at < http->end && !ahead.over) {
		size_t here = (size_t)(http->end - at);
		ssize_t n;

		if (left > 0) {
			here = left < here ? (size_t)left : here;
			http1_chunked_took(&ahead, here);
			left -= here;
			at += here;
			continue;
		}
		n = http1_chunked_next(&ahead, at, here, &left);
		if (n < 0)
			return fail_fault(http, ahead.fault);
		at += n;
	}
	return 0;
}

bool http_body_is_skippable(const struct brood_http *http)
{
	if (is_over(http))
		return true;
	if (http->body_error || !http->continued)
		return false;
	return http->request.framing == HTTP1_CHUNKED || http->request.length - http->body_taken <= HTTP_DISCARD_MAX;
}

bool http_skip_body(struct brood_http *http)
{
	char nowhere[HTTP_CODING_SIZE];
	uint64_t skipped = 0;
	ssize_t n;

	if (!http_body_is_skippable(http))
		return false;
	if (!http->persistent)
		return is_over(http);
	while (!is_over(http) && skipped <= HTTP_DISCARD_MAX) {
		n = brood_http_read(http, nowhere, sizeof nowhere);
		if (n < 0)
			return false;
		skipped += (uint64_t)n;
	}
	return is_over(http);
}
