/* SPDX-License-Identifier: MIT */
/* Pairs lie in order inside of the query, with nothing but '&' between them; each decodes, or is refused. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/http1_query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_part(const char *part, size_t size)
{
	char *text = malloc(size + 1);
	int r;

	if (!text || memchr(part, '&', size))
		abort();
	r = http1_query_decode(part, size, text, size + 1);
	if ((r != 0 && r != -EINVAL) || (r == 0 && strlen(text) > size))
		abort();
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size;
	struct http1_query query;
	struct http1_query_pair pair;

	http1_query_begin(&query, at, size);
	while (http1_query_next(&query, &pair)) {
		for (; at < pair.name; at++)
			if (*at != '&')
				abort();
		if (pair.name != at || pair.value != pair.name + pair.name_size + pair.has_value)
			abort();
		check_part(pair.name, pair.name_size);
		check_part(pair.value, pair.value_size);
		at = pair.value + pair.value_size;
		if (at > end || memchr(pair.name, '=', pair.name_size))
			abort();
	}
	for (; at < end; at++)
		if (*at != '&')
			abort();
	return 0;
}
