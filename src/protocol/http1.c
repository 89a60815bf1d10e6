/* SPDX-License-Identifier: MIT */
/*
 * Goes through a head line by line. Invariant: each byte is looked at in its order, whatever calls it comes in, so a
 * head has one outcome; the meaning of a line is asked for only when its end is there (http1_line.c, http1_meaning.c).
 * Once, but for a field's line that came in part, or is none of the plain ones: twice (take_plain_fields).
 *
 *   LEAD (method, name) ──→ GAP (blanks before ':', by option) ──→ REST (to the line's end) ──→ LEAD of the next
 *     └──→ FOLD (a line that goes on with a value, by option) ──────────────────────────────────┘
 */
#include "protocol/http1.h"

#include <errno.h>
#include <string.h>

#include "protocol/http1_line.h"
#include "protocol/http1_meaning.h"
#include "protocol/http1_scan.h"

enum step { LEAD, GAP, REST, FOLD };

enum outcome {
	NEXT, /* look again: at the next step, or the next line */
	MORE, /* nothing more to see without more bytes */
	OVER, /* the head is complete */
	BAD,  /* ->fault */
};

/* What was fed, and how much of it may be looked at. */
struct feed {
	const char *data;
	uint32_t size;
};

static const struct http1_options strict;

static uint32_t bound(uint32_t option, uint32_t standard)
{
	return option > 0 && option < standard ? option : standard;
}

static enum outcome refuse(struct http1_request *request, enum http1_fault fault)
{
	request->fault = fault;
	return BAD;
}

static void next_line(struct http1_request *request, uint32_t at)
{
	request->line_at = at;
	request->scanned = 0;
	request->step = LEAD;
}

/* The line has a control byte at `at`: its end? *ret_next is where the next line begins. */
static enum outcome end_line(struct http1_request *request, struct feed feed, uint32_t at, uint32_t *ret_next)
{
	if (feed.data[at] == '\n') {
		if (!request->options->bare_lf)
			return refuse(request, HTTP1_BARE_LF);
		*ret_next = at + 1;
		return NEXT;
	}
	if (feed.data[at] != '\r')
		return refuse(request, request->has_line ? HTTP1_BAD_VALUE : HTTP1_BAD_TARGET);
	if (at + 1 == feed.size)
		return MORE;
	if (feed.data[at + 1] != '\n')
		return refuse(request, HTTP1_BARE_CR);
	*ret_next = at + 2;
	return NEXT;
}

/* Runs over the token that the line begins with: at most max bytes. *ret_end is where it ends. */
static enum outcome scan_lead(
	struct http1_request *request, struct feed feed, uint32_t max, enum http1_fault beyond, uint32_t *ret_end)
{
	uint32_t from = request->line_at + request->scanned;
	uint32_t to = request->line_at + max + 1 < feed.size ? request->line_at + max + 1 : feed.size;
	uint32_t end = (uint32_t)(http1_scan_token(feed.data + from, feed.data + to) - feed.data);

	request->scanned = end - request->line_at;
	if (request->scanned > max)
		return refuse(request, beyond);
	if (end == feed.size)
		return MORE;
	*ret_end = end;
	return NEXT;
}

static enum outcome skip_empty_line(struct http1_request *request, struct feed feed)
{
	enum outcome outcome;
	uint32_t next;

	if (request->empty_lines == HTTP1_EMPTY_LINES)
		return refuse(request, HTTP1_TOO_MANY_EMPTY_LINES);
	outcome = end_line(request, feed, request->line_at, &next);
	if (outcome != NEXT)
		return outcome;
	request->empty_lines++;
	next_line(request, next);
	return NEXT;
}

static enum outcome take_method(struct http1_request *request, struct feed feed)
{
	uint32_t line_max = bound(request->options->line_max, HTTP1_LINE_MAX);
	bool line_is_less = line_max < HTTP1_METHOD_MAX;
	enum outcome outcome;
	bool at_end;
	uint32_t end;

	outcome = scan_lead(request, feed, line_is_less ? line_max : HTTP1_METHOD_MAX,
		line_is_less ? HTTP1_LINE_TOO_LONG : HTTP1_METHOD_TOO_LONG, &end);
	if (outcome != NEXT)
		return outcome;
	at_end = feed.data[end] == '\r' || feed.data[end] == '\n';
	if (request->scanned == 0 && at_end)
		return skip_empty_line(request, feed);
	if (request->scanned == 0 || feed.data[end] != ' ')
		return refuse(request, at_end ? HTTP1_BAD_LINE : HTTP1_BAD_METHOD);
	request->method = (struct http1_part){ request->line_at, request->scanned };
	request->step = REST;
	return NEXT;
}

