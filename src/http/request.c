/* SPDX-License-Identifier: MIT */
/* What a handler asks about its request. Texts are terminated where they stand, behind a byte that nobody reads again. */
#include <errno.h>
#include <string.h>

#include "http/http_private.h"
#include "protocol/http1_query.h"

struct brood_conn *brood_http_conn(const struct brood_http *http)
{
	return http->conn;
}

const char *brood_http_method(const struct brood_http *http)
{
	return http->in + http->request.method.at;
}

const char *brood_http_target(const struct brood_http *http)
{
	return http->in + http->request.target.at;
}

int brood_http_minor(const struct brood_http *http)
{
	return (int)http->request.minor;
}

const char *brood_http_path(const struct brood_http *http)
{
	return http->path;
}

const char *brood_http_rest(const struct brood_http *http)
{
	return http->rest;
}

const char *brood_http_capture(const struct brood_http *http, const char *name)
{
	size_t size = strlen(name);

	for (size_t i = 0; i < http->capture_count; i++) {
		const struct http_capture *capture = &http->captures[i];

		if (capture->name_size == size && memcmp(capture->name, name, size) == 0)
			return capture->value;
	}
	return NULL;
}

/* It is the end of the target, which is terminated. */
const char *brood_http_query(const struct brood_http *http)
{
	return http->request.has_query ? http->in + http->request.query.at : NULL;
}

ssize_t brood_http_query_value(const struct brood_http *http, const char *name, char *buf, size_t size)
{
	char decoded[HTTP1_LINE_MAX + 1];
	struct http1_query_pair pair;
	struct http1_query query;
	int r;

	http1_query_begin(&query, http->in + http->request.query.at, http->request.query.size);
	while (http1_query_next(&query, &pair)) {
		r = http1_query_decode(pair.name, pair.name_size, decoded, sizeof decoded);
		if (r < 0 || strcmp(decoded, name) != 0)
			continue;
		r = http1_query_decode(pair.value, pair.value_size, buf, size);
		return r < 0 ? r : (ssize_t)strlen(buf);
	}
	return -ENOENT;
}

const char *brood_http_host(const struct brood_http *http)
{
	return http->host;
}

/* A field that goes on in the next line, where that is permitted, is read as if it did not (RFC 9112, 5.2). */
static void unfold(char *text)
{
	for (; *text; text++)
		if (*text == '\r' || *text == '\n')
			*text = ' ';
}

static const char *text_of(struct brood_http *http, struct http1_part part)
{
	http->in[part.at + part.size] = '\0';
	if (http->request.folded)
		unfold(http->in + part.at);
	return http->in + part.at;
}

const char *brood_http_field(struct brood_http *http, const char *name, unsigned int n)
{
	const struct http1_field *field = http1_find(&http->request, http->in, name, strlen(name), n);

	return field ? text_of(http, field->value) : NULL;
}

bool brood_http_field_at(struct brood_http *http, unsigned int n, const char **ret_name, const char **ret_value)
{
	const struct http1_field *field;

	if (n >= http->request.fields)
		return false;
	field = &http->request.field[n];
	*ret_name = text_of(http, field->name);
	*ret_value = text_of(http, field->value);
	return true;
}
