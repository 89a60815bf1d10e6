/* SPDX-License-Identifier: MIT */
/* A part is never empty and never reaches over the end of the whole. */
#include <stdint.h>
#include <stdlib.h>

#include "protocol/http1_range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint64_t wholes[] = { 0, 1, 10, 10485760, INT64_MAX, UINT64_MAX };

	for (size_t i = 0; i < sizeof wholes / sizeof *wholes; i++) {
		struct http1_range range;

		if (http1_range_parse((const char *)data, size, wholes[i], &range) != HTTP1_RANGE_PART)
			continue;
		if (range.size == 0 || range.from >= wholes[i] || range.size > wholes[i] - range.from)
			abort();
	}
	return 0;
}
