/* SPDX-License-Identifier: MIT */
#include "protocol/http1_etag.h"

#include <string.h>

#include "protocol/http1_token.h"

struct tag {
	const char *opaque; /* with its quotes */
	size_t size;
	bool weak;
};

/* How many bytes the tag at the beginning of text has; 0: there is none. */
static size_t scan_tag(const char *text, size_t size, struct tag *ret_tag)
{
	size_t opaque = size >= 2 && text[0] == 'W' && text[1] == '/' ? 2 : 0, end;

	if (opaque == size || text[opaque] != '"')
		return 0;
	for (end = opaque + 1; end < size && text[end] != '"'; end++)
		if ((unsigned char)text[end] <= ' ' || text[end] == '\x7f')
			return 0;
	if (end == size)
		return 0;
	*ret_tag = (struct tag){ .opaque = text + opaque, .size = end + 1 - opaque, .weak = opaque > 0 };
	return end + 1;
}

bool http1_etag_valid(const char *text, size_t size)
{
	struct tag tag;

	return size > 0 && scan_tag(text, size, &tag) == size;
}

static bool same(const struct tag *a, const struct tag *b, enum http1_etag_comparison comparison)
{
	if (comparison == HTTP1_ETAG_STRONG && (a->weak || b->weak))
		return false;
	return a->size == b->size && memcmp(a->opaque, b->opaque, a->size) == 0;
}

bool http1_etag_match(const char *list, size_t size, const char *etag, enum http1_etag_comparison comparison)
{
	struct tag own, tag;
	bool found = false;
	size_t taken;

	if (!etag)
		return false;
	if (size == 1 && *list == '*')
		return true;
	if (!http1_etag_valid(etag, strlen(etag)))
		return false;
	scan_tag(etag, strlen(etag), &own);
	for (size_t at = 0; at < size; at += taken) {
		at += http1_token_blanks(list + at, size - at);
		taken = at < size && list[at] != ',' ? scan_tag(list + at, size - at, &tag) : 0;
		if (taken > 0)
			found |= same(&tag, &own, comparison);
		taken += http1_token_blanks(list + at + taken, size - at - taken);
		if (at + taken == size)
			break;
		if (list[at + taken] != ',')
			return false;
		taken++;
	}
	return found;
}
