/* SPDX-License-Identifier: MIT */
/*
 * Range: bytes=… against the size of what is served (RFC 9110, 14). Pure.
 *
 * More than one range is answered with the whole: a server may (14.2), and then no list that a client writes, long,
 * overlapping or in pieces of a byte, costs more than its first comma.
 */
#ifndef PROTOCOL_HTTP1_RANGE_H
#define PROTOCOL_HTTP1_RANGE_H

#include <stddef.h>
#include <stdint.h>

enum http1_range_answer {
	HTTP1_RANGE_WHOLE, /* 200: another unit, several ranges, or malformed, which is as if it were not there */
	HTTP1_RANGE_PART,  /* 206 */
	HTTP1_RANGE_UNSATISFIABLE, /* 416 */
};

struct http1_range {
	uint64_t from, size; /* size > 0, from + size is at most that of the whole */
};

/*
 * value: of the field; whose field came twice has none. Sets *ret_range with HTTP1_RANGE_PART only. A suffix of what
 * is empty is the whole: it is satisfiable, but no Content-Range can say it.
 */
enum http1_range_answer http1_range_parse(
	const char *value, size_t size, uint64_t whole, struct http1_range *ret_range);

#endif
