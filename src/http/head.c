/* SPDX-License-Identifier: MIT */
/* Reads the head of a request, and refuses what never reaches a handler. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "contract/conn.h"
#include "core/service.h"
#include "http/access.h"
#include "http/http_private.h"
#include "protocol/http1_uri.h"

/* A head that is longer than most: it and what may follow it in one read. */
#define LONG_HEAD_SIZE (HTTP1_HEAD_MAX + HTTP_READ_SIZE)

_Static_assert(HTTP_READ_SIZE <= CONN_BUFFER, "what is read too much can be put back");

void http_note_refusal(struct brood_http *http, const char *sentence, const char *section)
{
	char why[128];

	snprintf(why, sizeof why, "%s (%s)", sentence, section);
	brood_conn_note(http->conn, "refused", why);
}

static int refuse(struct brood_http *http, unsigned int status, const char *sentence, const char *section)
{
	http_note_refusal(http, sentence, section);
	http->refused = status;
	http->conn->bad_request = true;
	return -EBADMSG;
}

static int refuse_fault(struct brood_http *http, enum http1_fault fault)
{
	return refuse(http, http1_fault_status(fault), http1_fault_sentence(fault), http1_fault_section(fault));
}

static int make_room(struct brood_http *http)
{
	char *larger;

	if (http->in_used < http->in_size)
		return 0;
	larger = malloc(LONG_HEAD_SIZE);
	if (!larger)
		return -ENOMEM;
	memcpy(larger, http->in, http->in_used);
	http->in = larger;
	http->in_size = LONG_HEAD_SIZE;
	return 0;
}

/* However slowly it comes, it has to be here in time: each wait is for no longer than what is left. */
static void limit_head(struct brood_http *http, int idle_ms)
{
	int limit_ms = http->conn->service->config.head_timeout_ms;
	int64_t left_ms;

	if (limit_ms < 0)
		return;
	left_ms = limit_ms - (clock_now_ns() - http->began_ns) / NS_PER_MS;
	if (idle_ms < 0 || left_ms < idle_ms)
		brood_conn_deadline(http->conn, BROOD_DEADLINE_IDLE, left_ms > 0 ? (int)left_ms : 0);
}

/* As much as is there: mostly the head, and nothing else. > 0, 0 at the end of input, -errno. */
static ssize_t read_some(struct brood_http *http)
{
	size_t room;
	ssize_t n;
	int r = make_room(http);

	if (r < 0)
		return r;
	room = http->in_size - http->in_used;
	n = brood_read(http->conn, http->in + http->in_used, room < HTTP_READ_SIZE ? room : HTTP_READ_SIZE);
	if (n > 0)
		http->in_used += (size_t)n;
	return n;
}

/* Some clients send an empty line behind a body: that alone is no request. */
bool http_has_come(const struct brood_http *http)
{
	return http->request.has_line || http->in_used > http->request.line_at;
}

static int read_whole_head(struct brood_http *http)
{
	const int idle_ms = http->conn->idle_ms; /* maybe as a handler wants it */
	ssize_t n, size = -EAGAIN;

	while ((n = read_some(http)) > 0) {
		/* Until something comes, it tells of the request before. */
		http->conn->slot->note[0] = '\0';
		if (http->began_ns == 0 && http_access_is_wanted(http))
			http_access_begin(http);
		size = http1_parse(&http->request, http->in, http->in_used);
		if (size != -EAGAIN)
			break;
		if (http->began_ns == 0)
			http->began_ns = clock_now_ns();
		limit_head(http, idle_ms);
	}
	if (n == 0 && http_has_come(http))
		return refuse(http, 400, "the request ends within its head", "RFC 9112, 8");
	if (n <= 0)
		return (int)n;
	http->conn->idle_ms = idle_ms;
	if (size < 0)
		return refuse_fault(http, http->request.fault);
	http->head_size = (size_t)size;
	return 1;
}