static enum outcome take_target(struct http1_request *request, struct feed feed)
{
	uint32_t max = bound(request->options->line_max, HTTP1_LINE_MAX);
	uint32_t from = request->line_at + request->scanned;
	uint32_t to = request->line_at + max + 1 < feed.size ? request->line_at + max + 1 : feed.size;
	uint32_t end = (uint32_t)(http1_scan_text(feed.data + from, feed.data + to) - feed.data);
	enum http1_fault fault;
	enum outcome outcome;
	uint32_t next;

	request->scanned = end - request->line_at;
	if (request->scanned > max)
		return refuse(request, HTTP1_LINE_TOO_LONG);
	if (end == feed.size)
		return MORE;
	outcome = end_line(request, feed, end, &next);
	if (outcome != NEXT)
		return outcome;
	fault = http1_line_read(request, feed.data, end);
	if (fault)
		return refuse(request, fault);
	request->has_line = true;
	next_line(request, next);
	return NEXT;
}

/* A line that does not begin with a name: the empty one ends the head, one with a blank goes on with the field
 * before. */
static enum outcome take_other_line(struct http1_request *request, struct feed feed)
{
	char byte = feed.data[request->line_at];
	enum http1_fault fault;
	enum outcome outcome;
	uint32_t next;

	if (http1_scan_blank(byte)) {
		if (!request->options->obsolete_fold || request->fields == 0 || request->field_is_read)
			return refuse(request, HTTP1_FOLD);
		request->step = FOLD;
		return NEXT;
	}
	if (byte != '\r' && byte != '\n')
		return refuse(request, HTTP1_BAD_NAME);
	outcome = end_line(request, feed, request->line_at, &next);
	if (outcome != NEXT)
		return outcome;
	fault = http1_meaning_done(request);
	if (fault)
		return refuse(request, fault);
	next_line(request, next);
	return OVER;
}

static enum outcome take_name(struct http1_request *request, struct feed feed)
{
	struct http1_field *field = &request->field[request->fields];
	enum outcome outcome;
	uint32_t end;

	if (request->line_at == feed.size)
		return MORE;
	if (!http1_scan_is(feed.data[request->line_at], HTTP1_SCAN_TOKEN))
		return take_other_line(request, feed);
	if (request->fields == bound(request->options->fields_max, HTTP1_FIELDS_MAX))
		return refuse(request, HTTP1_TOO_MANY_FIELDS);
	outcome = scan_lead(request, feed, HTTP1_NAME_MAX, HTTP1_NAME_TOO_LONG, &end);
	if (outcome != NEXT)
		return outcome;
	field->name = (struct http1_part){ request->line_at, request->scanned };
	if (feed.data[end] == ':') {
		field->value.at = end + 1;
		request->scanned++;
		request->step = REST;
		return NEXT;
	}
	if (!http1_scan_blank(feed.data[end]))
		return refuse(request, HTTP1_BAD_NAME);
	if (!request->options->blank_before_colon)
		return refuse(request, HTTP1_BLANK_BEFORE_COLON);
	request->step = GAP;
	return NEXT;
}

static enum outcome take_gap(struct http1_request *request, struct feed feed)
{
	uint32_t at = request->line_at + request->scanned;

	while (at < feed.size && http1_scan_blank(feed.data[at]))
		at++;
	request->scanned = at - request->line_at;
	if (at == feed.size)
		return MORE;
	if (feed.data[at] != ':')
		return refuse(request, HTTP1_BAD_NAME);
	request->field[request->fields].value.at = at + 1;
	request->scanned++;
	request->step = REST;
	return NEXT;
}

/* [from, to) without blanks around it. */
static inline struct http1_part trimmed(const char *data, uint32_t from, uint32_t to)
{
	while (from < to && http1_scan_blank(data[from]))
		from++;
	while (to > from && http1_scan_blank(data[to - 1]))
		to--;
	return (struct http1_part){ from, to - from };
}

static void lengthen_value(struct http1_request *request, const char *data, uint32_t line_end)
{
	struct http1_part *value = &request->field[request->fields - 1].value;
	struct http1_part more = trimmed(data, request->line_at, line_end);

	if (more.size == 0)
		return;
	if (value->size == 0) {
		*value = more;
		return;
	}
	value->size = more.at + more.size - value->at;
	request->folded = true;
}

