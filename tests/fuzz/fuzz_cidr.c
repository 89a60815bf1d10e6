/* SPDX-License-Identifier: MIT */
/* A list of blocks is understood, and then written out it means the same, or it is refused with a sentence. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "limits/cidr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cidr_list list, again;
	struct sentence why = { "" };
	char *input = malloc(size + 1), text[SOURCE_TEXT_SIZE];

	if (!input)
		return 0;
	memcpy(input, data, size);
	input[size] = '\0';
	list.count = CIDR_MAX + 1;
	if (cidr_parse(input, &list, &why) < 0 && (!why.text[0] || list.count != CIDR_MAX + 1))
		abort();
	free(input);
	for (size_t i = 0; !why.text[0] && i < list.count; i++) {
		source_text(&list.block[i], text);
		if (cidr_parse(text, &again, NULL) < 0 || again.count != 1 ||
			memcmp(&again.block[0], &list.block[i], sizeof again.block[0]) != 0)
			abort();
		if (!cidr_contains(&list, &list.block[i]))
			abort();
	}
	return 0;
}
