/* SPDX-License-Identifier: MIT */
/* What is read can be written, and reads the same. */
#include <stdint.h>
#include <stdlib.h>

#include "protocol/http1_date.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const int64_t now_s = INT64_C(1795305600);
	int64_t unix_s, again_s;
	char text[HTTP1_DATE_SIZE];

	if (http1_date_parse((const char *)data, size, now_s, &unix_s) < 0)
		return 0;
	if (unix_s == INT64_C(253402300800)) /* a leap second at the end of 9999: no year has five digits */
		return 0;
	if (http1_date_format(unix_s, text) < 0)
		abort();
	if (http1_date_parse(text, HTTP1_DATE_SIZE - 1, now_s, &again_s) < 0 || again_s != unix_s)
		abort();
	return 0;
}
