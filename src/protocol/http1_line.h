/* SPDX-License-Identifier: MIT */
/* What a request line says, once all of it is there. For http1.c. */
#ifndef PROTOCOL_HTTP1_LINE_H
#define PROTOCOL_HTTP1_LINE_H

#include "protocol/http1.h"

/*
 * The line begins with request->method, which is a token with a space after it, and ends before line_end; of control
 * bytes it has at most HTAB. Fills in target, path, query, form, minor, and host if the target has one.
 */
enum http1_fault http1_line_read(struct http1_request *request, const char *data, uint32_t line_end);

#endif
