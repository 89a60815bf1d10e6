/* SPDX-License-Identifier: MIT */
/* What is chosen is available, and nothing else that is would be wanted more. */
#include <stdint.h>
#include <stdlib.h>

#include "protocol/http1_coding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_choice(const struct http1_codings *codings, unsigned int available)
{
	enum http1_coding chosen = http1_coding_choose(codings, available);
	unsigned int most = http1_coding_weight(codings, chosen);

	if (most > HTTP1_CODING_MOST || (chosen != HTTP1_IDENTITY && (most == 0 || !(available & 1U << chosen))))
		abort();
	for (enum http1_coding coding = HTTP1_GZIP; coding < HTTP1_CODINGS; coding++)
		if (available & 1U << coding && http1_coding_weight(codings, coding) > most)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http1_codings codings;

	http1_coding_begin(&codings);
	http1_coding_read(&codings, (const char *)data, size / 2);
	http1_coding_read(&codings, (const char *)data + size / 2, size - size / 2);
	for (unsigned int available = 0; available < 1U << HTTP1_CODINGS; available++)
		check_choice(&codings, available);
	return 0;
}