/* A target has no blank, a method no '=': so the two are easily told apart again by whoever reads the note. */
static void note_request(struct brood_http *http)
{
	const struct http1_request *request = &http->request;
	char *note = http->conn->slot->note;
	size_t method = request->method.size, target = request->target.size;

	if (method + 1 + target >= SLOT_NOTE_SIZE)
		target = SLOT_NOTE_SIZE - 1 - method - 1;
	memcpy(note, http->in + request->method.at, method);
	note[method] = ' ';
	memcpy(note + method + 1, http->in + request->target.at, target);
	note[method + 1 + target] = '\0';
	if (http_access_is_wanted(http))
		http_access_asked(http);
	conn_tell(http->conn);
}

static void terminate(struct brood_http *http, struct http1_part part)
{
	http->in[part.at + part.size] = '\0';
}

/* The byte behind most of these is a blank or the end of a line, which nobody reads again. The host of an absolute form stands
 * in the middle of the target; behind the decoded path there is room for both. */
static void make_texts(struct brood_http *http)
{
	const struct http1_part *host = &http->request.host;
	char *copy;

	terminate(http, http->request.method);
	terminate(http, http->request.target);
	if (http->request.form != HTTP1_ABSOLUTE) {
		if (host->size > 0)
			terminate(http, *host);
		http->host = host->size > 0 ? http->in + host->at : "";
		return;
	}
	copy = http->path + strlen(http->path) + 1;
	memcpy(copy, http->in + host->at, host->size);
	copy[host->size] = '\0';
	http->host = copy;
}

static int decode_path(struct brood_http *http)
{
	const struct http1_part *path = &http->request.path;
	bool is_short = path->size + http->request.host.size + 4 <= sizeof http->short_path;
	size_t size = is_short ? sizeof http->short_path : sizeof http->long_path;

	http->path = is_short ? http->short_path : http->long_path;
	if (http->request.form == HTTP1_ASTERISK)
		strcpy(http->path, "*");
	else if (http1_uri_path(http->in + path->at, path->size, http->path, size, HTTP1_URI_REFUSE_SLASH) < 0)
		return refuse(http, 400, "the path of the target cannot be decoded", "RFC 3986, 2.1, 5.2.4");
	http->rest = http->path[0] == '/' ? http->path + 1 : http->path;
	return 1;
}

static bool is_too_large(const struct brood_http *http)
{
	int max_kib = http->conn->service->config.max_body_kib;

	return http->request.framing == HTTP1_LENGTH && max_kib >= 0 &&
	       http->request.length > (uint64_t)max_kib * 1024;
}

static int judge(struct brood_http *http)
{
	if (http->request.form == HTTP1_AUTHORITY)
		return refuse(http, 501, "CONNECT is for proxies", "RFC 9110, 9.3.6");
	if (is_too_large(http))
		return refuse(http, 413, "the body is larger than max_body_kib", "RFC 9110, 15.5.14");
	return decode_path(http);
}

/* NULL, which is strict, in nearly all services. */
static const struct http1_options *choose_options(struct brood_http *http)
{
	const struct brood_service *config = &http->conn->service->config;

	if (config->permit_bare_lf != 1 && config->permit_obsolete_fold != 1 &&
		config->permit_blank_before_colon != 1)
		return NULL;
	http->options = (struct http1_options){
		.bare_lf = config->permit_bare_lf == 1,
		.obsolete_fold = config->permit_obsolete_fold == 1,
		.blank_before_colon = config->permit_blank_before_colon == 1,
	};
	return &http->options;
}

int http_read_head(struct brood_http *http)
{
	int r;

	http1_begin(&http->request, choose_options(http));
	r = read_whole_head(http);
	/* It left between two requests: this call was none. */
	if (r == 0)
		slot_add(&http->conn->slot->requests, UINT64_MAX);
	if (r == -ETIMEDOUT && http_has_come(http))
		http_say_late(http, 408);
	if (r <= 0)
		return r;
	http->persistent = http->request.persistent;
	note_request(http);
	r = judge(http);
	if (r < 0)
		return r;
	make_texts(http);
	http_begin_body(http);
	return 1;
}
