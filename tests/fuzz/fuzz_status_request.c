/* SPDX-License-Identifier: MIT */
/* Whatever a client sends to --status-listen: it has one of four answers, or more of it is waited for, up to the bound. */
#include <stdint.h>
#include <stdlib.h>

#include "supervise/status/status_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct status_request request = { .code = 0 };

	if (size > STATUS_REQUEST_MAX)
		return 0;
	if (!status_request_parse((const char *)data, size, &request)) {
		if (size == STATUS_REQUEST_MAX)
			abort();
		return 0;
	}
	if (request.code != 200 && request.code != 400 && request.code != 404 && request.code != 405)
		abort();
	if (request.code == 200 && request.page >= STATUS_PAGES)
		abort();
	return 0;
}
