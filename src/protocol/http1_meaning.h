/* SPDX-License-Identifier: MIT */
/* What the fields say of the request as a whole: host, framing, persistence, expectation. For http1.c. */
#ifndef PROTOCOL_HTTP1_MEANING_H
#define PROTOCOL_HTTP1_MEANING_H

#include "protocol/http1.h"

/* A field whose line is complete; data is what its parts are offsets of. Once for each, in their order. */
enum http1_fault http1_meaning_read(struct http1_request *request, const char *data, const struct http1_field *field);

/* All fields were read: decides what needs all of them. */
enum http1_fault http1_meaning_done(struct http1_request *request);

#endif
