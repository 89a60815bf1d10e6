/* SPDX-License-Identifier: MIT */
/* Whatever a server answers: it is a response, goes on or is none, and the same whole and byte by byte. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "load/response.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a response came to. */
struct end {
	bool is_none, is_over, keeps, may_end;
	unsigned int status;
	size_t taken;
};

static struct end read_response(const char *data, size_t size, size_t step, bool of_head)
{
	struct response response;
	struct end end = { 0 };

	response_begin(&response, of_head);
	while (end.taken < size && response.state != RESPONSE_OVER && !end.is_none) {
		size_t here = size - end.taken < step ? size - end.taken : step;
		ssize_t taken = response_take(&response, data + end.taken, here);

		if (taken > (ssize_t)here || (taken < (ssize_t)here && taken >= 0 && response.state != RESPONSE_OVER))
			abort();
		end.is_none = taken < 0;
		end.taken += taken > 0 ? (size_t)taken : 0;
	}
	end.is_over = response.state == RESPONSE_OVER;
	if (end.is_over && (end.is_none || response.status < 200 || response.status > 599))
		abort();
	end.status = response.status;
	end.keeps = response.keeps;
	end.may_end = response_end(&response);
	return end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool of_head = size > 0 && data[size - 1] & 1;
	struct end whole = read_response((const char *)data, size, size ? size : 1, of_head);
	struct end bytes = read_response((const char *)data, size, 1, of_head);

	if (whole.is_none != bytes.is_none || whole.is_over != bytes.is_over || whole.status != bytes.status)
		abort();
	if (!whole.is_none &&
		(whole.taken != bytes.taken || whole.keeps != bytes.keeps || whole.may_end != bytes.may_end))
		abort();
	return 0;
}
