/* SPDX-License-Identifier: MIT */
/*
 * Decides what is asked for. Only the request line is read; headers are skipped, since none of them changes an answer that is
 * always whole and always the last one. Invariant: never reads beyond size; no state between calls.
 */
#include "supervise/status/status_request.h"

#include <string.h>

static const char *const paths[STATUS_PAGES] = {
	[STATUS_HEALTHZ] = "/healthz",
	[STATUS_READYZ] = "/readyz",
	[STATUS_METRICS] = "/metrics",
};

struct word {
	const char *text;
	size_t size;
};

static bool is(struct word word, const char *text)
{
	return word.size == strlen(text) && memcmp(word.text, text, word.size) == 0;
}

/* An empty line ends the headers. Whoever types by hand sends LF alone. */
static bool is_whole(const char *bytes, size_t size)
{
	return memmem(bytes, size, "\r\n\r\n", 4) || memmem(bytes, size, "\n\n", 2) ||
	       memmem(bytes, size, "\n\r\n", 3);
}

/* Up to the next blank or the end of line. */
static struct word take_word(const char **at, const char *end)
{
	struct word word = { .text = *at };

	while (*at < end && **at != ' ')
		(*at)++;
	word.size = (size_t)(*at - word.text);
	if (*at < end)
		(*at)++;
	return word;
}

static bool is_method(struct word word)
{
	for (size_t i = 0; i < word.size; i++)
		if (word.text[i] < 'A' || word.text[i] > 'Z')
			return false;
	return word.size > 0;
}

static struct status_request refuse(int code)
{
	return (struct status_request){ .code = code };
}

static struct status_request read_line(const char *line, const char *end)
{
	struct word method = take_word(&line, end);
	struct word target = take_word(&line, end);
	struct word version = take_word(&line, end);
	struct status_request request = { .code = 200, .head_only = is(method, "HEAD") };
	const char *query = memchr(target.text, '?', target.size);

	if (version.text + version.size != end || !is_method(method) || target.size == 0 || target.text[0] != '/')
		return refuse(400);
	if (!is(version, "HTTP/1.1") && !is(version, "HTTP/1.0"))
		return refuse(400);
	if (query)
		target.size = (size_t)(query - target.text);
	while (request.page < STATUS_PAGES && !is(target, paths[request.page]))
		request.page++;
	if (request.page == STATUS_PAGES)
		request = (struct status_request){ .code = 404, .head_only = request.head_only };
	else if (!request.head_only && !is(method, "GET"))
		request = refuse(405);
	return request;
}

bool status_request_parse(const char *bytes, size_t size, struct status_request *ret_request)
{
	const char *end = memchr(bytes, '\n', size);

	if (!is_whole(bytes, size)) {
		if (size < STATUS_REQUEST_MAX)
			return false;
		*ret_request = refuse(400);
		return true;
	}
	if (end > bytes && end[-1] == '\r')
		end--;
	*ret_request = read_line(bytes, end);
	return true;
}
