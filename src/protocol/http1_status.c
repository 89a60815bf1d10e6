/* SPDX-License-Identifier: MIT */
#include "protocol/http1_status.h"

#include <stdint.h>
#include <stdlib.h>

/* Texts, and not pointers to them: nothing to relocate, so no page for each process to copy. */
struct row {
	uint16_t status;
	uint8_t size;  /* of line */
	char line[48]; /* without its end, so that what follows the code is a text by itself */
};

#define BEFORE_REASON (sizeof "HTTP/1.1 200 " - 1)

#define ROW(status, reason)                                                               \
	{                                                                                 \
		status, BEFORE_REASON + sizeof reason - 1, "HTTP/1.1 " #status " " reason \
	}

/* In the order of codes. */
static const struct row rows[] = {
	ROW(100, "Continue"),
	ROW(101, "Switching Protocols"),
	ROW(102, "Processing"),
	ROW(103, "Early Hints"),
	ROW(200, "OK"),
	ROW(201, "Created"),
	ROW(202, "Accepted"),
	ROW(203, "Non-Authoritative Information"),
	ROW(204, "No Content"),
	ROW(205, "Reset Content"),
	ROW(206, "Partial Content"),
	ROW(207, "Multi-Status"),
	ROW(208, "Already Reported"),
	ROW(226, "IM Used"),
	ROW(300, "Multiple Choices"),
	ROW(301, "Moved Permanently"),
	ROW(302, "Found"),
	ROW(303, "See Other"),
	ROW(304, "Not Modified"),
	ROW(305, "Use Proxy"),
	ROW(307, "Temporary Redirect"),
	ROW(308, "Permanent Redirect"),
	ROW(400, "Bad Request"),
	ROW(401, "Unauthorized"),
	ROW(402, "Payment Required"),
	ROW(403, "Forbidden"),
	ROW(404, "Not Found"),
	ROW(405, "Method Not Allowed"),
	ROW(406, "Not Acceptable"),
	ROW(407, "Proxy Authentication Required"),
	ROW(408, "Request Timeout"),
	ROW(409, "Conflict"),
	ROW(410, "Gone"),
	ROW(411, "Length Required"),
	ROW(412, "Precondition Failed"),
	ROW(413, "Content Too Large"),
	ROW(414, "URI Too Long"),
	ROW(415, "Unsupported Media Type"),
	ROW(416, "Range Not Satisfiable"),
	ROW(417, "Expectation Failed"),
	ROW(421, "Misdirected Request"),
	ROW(422, "Unprocessable Content"),
	ROW(423, "Locked"),
	ROW(424, "Failed Dependency"),
	ROW(425, "Too Early"),
	ROW(426, "Upgrade Required"),
	ROW(428, "Precondition Required"),
	ROW(429, "Too Many Requests"),
	ROW(431, "Request Header Fields Too Large"),
	ROW(451, "Unavailable For Legal Reasons"),
	ROW(500, "Internal Server Error"),
	ROW(501, "Not Implemented"),
	ROW(502, "Bad Gateway"),
	ROW(503, "Service Unavailable"),
	ROW(504, "Gateway Timeout"),
	ROW(505, "HTTP Version Not Supported"),
	ROW(506, "Variant Also Negotiates"),
	ROW(507, "Insufficient Storage"),
	ROW(508, "Loop Detected"),
	ROW(510, "Not Extended"),
	ROW(511, "Network Authentication Required"),
};

bool http1_status_valid(unsigned int status)
{
	return status >= 100 && status <= 599;
}

bool http1_status_has_body(unsigned int status)
{
	return status >= 200 && status != 204 && status != 304;
}

static int compare(const void *key, const void *row)
{
	unsigned int status = *(const unsigned int *)key, other = ((const struct row *)row)->status;

	return (status > other) - (status < other);
}

static const struct row *find(unsigned int status)
{
	return bsearch(&status, rows, sizeof rows / sizeof *rows, sizeof *rows, compare);
}

const char *http1_status_reason(unsigned int status)
{
	const struct row *row = find(status);

	return row ? row->line + BEFORE_REASON : "";
}

const char *http1_status_line(unsigned int status, size_t *ret_size)
{
	const struct row *row = find(status);

	if (!row)
		return NULL;
	*ret_size = row->size;
	return row->line;
}
