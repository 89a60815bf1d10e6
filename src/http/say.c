/* SPDX-License-Identifier: MIT */
/* Answers of brood's own: short, in plain text, and the same for everybody. */
#include <errno.h>
#include <string.h>

#include "core/io.h"
#include "http/http_private.h"
#include "protocol/http1_status.h"

#define SAY_SIZE 512

int http_status_for(int error)
{
	switch (error) {
	case -ENOENT:
		return 404;
	case -EACCES:
	case -EPERM:
		return 403;
	case -EAGAIN:
	case -EBUSY:
		return 503;
	default:
		return 500;
	}
}

void http_say_late(struct brood_http *http, unsigned int status)
{
	const char *reason = http1_status_reason(status);
	const size_t body_size = sizeof "408 \n" - 1 + strlen(reason);
	char text[SAY_SIZE];
	struct buf buf;

	buf_init(&buf, text, sizeof text);
	buf_printf(&buf,
		"HTTP/1.1 %u %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%u "
		"%s\n",
		status, reason, body_size, status, reason);
	if (http_is_head(http))
		buf.size -= body_size;
	if (io_say_late(http->conn, buf.data, buf.size)) {
		http->phase = ANSWER_COMPLETE;
		http->status = (int)status;
		http->body_sent = http_is_head(http) ? 0 : body_size;
	}
}

int brood_http_say(struct brood_http *http, int status, const char *text)
{
	char body[SAY_SIZE];
	struct buf buf;

	buf_init(&buf, body, sizeof body);
	buf_putu(&buf, (uint64_t)status);
	buf_putc(&buf, ' ');
	buf_puts(&buf, http1_status_reason((unsigned int)status));
	buf_putc(&buf, '\n');
	if (text) {
		buf_puts(&buf, text);
		buf_putc(&buf, '\n');
	}
	return brood_http_answer(http, status, "text/plain; charset=utf-8", buf.data, buf.size);
}
