/* SPDX-License-Identifier: MIT */
/*
 * Accept-Encoding (RFC 9110, 12.5.3): which coding of what lies ready does a client want? Pure.
 *
 * Cautious: who sends no such field, or a malformed one, gets identity, though the RFC lets us send anything.
 */
#ifndef PROTOCOL_HTTP1_CODING_H
#define PROTOCOL_HTTP1_CODING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP1_CODING_MOST 1000 /* q=1: weights are thousandths */

/* Where a client likes two as much, the later is sent: its files are smaller as a rule. */
enum http1_coding {
	HTTP1_IDENTITY,
	HTTP1_GZIP,
	HTTP1_ZSTD,
	HTTP1_BROTLI,
	HTTP1_CODINGS,
};

/* What all lines of the field said. */
struct http1_codings {
	bool is_malformed;
	bool is_named[HTTP1_CODINGS + 1]; /* the last is "*" */
	uint16_t weight[HTTP1_CODINGS + 1];
};

void http1_coding_begin(struct http1_codings *codings);

/* One line's value; call it for each line of the field. A coding named twice has the lesser weight. */
void http1_coding_read(struct http1_codings *codings, const char *value, size_t size);

/* 0: not to be sent. Identity has the least weight, 1, where nothing was said of it. */
unsigned int http1_coding_weight(const struct http1_codings *codings, enum http1_coding coding);

/*
 * available: a bit (1 << coding) for each that could be sent. Identity is what remains, even to clients that refuse
 * it.
 */
enum http1_coding http1_coding_choose(const struct http1_codings *codings, unsigned int available);

/* As Content-Encoding has it: "gzip", "zstd", "br"; "identity" is never written there. */
const char *http1_coding_name(enum http1_coding coding);

#endif
