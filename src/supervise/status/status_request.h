/* SPDX-License-Identifier: MIT */
/* The little of HTTP that --status-listen understands: one request, GET or HEAD, of one of three pages. Pure. */
#ifndef SUPERVISE_STATUS_REQUEST_H
#define SUPERVISE_STATUS_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

/* Request line and headers together; more is a bad request. */
#define STATUS_REQUEST_MAX 4096

enum status_page { STATUS_HEALTHZ, STATUS_READYZ, STATUS_METRICS, STATUS_PAGES };

struct status_request {
	int code; /* 200: page is one of them; else what to refuse with: 400, 404, 405 */
	bool head_only;
	enum status_page page;
};

/* Looks at what came so far. False: it is no whole request yet, and more bytes may make it one. */
bool status_request_parse(const char *bytes, size_t size, struct status_request *ret_request);

#endif
