/* SPDX-License-Identifier: MIT */
#include "core/rarely.h"

#include "base/clock.h"

bool rarely_may(struct rarely *cause, uint64_t *ret_unsaid)
{
	int64_t now_ns = clock_now_ns();

	if (cause->said_ns != 0 && now_ns - cause->said_ns < NS_PER_SEC) {
		cause->unsaid++;
		return false;
	}
	*ret_unsaid = cause->unsaid;
	cause->said_ns = now_ns;
	cause->unsaid = 0;
	return true;
}
