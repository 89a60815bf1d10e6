/* SPDX-License-Identifier: MIT */
#include "protocol/http1_field.h"

#include "protocol/http1_scan.h"
#include "protocol/http1_token.h"

static const char reserved[][20] = {
	"Connection",
	"Content-Length",
	"Date",
	"Keep-Alive",
	"Proxy-Connection",
	"TE",
	"Trailer",
	"Transfer-Encoding",
	"Upgrade",
};

bool http1_field_name_valid(const char *name, size_t size)
{
	return size > 0 && http1_token_size(name, size) == size;
}

bool http1_field_value_valid(const char *value, size_t size)
{
	if (size > 0 && (http1_token_blanks(value, 1) || http1_token_blanks(value + size - 1, 1)))
		return false;
	return http1_scan_text(value, value + size) == value + size;
}

bool http1_field_reserved(const char *name, size_t size)
{
	for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
		if (http1_token_is(name, size, reserved[i]))
			return true;
	return false;
}
