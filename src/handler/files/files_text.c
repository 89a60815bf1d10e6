/* SPDX-License-Identifier: MIT */
#include "files/files_text.h"

#include <string.h>

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-._~/", c));
}

char *files_text_url(const char *path, char *out)
{
	static const char digits[] = "0123456789ABCDEF";

	for (; *path; path++) {
		unsigned char byte = (unsigned char)*path;

		if (is_plain(*path)) {
			*out++ = *path;
			continue;
		}
		*out++ = '%';
		*out++ = digits[byte >> 4];
		*out++ = digits[byte & 15];
	}
	*out = '\0';
	return out;
}

static const char *escape_of(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return (unsigned char)c < ' ' || c == '\x7f' ? "?" : NULL;
	}
}

char *files_text_html(const char *text, char *out)
{
	for (; *text; text++) {
		const char *escape = escape_of(*text);

		if (escape)
			out = stpcpy(out, escape);
		else
			*out++ = *text;
	}
	*out = '\0';
	return out;
}

bool files_text_is_hidden(const char *path)
{
	return path[0] == '.' || strstr(path, "/.") != NULL;
}
