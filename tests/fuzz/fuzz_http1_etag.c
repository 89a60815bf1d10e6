/* SPDX-License-Identifier: MIT */
/* What matches strongly matches weakly, and a tag alone matches itself. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/http1_etag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *list, size_t size, const char *etag)
{
	bool strong = http1_etag_match(list, size, etag, HTTP1_ETAG_STRONG);
	bool weak = http1_etag_match(list, size, etag, HTTP1_ETAG_WEAK);

	if (strong && !weak)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *list = (const char *)data;
	char *text = malloc(size + 1);

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	check(list, size, "\"a\"");
	check(list, size, "W/\"a\"");
	check(list, size, text);
	if (http1_etag_valid(list, size)) {
		if (!http1_etag_match(list, size, text, HTTP1_ETAG_WEAK))
			abort();
		if (http1_etag_match(list, size, text, HTTP1_ETAG_STRONG) != (text[0] == '"'))
			abort();
	}
	free(text);
	return 0;
}