/* The line of the field at hand is complete: its name and where its value begins are known. */
static inline enum outcome keep_field(
	struct http1_request *request, struct feed feed, uint32_t line_end, uint32_t next)
{
	struct http1_field *field = &request->field[request->fields];
	enum http1_fault fault;

	field->value = trimmed(feed.data, field->value.at, line_end);
	request->fields++;
	fault = http1_meaning_read(request, feed.data, field);
	if (fault)
		return refuse(request, fault);
	next_line(request, next);
	return NEXT;
}

/* Also the rest of a line that only goes on with a value. */
static enum outcome take_value(struct http1_request *request, struct feed feed)
{
	uint32_t from = request->line_at + request->scanned;
	uint32_t end = (uint32_t)(http1_scan_text(feed.data + from, feed.data + feed.size) - feed.data);
	enum outcome outcome;
	uint32_t next;

	request->scanned = end - request->line_at;
	if (end == feed.size)
		return MORE;
	outcome = end_line(request, feed, end, &next);
	if (outcome != NEXT)
		return outcome;
	if (request->step == FOLD) {
		lengthen_value(request, feed.data, end);
		next_line(request, next);
		return NEXT;
	}
	return keep_field(request, feed, end, next);
}

/*
 * Fields whose lines are all here, and in order, as nearly all are: what take_name and take_value come to, without a note
 * of each step for a next call. Finds fault with nothing: what is not plain is theirs, from the first byte of its line.
 */
static enum outcome take_plain_fields(struct http1_request *request, struct feed feed)
{
	const char *data = feed.data, *limit = data + feed.size;
	uint32_t fields_max = bound(request->options->fields_max, HTTP1_FIELDS_MAX);
	enum outcome outcome = NEXT;

	while (outcome == NEXT && request->fields < fields_max) {
		struct http1_field *field = &request->field[request->fields];
		const char *name = data + request->line_at, *colon = http1_scan_token(name, limit), *end;

		if (colon == name || colon == limit || *colon != ':' || colon - name > HTTP1_NAME_MAX)
			return NEXT;
		end = http1_scan_text(colon + 1, limit);
		if (limit - end < 2 || end[0] != '\r' || end[1] != '\n')
			return NEXT;
		field->name = (struct http1_part){ request->line_at, (uint32_t)(colon - name) };
		field->value.at = (uint32_t)(colon + 1 - data);
		outcome = keep_field(request, feed, (uint32_t)(end - data), (uint32_t)(end + 2 - data));
	}
	return outcome;
}

static enum outcome take_fields(struct http1_request *request, struct feed feed)
{
	enum outcome outcome = request->scanned == 0 ? take_plain_fields(request, feed) : NEXT;

	return outcome == NEXT ? take_name(request, feed) : outcome;
}

static enum outcome take(struct http1_request *request, struct feed feed)
{
	if (!request->has_line)
		return request->step == LEAD ? take_method(request, feed) : take_target(request, feed);
	if (request->step == LEAD)
		return take_fields(request, feed);
	return request->step == GAP ? take_gap(request, feed) : take_value(request, feed);
}

void http1_begin(struct http1_request *request, const struct http1_options *options)
{
	memset(request, 0, offsetof(struct http1_request, field));
	request->options = options ? options : &strict;
}

ssize_t http1_parse(struct http1_request *request, const char *data, size_t size)
{
	uint32_t head_max = bound(request->options->head_max, HTTP1_HEAD_MAX);
	struct feed feed = { data, size < head_max ? (uint32_t)size : head_max };
	enum outcome outcome = request->fault ? BAD : NEXT;

	while (outcome == NEXT)
		outcome = take(request, feed);
	if (outcome == MORE && feed.size == head_max)
		outcome = refuse(request, request->has_line ? HTTP1_HEAD_TOO_LONG : HTTP1_LINE_TOO_LONG);
	if (outcome == OVER)
		return request->line_at;
	return outcome == MORE ? -EAGAIN : -EBADMSG;
}

const struct http1_field *http1_find(
	const struct http1_request *request, const char *data, const char *name, size_t size, unsigned int n)
{
	for (uint32_t i = 0; i < request->fields; i++) {
		const struct http1_field *field = &request->field[i];

		if (field->name.size != size || !http1_scan_alike(data + field->name.at, name, size))
			continue;
		if (n-- == 0)
			return field;
	}
	return NULL;
}
