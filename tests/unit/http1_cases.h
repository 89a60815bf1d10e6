/* SPDX-License-Identifier: MIT */
/*
 * Requests as data: a claim, the bytes, and what they come to (http1_outcome.h). What gunicorn, llhttp and lighttpd
 * ask of their own parsers in public is among them, in our words and with our answers. For
 * tests/unit/test_http1_cases.c and tests/harness/http1_dump.c.
 */
#ifndef UNIT_HTTP1_CASES_H
#define UNIT_HTTP1_CASES_H

#include <stddef.h>

struct http1_case {
	const char *claim;
	const char *bytes;
	size_t size;
	const char *outcome;
};

#define CASE(claim, bytes, outcome) { claim, bytes, sizeof(bytes) - 1, outcome },

/* A request line with a Host after it; fields after both; a chunked body after all. */
#define LINE(claim, line, outcome)     CASE(claim, line "\r\nHost: a\r\n\r\n", outcome)
#define FIELDS(claim, fields, outcome) CASE(claim, "GET / HTTP/1.1\r\nHost: a\r\n" fields "\r\n", outcome)
#define HOST(claim, value, outcome)    CASE(claim, "GET / HTTP/1.1\r\nHost: " value "\r\n\r\n", outcome)
#define CHUNKS(claim, body, outcome)                                                         \
	CASE(claim, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" body, \
		"POST / @a chunked \"" outcome)

static const struct http1_case http1_cases[] = {
#include "http1_cases_fields.def"
#include "http1_cases_framing.def"
#include "http1_cases_line.def"
#include "http1_cases_streams.def"
};

#define HTTP1_CASES (sizeof http1_cases / sizeof http1_cases[0])

#endif
