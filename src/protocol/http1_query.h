/* SPDX-License-Identifier: MIT */
/*
 * The query of a target as forms write it: "name=value&flag&name=other". Pure. Names and values are given as sent,
 * because decoded before they are told apart, a "%26" in one would end it. The bound on pairs is that of the request
 * line.
 */
#ifndef PROTOCOL_HTTP1_QUERY_H
#define PROTOCOL_HTTP1_QUERY_H

#include <stdbool.h>
#include <stddef.h>

struct http1_query {
	const char *at, *end;
};

/* Points into the query. "flag" has no value, "flag=" an empty one. */
struct http1_query_pair {
	const char *name, *value; /* value is never NULL */
	size_t name_size, value_size;
	bool has_value;
};

/* Borrows raw: a query without its '?'. */
void http1_query_begin(struct http1_query *query, const char *raw, size_t size);

/* false: there are no more. What is empty between two '&' is no pair. */
bool http1_query_next(struct http1_query *query, struct http1_query_pair *ret_pair);

/*
 * A name or value, into a string: '+' is a blank, %XX a byte. -EINVAL: a malformed escape, or a NUL (%00 too).
 * -EMSGSIZE: no room; size + 1 always are enough. buf is of no use after a failure.
 */
int http1_query_decode(const char *raw, size_t size, char *buf, size_t buf_size);

#endif
