/* SPDX-License-Identifier: MIT */
/*
 * Decides where a response ends. Invariant: only the first RESPONSE_LINE_KEPT bytes of a line are ever looked at,
 * however it is cut, so that a line in two pieces means what it means in one. Called by reply.c, and by a fuzzer.
 */
#include "load/response.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "protocol/http1_status.h"

static bool begins(const char *text, size_t size, const char *word)
{
	size_t word_size = strlen(word);

	return size >= word_size && strncasecmp(text, word, word_size) == 0;
}

/* The n-th element of a list with commas, without blanks around it; false: there is none. */
static bool list_element(const char **list, const char *end, const char **ret_element, size_t *ret_size)
{
	const char *at = *list, *comma;

	if (at >= end)
		return false;
	comma = memchr(at, ',', (size_t)(end - at));
	*list = comma ? comma + 1 : end;
	comma = comma ? comma : end;
	while (at < comma && (*at == ' ' || *at == '\t'))
		at++;
	while (comma > at && (comma[-1] == ' ' || comma[-1] == '\t'))
		comma--;
	*ret_element = at;
	*ret_size = (size_t)(comma - at);
	return true;
}

/* ---- Lines of the head ---- */

/* HTTP/1.x SP three digits, then a blank or nothing. */
static int take_status(struct response *response, const char *line, size_t size)
{
	unsigned int status = 0;

	if (size < 12 || memcmp(line, "HTTP/1.", 7) != 0 || line[8] != ' ' || (size > 12 && line[12] != ' '))
		return -EBADMSG;
	if (line[7] < '0' || line[7] > '9')
		return -EBADMSG;
	for (int i = 9; i < 12; i++) {
		if (line[i] < '0' || line[i] > '9')
			return -EBADMSG;
		status = status * 10 + (unsigned int)(line[i] - '0');
	}
	if (!http1_status_valid(status))
		return -EBADMSG;
	response->status = status;
	response->keeps = line[7] != '0';
	response->state = RESPONSE_FIELD;
	return 0;
}

static int take_length(struct response *response, const char *value, const char *end)
{
	uint64_t length = 0;

	if (value == end)
		return -EBADMSG;
	for (; value < end; value++) {
		if (*value < '0' || *value > '9' || length > (INT64_MAX - 9) / 10)
			return -EBADMSG;
		length = length * 10 + (uint64_t)(*value - '0');
	}
	if (response->has_length && response->left != length)
		return -EBADMSG;
	response->has_length = true;
	response->left = length;
	return 0;
}

static void take_connection(struct response *response, const char *value, const char *end)
{
	const char *element;
	size_t size;

	while (list_element(&value, end, &element, &size)) {
		if (size == 5 && begins(element, size, "close"))
			response->keeps = false;
		else if (size == 10 && begins(element, size, "keep-alive"))
			response->keeps = true;
	}
}

/* Chunked or not is what its last coding says (RFC 9112, 6.3). */
static void take_coding(struct response *response, const char *value, const char *end)
{
	const char *element;
	size_t size;

	response->is_coded = true;
	while (list_element(&value, end, &element, &size))
		response->is_chunked = size == 7 && begins(element, size, "chunked");
}

static int take_field(struct response *response, const char *line, size_t size)
{
	const char *colon = memchr(line, ':', size), *end = line + size, *value;

	if (colon == line || *line == ' ' || *line == '\t' || (!colon && size < RESPONSE_LINE_KEPT))
		return -EBADMSG;
	/* Three names matter, and they begin with two letters. */
	if (!colon || ((*line | 0x20) != 'c' && (*line | 0x20) != 't'))
		return 0;
	for (value = colon + 1; value < end && (*value == ' ' || *value == '\t'); value++)
		;
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	size = (size_t)(colon - line);
	if (size == 14 && begins(line, size, "content-length"))
		return take_length(response, value, end);
	if (size == 10 && begins(line, size, "connection"))
		take_connection(response, value, end);
	else if (size == 17 && begins(line, size, "transfer-encoding"))
		take_coding(response, value, end);
	return 0;
}

