/* SPDX-License-Identifier: MIT */
/*
 * JSON, appended to a buf piece by piece: commas come by themselves, foreign texts are escaped. Whoever empties the buf between
 * two pieces may do so anywhere.
 *
 *   json_open(&json, NULL, '{'); json_u(&json, "pid", 7); json_close(&json, '}');     {"pid":7}
 */
#ifndef OBSERVE_JSON_H
#define OBSERVE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct json {
	struct buf *buf;
	bool comma; /* something stands before the next value */
};

/* key: NULL in an array and at the top. bracket: '{' or '['. */
void json_open(struct json *json, const char *key, char bracket);
void json_close(struct json *json, char bracket); /* '}' or ']' */

void json_text(struct json *json, const char *key, const char *text); /* NULL: null */
void json_u(struct json *json, const char *key, uint64_t value);
void json_i(struct json *json, const char *key, int64_t value);
void json_tenths(struct json *json, const char *key, uint64_t tenths); /* 15: 1.5 */
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);

#endif
