/* SPDX-License-Identifier: MIT */
/* What is decoded is no longer than what was written, and only what was written right is decoded. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/escapes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sentence why = { "" };
	char *text = malloc(size + 1), *bytes = malloc(size ? size : 1);
	size_t decoded = 0;
	int r;

	if (!text || !bytes)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	r = escapes_decode(text, bytes, &decoded, &why);
	if ((r < 0) != (why.text[0] != '\0') || decoded > strlen(text))
		abort();
	free(text);
	free(bytes);
	return 0;
}
