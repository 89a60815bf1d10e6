/* SPDX-License-Identifier: MIT */
/*
 * Decides what the fields of a head mean for the connection: whose request it is, where its body ends, whether
 * another one may follow. Invariant: framing that somebody could read in two ways is refused and never repaired (RFC
 * 9112, 11.2). Called by http1.c, field by field, so that a fault is found at its line.
 */
#include "protocol/http1_meaning.h"

#include "protocol/http1_authority.h"
#include "protocol/http1_scan.h"

enum {
	SEEN_HOST = 1 << 0,
	SEEN_LENGTH = 1 << 1,
	SEEN_CODING = 1 << 2,
	SEEN_CLOSE = 1 << 3,
	SEEN_KEEP_ALIVE = 1 << 4,
};

struct word {
	const char *at;
	size_t size;
};

/* The size first: most fields have one that no name here has. */
#define IS(word, name) ((word).size == sizeof name - 1 && http1_scan_alike((word).at, name, sizeof name - 1))

/* Of a name that is read here, as a bit. */
#define SIZE(name) (UINT32_C(1) << (sizeof name - 1))

/* The element of a list with commas that begins at *at, without blanks around it; *at is then behind its comma, or
 * beyond end. Fields read here have no quoted strings. */
static struct word next_element(const char **at, const char *end)
{
	const char *from = *at, *to = from;

	while (to < end && *to != ',')
		to++;
	*at = to + 1;
	while (from < to && http1_scan_blank(*from))
		from++;
	while (to > from && http1_scan_blank(to[-1]))
		to--;
	return (struct word){ from, (size_t)(to - from) };
}

static enum http1_fault read_host(struct http1_request *request, const char *data, struct http1_part value)
{
	if (request->seen & SEEN_HOST)
		return HTTP1_TWO_HOSTS;
	request->seen |= SEEN_HOST;
	if (!http1_authority_fits(data + value.at, value.size))
		return HTTP1_BAD_HOST;
	if (request->form == HTTP1_ORIGIN || request->form == HTTP1_ASTERISK)
		request->host = value; /* else the target's own stays, and Host is ignored: RFC 9112, 3.2.2 */
	return HTTP1_FINE;
}

static enum http1_fault read_length(struct http1_request *request, struct word value)
{
	const char *end = value.at + value.size;
	uint64_t length = 0;

	if (request->seen & SEEN_LENGTH)
		return HTTP1_TWO_LENGTHS;
	if (request->seen & SEEN_CODING)
		return HTTP1_LENGTH_AND_CODING;
	request->seen |= SEEN_LENGTH;
	if (value.size == 0 || http1_scan_run(value.at, end, HTTP1_SCAN_DIGIT) != end)
		return HTTP1_BAD_LENGTH;
	for (const char *at = value.at; at < end; at++) {
		unsigned int digit = (unsigned int)(*at - '0');

		if (length > ((uint64_t)INT64_MAX - digit) / 10)
			return HTTP1_LENGTH_TOO_LARGE;
		length = length * 10 + digit;
	}
	request->framing = HTTP1_LENGTH;
	request->length = length;
	return HTTP1_FINE;
}

/* Exactly one coding, chunked, in one field or in the list of several. */
static enum http1_fault read_coding(struct http1_request *request, struct word value)
{
	const char *at = value.at, *end = at + value.size;

	if (request->minor == 0)
		return HTTP1_OLD_CODING;
	if (request->seen & SEEN_LENGTH)
		return HTTP1_LENGTH_AND_CODING;
	while (at <= end) {
		struct word coding = next_element(&at, end);
		const char *coding_end = coding.at + coding.size;
		const char *name_end = http1_scan_run(coding.at, coding_end, HTTP1_SCAN_TOKEN);
		struct word name = { coding.at, (size_t)(name_end - coding.at) };

		if (name.size == 0 || (name_end < coding_end && *name_end != ';' && !http1_scan_blank(*name_end)))
			return HTTP1_BAD_CODING;
		if (request->seen & SEEN_CODING)
			return HTTP1_CHUNKED_NOT_LAST;
		if (!IS(name, "chunked"))
			return HTTP1_OTHER_CODING;
		if (name_end < coding_end) /* chunked has no parameters: RFC 9112, 7.1 */
			return HTTP1_BAD_CODING;
		request->seen |= SEEN_CODING;
	}
	request->framing = HTTP1_CHUNKED;
	return HTTP1_FINE;
}

/* What else is listed says nothing about this connection's end. */
static enum http1_fault read_connection(struct http1_request *request, struct word value)
{
	const char *at = value.at, *end = at + value.size;

	while (at <= end) {
		struct word option = next_element(&at, end);

		if (IS(option, "close"))
			request->seen |= SEEN_CLOSE;
		else if (IS(option, "keep-alive"))
			request->seen |= SEEN_KEEP_ALIVE;
	}
	return HTTP1_FINE;
}

static enum http1_fault read_expectation(struct http1_request *request, struct word value)
{
	if (!IS(value, "100-continue"))
		return HTTP1_BAD_EXPECTATION;
	request->expects = request->minor > 0;
	return HTTP1_FINE;
}

/* Apart, so that a field of another size costs no more than the look at its size. */
static __attribute__((noinline)) enum http1_fault read_field(
	struct http1_request *request, const char *data, const struct http1_field *field)
{
	struct word name = { data + field->name.at, field->name.size };
	struct word value = { data + field->value.at, field->value.size };

	request->field_is_read = true;
	if (IS(name, "host"))
		return read_host(request, data, field->value);
	if (IS(name, "connection"))
		return read_connection(request, value);
	if (IS(name, "content-length"))
		return read_length(request, value);
	if (IS(name, "transfer-encoding"))
		return read_coding(request, value);
	if (IS(name, "expect"))
		return read_expectation(request, value);
	request->field_is_read = false;
	return HTTP1_FINE;
}

enum http1_fault http1_meaning_read(struct http1_request *request, const char *data, const struct http1_field *field)
{
	/* Of every name that read_field knows. */
	const uint32_t sizes = SIZE("host") | SIZE("connection") | SIZE("content-length") |
			       SIZE("transfer-encoding") | SIZE("expect");

	if (field->name.size < 32 && sizes >> field->name.size & 1)
		return read_field(request, data, field);
	request->field_is_read = false;
	return HTTP1_FINE;
}

enum http1_fault http1_meaning_done(struct http1_request *request)
{
	if (request->minor > 0 && !(request->seen & SEEN_HOST))
		return HTTP1_NO_HOST;
	/* What follows CONNECT is meant for a tunnel, never a request (RFC 9110, 9.3.6). */
	request->persistent = request->form != HTTP1_AUTHORITY && !(request->seen & SEEN_CLOSE) &&
			      (request->minor > 0 || request->seen & SEEN_KEEP_ALIVE);
	return HTTP1_FINE;
}
