/* SPDX-License-Identifier: MIT */
/* Whatever comes as a chunked body: it is over, goes on or is refused, and the same whole and byte by byte. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "protocol/http1_chunked.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a body came to. */
struct end {
	enum http1_fault fault;
	bool over;
	uint64_t body;
	size_t read;
};

static struct end read_body(const char *data, size_t size, size_t step)
{
	struct http1_chunked chunked;
	struct end end = { .fault = HTTP1_FINE };

	http1_chunked_begin(&chunked);
	while (end.read < size && !chunked.over) {
		size_t here = size - end.read < step ? size - end.read : step;
		uint64_t body = 0, take;
		ssize_t got = http1_chunked_next(&chunked, data + end.read, here, &body);

		if (got == -EBADMSG) {
			end.fault = chunked.fault;
			break;
		}
		if (got < 0 || (size_t)got > here || (got == 0 && body == 0))
			abort();
		end.read += (size_t)got;
		take = body < here - (size_t)got ? body : here - (size_t)got;
		http1_chunked_took(&chunked, take);
		end.read += take;
		end.body += take;
	}
	end.over = chunked.over;
	return end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct end whole = read_body((const char *)data, size, size);
	struct end bytes = read_body((const char *)data, size, 1);

	if (whole.fault != bytes.fault || whole.over != bytes.over || whole.body != bytes.body)
		abort();
	if (!whole.fault && whole.read != bytes.read)
		abort();
	if (whole.fault >= HTTP1_FAULTS || (whole.over && whole.fault))
		abort();
	return 0;
}
