/* SPDX-License-Identifier: MIT */
#include "protocol/http1_query.h"

#include <errno.h>
#include <string.h>

#include "protocol/http1_uri.h"

void http1_query_begin(struct http1_query *query, const char *raw, size_t size)
{
	query->at = raw;
	query->end = raw + size;
}

bool http1_query_next(struct http1_query *query, struct http1_query_pair *ret_pair)
{
	const char *name, *end, *equals;

	while (query->at < query->end && *query->at == '&')
		query->at++;
	if (query->at == query->end)
		return false;
	name = query->at;
	end = memchr(name, '&', (size_t)(query->end - name));
	if (!end)
		end = query->end;
	equals = memchr(name, '=', (size_t)(end - name));
	ret_pair->has_value = equals != NULL;
	ret_pair->name = name;
	ret_pair->name_size = (size_t)((equals ? equals : end) - name);
	ret_pair->value = equals ? equals + 1 : end;
	ret_pair->value_size = (size_t)(end - ret_pair->value);
	query->at = end;
	return true;
}

int http1_query_decode(const char *raw, size_t size, char *buf, size_t buf_size)
{
	size_t used = 0;

	for (size_t at = 0; at < size; at++, used++) {
		int byte = raw[at] == '+' ? ' ' : (unsigned char)raw[at];

		if (byte == '%') {
			byte = http1_uri_escape(raw + at, size - at);
			at += 2;
		}
		if (byte <= 0)
			return -EINVAL;
		if (used + 1 >= buf_size)
			return -EMSGSIZE;
		buf[used] = (char)byte;
	}
	if (buf_size == 0)
		return -EMSGSIZE;
	buf[used] = '\0';
	return 0;
}
