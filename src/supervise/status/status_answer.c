/* SPDX-License-Identifier: MIT */
/*
 * Decides codes, types and texts. Invariant: each answer is whole and says its length; what is the size of an answer depends on
 * the configuration, never on who asks.
 */
#include "supervise/status/status_answer.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "observe/metrics.h"
#include "supervise/status/status_request.h"
#include "supervise/status/status_view.h"

#define HEAD_SIZE  512
#define BODY_FIRST (64 * 1024)
#define BODY_MAX   (16 * 1024 * 1024) /* 128 services take less than three */

struct body {
	struct buf text;
	int code;
	const char *type;
};

static const char *phrase(int code)
{
	switch (code) {
	case 200:
		return "OK";
	case 400:
		return "Bad Request";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	default:
		return "Service Unavailable";
	}
}

static void refuse(struct body *body)
{
	if (body->code == 400)
		buf_puts(&body->text, "this is no HTTP request, or too long a one\n");
	else if (body->code == 404)
		buf_puts(&body->text, "there are /healthz, /readyz and /metrics\n");
	else
		buf_puts(&body->text, "GET and HEAD are all that is understood\n");
}

/* Who reads this knows that the supervisor lives: its death is ours. */
static void write_page(struct body *body, struct status_view *view, enum status_page page)
{
	if (page == STATUS_HEALTHZ) {
		buf_puts(&body->text, "ok\n");
	} else if (status_view_refresh(view) < 0) {
		body->code = 503;
		buf_puts(&body->text, "the supervisor does not say at the moment\n");
	} else if (page == STATUS_READYZ) {
		body->code = status_view_readyz(view, &body->text) ? 200 : 503;
	} else {
		body->type = METRICS_CONTENT_TYPE;
		status_view_metrics(view, &body->text);
	}
}

static bool write_body(struct body *body, struct status_view *view, const struct status_request *request, size_t size)
{
	char *memory = malloc(size);

	if (!memory)
		return false;
	*body = (struct body){ .code = request->code, .type = "text/plain; charset=utf-8" };
	buf_init(&body->text, memory, size);
	if (request->code == 200)
		write_page(body, view, request->page);
	else
		refuse(body);
	return true;
}

static char *put_together(const struct body *body, bool head_only, size_t *ret_size)
{
	char memory[HEAD_SIZE];
	struct buf head;
	size_t size = head_only ? 0 : body->text.size;
	char *answer;

	buf_init(&head, memory, sizeof memory);
	buf_printf(&head, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n", body->code,
		phrase(body->code), body->type, body->text.size);
	if (body->code == 405)
		buf_puts(&head, "Allow: GET, HEAD\r\n");
	buf_puts(&head, "Cache-Control: no-store\r\nConnection: close\r\n\r\n");
	answer = malloc(head.size + size);
	if (!answer)
		return NULL;
	memcpy(answer, head.data, head.size);
	memcpy(answer + head.size, body->text.data, size);
	*ret_size = head.size + size;
	return answer;
}

char *status_answer(struct status_view *view, const struct status_request *request, size_t *ret_size)
{
	struct body body;
	char *answer;

	for (size_t size = BODY_FIRST; size <= BODY_MAX; size *= 2) {
		if (!write_body(&body, view, request, size))
			return NULL;
		answer = body.text.truncated ? NULL : put_together(&body, request->head_only, ret_size);
		free(body.text.data);
		if (answer)
			return answer;
	}
	return NULL;
}
