/* SPDX-License-Identifier: MIT */
/* A decoded path has no dot segment, and written as nothing but escapes it is decoded into itself. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/http1_uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_segments(const char *path)
{
	if (*path != '/')
		abort();
	for (const char *at = path; at; at = strchr(at + 1, '/')) {
		size_t size = strcspn(at + 1, "/");

		if ((size == 1 && at[1] == '.') || (size == 2 && at[1] == '.' && at[2] == '.'))
			abort();
	}
}

static void check_round_trip(const char *path)
{
	size_t size = strlen(path), used = 0;
	char *escaped = malloc(3 * size + 1), *again = malloc(3 * size + 2);

	if (!escaped || !again)
		abort();
	for (size_t i = 0; i < size; i++) {
		if (path[i] == '/')
			escaped[used++] = '/';
		else
			used += (size_t)sprintf(escaped + used, "%%%02X", (unsigned char)path[i]);
	}
	if (http1_uri_path(escaped, used, again, 3 * size + 2, HTTP1_URI_REFUSE_SLASH) != 0 ||
		strcmp(path, again) != 0)
		abort();
	free(escaped);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const enum http1_uri_slash slashes[] = { HTTP1_URI_REFUSE_SLASH, HTTP1_URI_DECODE_SLASH };
	char *path = malloc(size + 2);

	if (!path)
		abort();
	for (size_t i = 0; i < 2; i++) {
		int r = http1_uri_path((const char *)data, size, path, size + 2, slashes[i]);

		if (r != 0 && r != -EINVAL)
			abort();
		if (r < 0)
			continue;
		check_segments(path);
		check_round_trip(path);
	}
	free(path);
	return 0;
}
