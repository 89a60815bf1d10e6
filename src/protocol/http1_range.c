/* SPDX-License-Identifier: MIT */
#include "protocol/http1_range.h"

#include <stdbool.h>

#include "protocol/http1_token.h"

/* One range as written: "from-to", "from-" or "-to". */
struct written {
	uint64_t from, to;
	bool has_from, has_to;
};

/* Any number of digits: what no file can have counts as the largest number, which is past every end. */
static size_t take_number(const char *text, size_t size, uint64_t *ret_number)
{
	uint64_t number = 0;
	size_t taken = 0;

	for (; taken < size && text[taken] >= '0' && text[taken] <= '9'; taken++) {
		uint64_t digit = (uint64_t)(text[taken] - '0');

		number = number > (UINT64_MAX - digit) / 10 ? UINT64_MAX : number * 10 + digit;
	}
	*ret_number = number;
	return taken;
}

/* How many bytes the range at the beginning of text has; 0: there is none. */
static size_t take_range(const char *text, size_t size, struct written *ret_written)
{
	size_t taken, digits;

	taken = take_number(text, size, &ret_written->from);
	ret_written->has_from = taken > 0;
	if (taken == size || text[taken] != '-')
		return 0;
	taken++;
	digits = take_number(text + taken, size - taken, &ret_written->to);
	ret_written->has_to = digits > 0;
	return ret_written->has_from || ret_written->has_to ? taken + digits : 0;
}

/* Blanks and commas: elements of a list may be empty. Blanks where there is no comma are read, too. */
static size_t take_empty(const char *text, size_t size)
{
	size_t taken = 0;

	while (taken < size && (text[taken] == ',' || text[taken] == ' ' || text[taken] == '\t'))
		taken++;
	return taken;
}

static enum http1_range_answer apply(const struct written *written, uint64_t whole, struct http1_range *ret_range)
{
	uint64_t last = whole - 1; /* not used where whole is 0 */

	if (!written->has_from) {
		if (written->to == 0)
			return HTTP1_RANGE_UNSATISFIABLE;
		if (whole == 0)
			return HTTP1_RANGE_WHOLE;
		ret_range->size = written->to < whole ? written->to : whole;
		ret_range->from = whole - ret_range->size;
		return HTTP1_RANGE_PART;
	}
	if (written->has_to && written->to < written->from)
		return HTTP1_RANGE_WHOLE;
	if (written->from >= whole)
		return HTTP1_RANGE_UNSATISFIABLE;
	if (written->has_to && written->to < last)
		last = written->to;
	ret_range->from = written->from;
	ret_range->size = last - written->from + 1;
	return HTTP1_RANGE_PART;
}

enum http1_range_answer http1_range_parse(
	const char *value, size_t size, uint64_t whole, struct http1_range *ret_range)
{
	size_t at = http1_token_size(value, size), taken;
	struct written written = { .has_from = false };

	if (!http1_token_is(value, at, "bytes") || at == size || value[at] != '=')
		return HTTP1_RANGE_WHOLE;
	at++;
	at += take_empty(value + at, size - at);
	taken = take_range(value + at, size - at, &written);
	at += taken;
	at += take_empty(value + at, size - at);
	if (taken == 0 || at != size)
		return HTTP1_RANGE_WHOLE;
	return apply(&written, whole, ret_range);
}