/* The empty line: what frames the body (RFC 9112, 6.3). */
static int end_head(struct response *response)
{
	if (response->status < 200) {
		uint8_t interim = (uint8_t)(response->interim + 1);
		bool of_head = response->of_head;

		if (interim > RESPONSE_INTERIM_MAX || response->status == 101)
			return -EBADMSG;
		response_begin(response, of_head);
		response->interim = interim;
		return 0;
	}
	if (response->of_head || !http1_status_has_body(response->status)) {
		response->state = RESPONSE_OVER;
	} else if (response->is_chunked) {
		response->state = RESPONSE_CHUNKED;
		http1_chunked_begin(&response->chunked);
	} else if (response->has_length && !response->is_coded) {
		response->state = response->left > 0 ? RESPONSE_LENGTH : RESPONSE_OVER;
	} else {
		response->state = RESPONSE_CLOSE;
		response->keeps = false;
	}
	return 0;
}

/* line: without its LF; at most RESPONSE_LINE_KEPT bytes of it. */
static int take_line(struct response *response, const char *line, size_t size)
{
	if (size > 0 && line[size - 1] == '\r')
		size--;
	if (response->state == RESPONSE_STATUS)
		return take_status(response, line, size);
	return size == 0 ? end_head(response) : take_field(response, line, size);
}

static size_t kept(size_t size)
{
	return size < RESPONSE_LINE_KEPT ? size : RESPONSE_LINE_KEPT;
}

/* A line whose end has not come yet, or whose beginning came before. */
static void keep_piece(struct response *response, const char *data, size_t size)
{
	size_t have = kept(response->line_size), room = RESPONSE_LINE_KEPT - have;

	memcpy(response->line + have, data, size < room ? size : room);
	response->line_size += (uint32_t)size;
}

/* One line or, if it does not end here, all that is here. */
static ssize_t take_head(struct response *response, const char *data, size_t size)
{
	const char *end = memchr(data, '\n', size);
	size_t taken = end ? (size_t)(end - data) + 1 : size;
	int r = 0;

	if (taken > RESPONSE_HEAD_MAX - response->head)
		return -EBADMSG;
	response->head += (uint32_t)taken;
	if (response->line_size == 0 && end) {
		r = take_line(response, data, kept(taken - 1));
	} else {
		keep_piece(response, data, end ? taken - 1 : taken);
		if (end) {
			r = take_line(response, response->line, kept(response->line_size));
			response->line_size = 0;
		}
	}
	return r < 0 ? r : (ssize_t)taken;
}

/* ---- The body ---- */

static ssize_t take_length_body(struct response *response, size_t size)
{
	uint64_t here = size < response->left ? size : response->left;

	response_skip(response, here);
	return (ssize_t)here;
}

static ssize_t take_chunked(struct response *response, const char *data, size_t size)
{
	uint64_t body = 0, here;
	ssize_t coding = http1_chunked_next(&response->chunked, data, size, &body);

	if (coding < 0)
		return coding;
	here = size - (size_t)coding;
	here = here < body ? here : body;
	http1_chunked_took(&response->chunked, here);
	if (response->chunked.over)
		response->state = RESPONSE_OVER;
	return coding + (ssize_t)here;
}

static ssize_t take_some(struct response *response, const char *data, size_t size)
{
	switch (response->state) {
	case RESPONSE_STATUS:
	case RESPONSE_FIELD:
		return take_head(response, data, size);
	case RESPONSE_LENGTH:
		return take_length_body(response, size);
	case RESPONSE_CHUNKED:
		return take_chunked(response, data, size);
	case RESPONSE_CLOSE:
		return (ssize_t)size;
	case RESPONSE_OVER:
		break;
	}
	return 0;
}

void response_begin(struct response *response, bool of_head)
{
	/* All but line[], which is written before it is read. */
	memset(response, 0, offsetof(struct response, chunked));
	response->of_head = of_head;
}

ssize_t response_take(struct response *response, const char *data, size_t size)
{
	size_t at = 0;

	while (at < size && response->state != RESPONSE_OVER) {
		ssize_t taken = take_some(response, data + at, size - at);

		if (taken < 0) {
			/* So that each later call finds no room, either. */
			response->state = RESPONSE_STATUS;
			response->head = RESPONSE_HEAD_MAX;
			return -EBADMSG;
		}
		at += (size_t)taken;
	}
	return (ssize_t)at;
}

void response_skip(struct response *response, uint64_t size)
{
	response->left -= size;
	if (response->left == 0)
		response->state = RESPONSE_OVER;
}

bool response_end(struct response *response)
{
	if (response->state == RESPONSE_CLOSE)
		response->state = RESPONSE_OVER;
	return response->state == RESPONSE_OVER;
}
