/* SPDX-License-Identifier: MIT */
#include "observe/json.h"

#include <stddef.h>

#include "observe/log_escape.h"

static void begin(struct json *json, const char *key)
{
	if (json->comma)
		buf_putc(json->buf, ',');
	json->comma = true;
	if (!key)
		return;
	buf_putc(json->buf, '"');
	buf_puts(json->buf, key);
	buf_puts(json->buf, "\":");
}

void json_open(struct json *json, const char *key, char bracket)
{
	begin(json, key);
	buf_putc(json->buf, bracket);
	json->comma = false;
}

void json_close(struct json *json, char bracket)
{
	buf_putc(json->buf, bracket);
	json->comma = true;
}

void json_text(struct json *json, const char *key, const char *text)
{
	if (!text) {
		json_null(json, key);
		return;
	}
	begin(json, key);
	buf_putc(json->buf, '"');
	log_escape(json->buf, text, LOG_ESCAPE_JSON);
	buf_putc(json->buf, '"');
}

void json_u(struct json *json, const char *key, uint64_t value)
{
	begin(json, key);
	buf_putu(json->buf, value);
}

void json_i(struct json *json, const char *key, int64_t value)
{
	begin(json, key);
	buf_puti(json->buf, value);
}

void json_tenths(struct json *json, const char *key, uint64_t tenths)
{
	json_u(json, key, tenths / 10);
	buf_putc(json->buf, '.');
	buf_putu(json->buf, tenths % 10);
}

void json_bool(struct json *json, const char *key, bool value)
{
	begin(json, key);
	buf_puts(json->buf, value ? "true" : "false");
}

void json_null(struct json *json, const char *key)
{
	begin(json, key);
	buf_puts(json->buf, "null");
}
