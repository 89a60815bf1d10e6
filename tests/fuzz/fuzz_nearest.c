/* SPDX-License-Identifier: MIT */
/* Two words, separated by the first newline: the distance is one (symmetric, zero for equals only, at most the
 * longer). */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/nearest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_distance(const char *a, const char *b)
{
	size_t longer = strlen(a) > strlen(b) ? strlen(a) : strlen(b);
	unsigned int edits = nearest_edits(a, b);

	if (edits != nearest_edits(b, a))
		abort();
	if (longer > NEAREST_WORD_MAX ? edits <= NEAREST_WORD_MAX
				      : edits > longer || (edits == 0) != (strcmp(a, b) == 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nearest nearest;
	char text[256];
	char *newline;

	if (size >= sizeof text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	newline = strchr(text, '\n');
	if (!newline)
		return 0;
	*newline = '\0';
	check_distance(text, newline + 1);
	nearest_begin(&nearest, text);
	nearest_offer(&nearest, newline + 1);
	if (nearest_found(&nearest) && nearest_found(&nearest) != newline + 1)
		abort();
	return 0;
}
