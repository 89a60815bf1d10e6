/* SPDX-License-Identifier: MIT */
#include "protocol/http1_token.h"

static const bool token_bytes[256] = {
	['!'] = true,
	['#' ... '\''] = true,
	['*'] = true,
	['+'] = true,
	['-'] = true,
	['.'] = true,
	['0' ... '9'] = true,
	['A' ... 'Z'] = true,
	['^' ... 'z'] = true, /* ^ _ ` a … z */
	['|'] = true,
	['~'] = true,
};

size_t http1_token_size(const char *text, size_t size)
{
	size_t taken = 0;

	while (taken < size && token_bytes[(unsigned char)text[taken]])
		taken++;
	return taken;
}

size_t http1_token_blanks(const char *text, size_t size)
{
	size_t taken = 0;

	while (taken < size && (text[taken] == ' ' || text[taken] == '\t'))
		taken++;
	return taken;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool http1_token_is(const char *text, size_t size, const char *word)
{
	for (size_t i = 0; i < size; i++)
		if (!word[i] || lower(text[i]) != lower(word[i]))
			return false;
	return !word[size];
}
