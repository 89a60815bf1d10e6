/* SPDX-License-Identifier: MIT */
#include "protocol/http1_coding.h"

#include "protocol/http1_token.h"

#define ANY HTTP1_CODINGS

static const char names[HTTP1_CODINGS + 1][10] = {
	[HTTP1_IDENTITY] = "identity",
	[HTTP1_GZIP] = "gzip",
	[HTTP1_ZSTD] = "zstd",
	[HTTP1_BROTLI] = "br",
	[ANY] = "*",
};

void http1_coding_begin(struct http1_codings *codings)
{
	*codings = (struct http1_codings){ .is_malformed = false };
}

/* Which row a name is; -1 is one that we do not know. */
static int row_of(const char *name, size_t size)
{
	for (int i = 0; i <= ANY; i++)
		if (http1_token_is(name, size, names[i]))
			return i;
	return http1_token_is(name, size, "x-gzip") ? HTTP1_GZIP : -1; /* 8.4.1.3 */
}

/* "0", "0.5", "1.000": how many bytes, 0 if this is no weight. */
static size_t take_weight(const char *text, size_t size, unsigned int *ret_weight)
{
	unsigned int weight, place = HTTP1_CODING_MOST / 10;
	size_t taken = 1;

	if (size == 0 || (*text != '0' && *text != '1'))
		return 0;
	weight = *text == '1' ? HTTP1_CODING_MOST : 0;
	if (taken < size && text[taken] == '.')
		for (taken++; taken < size && place > 0 && text[taken] >= '0' && text[taken] <= '9'; taken++) {
			weight += place * (unsigned int)(text[taken] - '0');
			place /= 10;
		}
	if (weight > HTTP1_CODING_MOST)
		return 0;
	*ret_weight = weight;
	return taken;
}

/* ";q=…", or nothing, then blanks. false: malformed. */
static bool take_parameter(const char *text, size_t size, size_t *ret_taken, unsigned int *weight)
{
	size_t at = http1_token_blanks(text, size), digits;

	if (at < size && text[at] == ';') {
		at++;
		at += http1_token_blanks(text + at, size - at);
		if (size - at < 2 || !http1_token_is(text + at, 2, "q="))
			return false;
		at += 2;
		digits = take_weight(text + at, size - at, weight);
		if (digits == 0)
			return false;
		at += digits;
		at += http1_token_blanks(text + at, size - at);
	}
	*ret_taken = at;
	return true;
}

static void note(struct http1_codings *codings, int row, unsigned int weight)
{
	if (row < 0 || (codings->is_named[row] && codings->weight[row] <= weight))
		return;
	codings->is_named[row] = true;
	codings->weight[row] = (uint16_t)weight;
}

/* One element of the list, maybe an empty one, up to its comma or the end. false: malformed. */
static bool read_element(struct http1_codings *codings, const char *text, size_t size, size_t *ret_taken)
{
	size_t at = http1_token_blanks(text, size), name = http1_token_size(text + at, size - at), taken = 0;
	unsigned int weight = HTTP1_CODING_MOST;

	if (name > 0) {
		if (!take_parameter(text + at + name, size - at - name, &taken, &weight))
			return false;
		note(codings, row_of(text + at, name), weight);
	}
	at += name + taken;
	*ret_taken = at;
	return at == size || text[at] == ',';
}

void http1_coding_read(struct http1_codings *codings, const char *value, size_t size)
{
	size_t taken = 0;

	for (size_t at = 0; at <= size; at += taken + 1)
		if (!read_element(codings, value + at, size - at, &taken)) {
			codings->is_malformed = true;
			return;
		}
}

unsigned int http1_coding_weight(const struct http1_codings *codings, enum http1_coding coding)
{
	if (!codings->is_malformed && codings->is_named[coding])
		return codings->weight[coding];
	if (!codings->is_malformed && codings->is_named[ANY])
		return codings->weight[ANY];
	return coding == HTTP1_IDENTITY ? 1 : 0;
}

enum http1_coding http1_coding_choose(const struct http1_codings *codings, unsigned int available)
{
	enum http1_coding best = HTTP1_IDENTITY;

	for (enum http1_coding coding = HTTP1_GZIP; coding < HTTP1_CODINGS; coding++) {
		unsigned int weight = http1_coding_weight(codings, coding);

		if (available & 1U << coding && weight > 0 && weight >= http1_coding_weight(codings, best))
			best = coding;
	}
	return best;
}

const char *http1_coding_name(enum http1_coding coding)
{
	return names[coding];
}
