/* SPDX-License-Identifier: MIT */
#include "http/http_clock.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "core/service.h"
#include "protocol/http1_date.h"

#define LINE_SIZE (sizeof "Date: " - 1 + HTTP1_DATE_SIZE - 1 + 2)

_Static_assert(LINE_SIZE <= sizeof((struct service_date *)NULL)->line, "a line is kept as a whole");

static void make_line(int64_t now_s, char *line)
{
	char *date = stpcpy(line, "Date: ");

	http1_date_format(now_s, date);
	memcpy(line + LINE_SIZE - 2, "\r\n", 2);
}

void http_clock_put(struct brood_conn *conn, struct buf *buf)
{
	struct service_date *date = &conn->service->date;
	int64_t now_s = time(NULL);

	/* Threads share it, a forked child would copy its page: those compose it anew, in less time than either takes. */
	if (!conn->service->crowd) {
		char line[LINE_SIZE];

		make_line(now_s, line);
		buf_put(buf, line, LINE_SIZE);
		return;
	}
	if (date->second != now_s) {
		make_line(now_s, date->line);
		date->second = now_s;
	}
	buf_put(buf, date->line, LINE_SIZE);
}
