/* SPDX-License-Identifier: MIT */
/*
 * Decides what a request line means (RFC 9112, 3): which form its target has, and which version. Invariant: exactly
 * two spaces, no other blank, so that nobody can read another target out of the same line. Called by http1.c.
 *
 * Of bytes in a target RFC 3986 allows fewer: browsers send '|', '^', '[', '"' and others as they are (WHATWG, URL,
 * 1.3), and none of them ends a part of it. A '#' would; a byte above 0x7e has no agreed meaning.
 */
#include "protocol/http1_line.h"

#include <string.h>

#include "protocol/http1_authority.h"
#include "protocol/http1_scan.h"

static bool method_is(const struct http1_request *request, const char *data, const char *name)
{
	size_t size = strlen(name);

	return request->method.size == size && memcmp(data + request->method.at, name, size) == 0;
}

/* A higher minor version is read as the highest known one (RFC 9110, 2.5). */
static enum http1_fault read_version(struct http1_request *request, const char *at, size_t size)
{
	if (size != strlen("HTTP/1.1") || memcmp(at, "HTTP/", 5) != 0 || at[6] != '.')
		return HTTP1_BAD_VERSION;
	if (!http1_scan_is(at[5], HTTP1_SCAN_DIGIT) || !http1_scan_is(at[7], HTTP1_SCAN_DIGIT))
		return HTTP1_BAD_VERSION;
	if (at[5] != '1')
		return HTTP1_OTHER_VERSION;
	request->minor = at[7] > '0';
	return HTTP1_FINE;
}

/* Path and query, from at on. */
static enum http1_fault read_path(struct http1_request *request, const char *data, uint32_t from)
{
	const char *end = data + request->target.at + request->target.size;
	const char *at = data + from, *mark = NULL;

	for (;;) {
		at = http1_scan_run(at, end, HTTP1_SCAN_TARGET);
		if (at == end)
			break;
		if (*at == '#')
			return HTTP1_FRAGMENT;
		if (*at == '?') {
			mark = mark ? mark : at;
			at++;
			continue;
		}
		if (*at != '%')
			return HTTP1_BAD_TARGET;
		if (end - at < 3 || !http1_scan_is(at[1], HTTP1_SCAN_HEX) || !http1_scan_is(at[2], HTTP1_SCAN_HEX))
			return HTTP1_BAD_ESCAPE;
		at += 3;
	}
	request->has_query = mark != NULL;
	request->path = (struct http1_part){ from, (uint32_t)((mark ? mark : end) - data) - from };
	if (mark)
		request->query = (struct http1_part){ (uint32_t)(mark + 1 - data), (uint32_t)(end - mark - 1) };
	return HTTP1_FINE;
}

/* http://host/path: the path may be missing, the host may not (RFC 9110, 4.2.1). */
static enum http1_fault read_absolute(struct http1_request *request, const char *data)
{
	const char *at = data + request->target.at, *end = at + request->target.size;
	size_t size;

	if (end - at >= 7 && http1_scan_alike(at, "http://", 7))
		at += 7;
	else if (end - at >= 8 && http1_scan_alike(at, "https://", 8))
		at += 8;
	else
		return HTTP1_TARGET_SCHEME;
	for (size = 0; at + size < end && !memchr("/?#", at[size], 3);)
		size++;
	if (!http1_authority_fits(at, size))
		return HTTP1_TARGET_AUTHORITY;
	request->form = HTTP1_ABSOLUTE;
	request->host = (struct http1_part){ (uint32_t)(at - data), (uint32_t)size };
	return read_path(request, data, request->host.at + request->host.size);
}

static enum http1_fault read_authority(struct http1_request *request, const char *data)
{
	if (!http1_authority_has_port(data + request->target.at, request->target.size))
		return HTTP1_TARGET_AUTHORITY;
	request->form = HTTP1_AUTHORITY;
	request->host = request->target;
	return HTTP1_FINE;
}

static enum http1_fault read_target(struct http1_request *request, const char *data)
{
	const char *target = data + request->target.at;

	if (method_is(request, data, "CONNECT"))
		return read_authority(request, data);
	if (*target == '/')
		return read_path(request, data, request->target.at);
	if (request->target.size == 1 && *target == '*') {
		request->form = HTTP1_ASTERISK;
		return method_is(request, data, "OPTIONS") ? HTTP1_FINE : HTTP1_TARGET_FORM;
	}
	if (memmem(target, request->target.size, "://", 3))
		return read_absolute(request, data);
	return HTTP1_TARGET_FORM;
}

enum http1_fault http1_line_read(struct http1_request *request, const char *data, uint32_t line_end)
{
	const char *end = data + line_end;
	const char *target = data + request->method.at + request->method.size + 1;
	const char *space = memchr(target, ' ', (size_t)(end - target));
	enum http1_fault fault;

	if (!space && target < end)
		return HTTP1_NO_VERSION;
	if (!space || space == target || memchr(space + 1, ' ', (size_t)(end - space - 1)))
		return HTTP1_BAD_LINE;
	request->target = (struct http1_part){ (uint32_t)(target - data), (uint32_t)(space - target) };
	fault = read_version(request, space + 1, (size_t)(end - space - 1));
	return fault ? fault : read_target(request, data);
}
