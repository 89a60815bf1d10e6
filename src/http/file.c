/* SPDX-License-Identifier: MIT */
/*
 * A file as the answer, or as much of it as the client asks for: conditions first (RFC 9110, 13.2.2), then the range.
 *
 *   If-Match, else If-Unmodified-Since ──false──→ 412
 *   If-None-Match, else If-Modified-Since ──unchanged──→ 304 (GET, HEAD), 412 (others)
 *   Range, if If-Range still holds ──→ 206, 416; else 200
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/cold.h"
#include "http/http_private.h"
#include "protocol/http1_date.h"
#include "protocol/http1_etag.h"
#include "protocol/http1_range.h"

static bool is_get_or_head(const struct brood_http *http)
{
	const char *method = brood_http_method(http);

	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

/* Does any line of the list name it? False in *ret_given: there is no such field. */
static bool names_tag(struct brood_http *http, const char *name, const struct brood_http_file *file,
	enum http1_etag_comparison comparison, bool *ret_given)
{
	const char *list;
	bool any = false;

	*ret_given = false;
	for (unsigned int i = 0; (list = brood_http_field(http, name, i)) != NULL; i++) {
		*ret_given = true;
		/* The file is there: without a tag only "*" names it. */
		any = any || http1_etag_match(list, strlen(list), file->etag ? file->etag : "", comparison);
	}
	return any;
}

/* False: no such field, none that is a date, or nothing to compare it with. */
static bool read_date(
	struct brood_http *http, const char *name, const struct brood_http_file *file, int64_t *ret_date_s)
{
	const char *text = brood_http_field(http, name, 0);

	return text && file->modified_s && http1_date_parse(text, strlen(text), time(NULL), ret_date_s) == 0;
}

/* 0: go on; else the status that the conditions come to. */
static int check_conditions(struct brood_http *http, const struct brood_http_file *file)
{
	int64_t date_s;
	bool given, named;

	named = names_tag(http, "If-Match", file, HTTP1_ETAG_STRONG, &given);
	if (given && !named)
		return 412;
	if (!given && read_date(http, "If-Unmodified-Since", file, &date_s) && file->modified_s > date_s)
		return 412;
	named = names_tag(http, "If-None-Match", file, HTTP1_ETAG_WEAK, &given);
	if (named)
		return is_get_or_head(http) ? 304 : 412;
	if (!given && is_get_or_head(http) && read_date(http, "If-Modified-Since", file, &date_s) &&
		file->modified_s <= date_s)
		return 304;
	return 0;
}

/* A part of what the client has is of use only if it has the rest of the very same. */
static bool range_still_holds(struct brood_http *http, const struct brood_http_file *file)
{
	const char *text = brood_http_field(http, "If-Range", 0);
	int64_t date_s;

	if (!text)
		return true;
	if (text[0] == '"')
		return file->etag && http1_etag_valid(text, strlen(text)) &&
		       http1_etag_match(text, strlen(text), file->etag, HTTP1_ETAG_STRONG);
	return read_date(http, "If-Range", file, &date_s) && date_s == file->modified_s;
}

static enum http1_range_answer choose_range(
	struct brood_http *http, const struct brood_http_file *file, struct http1_range *range)
{
	const char *text = brood_http_field(http, "Range", 0);

	*range = (struct http1_range){ 0, (uint64_t)file->size };
	if (!text || brood_http_field(http, "Range", 1) || strcmp(brood_http_method(http), "GET") != 0 ||
		!range_still_holds(http, file))
		return HTTP1_RANGE_WHOLE;
	return http1_range_parse(text, strlen(text), (uint64_t)file->size, range);
}

static int set_fields(struct brood_http *http, const struct brood_http_file *file)
{
	char date[HTTP1_DATE_SIZE];
	int r = brood_http_set(http, "Accept-Ranges", "bytes");

	if (r == 0 && file->etag)
		r = brood_http_set(http, "ETag", file->etag);
	/* Never of the future (RFC 9110, 8.8.2.1). */
	if (r == 0 && file->modified_s && file->modified_s <= time(NULL) &&
		http1_date_format(file->modified_s, date) == 0)
		r = brood_http_set(http, "Last-Modified", date);
	return r;
}

static int set_content_range(struct brood_http *http, const struct http1_range *range, off_t whole)
{
	char text[80];

	if (range)
		snprintf(text, sizeof text, "bytes %llu-%llu/%lld", (unsigned long long)range->from,
			(unsigned long long)(range->from + range->size - 1), (long long)whole);
	else
		snprintf(text, sizeof text, "bytes */%lld", (long long)whole);
	return brood_http_set(http, "Content-Range", text);
}

/* What fits behind the head leaves with it; the rest goes from the file to the connection. */
static int send_range(struct brood_http *http, int fd, const struct http1_range *range)
{
	size_t room = http->out.capacity - http->out.size;
	size_t first = range->size < room ? (size_t)range->size : room;
	ssize_t n;
	int r;

	if (http->silent)
		return brood_http_end(http);
	n = cold_read(http->conn, fd, http->out.data + http->out.size, first, (off_t)range->from);
	if (n < 0)
		return (int)n;
	http->out.size += (size_t)n;
	http->body_sent = range->size;
	http->phase = ANSWER_FLOWING;
	r = brood_write(http->conn, http->out.data, http->out.size);
	buf_reset(&http->out);
	if (r == 0 && (uint64_t)n < range->size)
		r = brood_sendfile(http->conn, fd, (off_t)range->from + n, (size_t)(range->size - (uint64_t)n));
	return r < 0 ? r : brood_http_end(http);
}

/* An answer about the file, not the file: what was said of how it is coded, and how long it is good, does not hold.
 * */
static int refuse(struct brood_http *http, int status)
{
	int r = brood_http_set(http, "Content-Encoding", NULL);

	if (r == 0)
		r = brood_http_set(http, "Cache-Control", NULL);
	return r < 0 ? r : brood_http_say(http, status, NULL);
}

int brood_http_send_file(struct brood_http *http, const struct brood_http_file *file)
{
	const char *type = file->type ? file->type : "application/octet-stream";
	enum http1_range_answer answer;
	struct http1_range range;
	int r = set_fields(http, file);
	int status;

	if (r < 0)
		return r;
	status = check_conditions(http, file);
	if (status == 304)
		return brood_http_answer(http, status, NULL, NULL, 0);
	if (status)
		return refuse(http, status);
	answer = choose_range(http, file, &range);
	if (answer != HTTP1_RANGE_WHOLE)
		r = set_content_range(http, answer == HTTP1_RANGE_PART ? &range : NULL, file->size);
	if (r == 0 && answer == HTTP1_RANGE_UNSATISFIABLE)
		return refuse(http, 416);
	if (r == 0)
		r = brood_http_begin(http, answer == HTTP1_RANGE_PART ? 206 : 200, type, (int64_t)range.size);
	return r < 0 ? r : send_range(http, file->fd, &range);
}
