/* SPDX-License-Identifier: MIT */
/* However a file is cut into pieces, the same entries come out with the same lines, or the same error. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/ini.h"

struct result {
	uint64_t hash;
	unsigned int last_line;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void mix(struct result *result, const char *text)
{
	do
		result->hash = (result->hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	while (*text++);
}

static int take(void *arg, const struct ini_entry *entry, struct sentence *why)
{
	struct result *result = arg;

	(void)why;
	if (entry->line < result->last_line || !ini_is_name(entry->section) || !entry->key != !entry->value ||
		(entry->key && (!ini_is_name(entry->key) || !*entry->value)))
		abort();
	result->last_line = entry->line;
	mix(result, entry->name);
	mix(result, entry->key ? entry->key : "");
	mix(result, entry->value ? entry->value : "");
	return 0;
}

static struct result parse(const uint8_t *data, size_t size, size_t piece)
{
	static struct ini ini;
	struct sentence why = { "" };
	struct result result = { 0, 0 };
	int r = 0;

	ini_begin(&ini, take, &result);
	for (size_t at = 0; at < size && r == 0; at += piece)
		r = ini_feed(&ini, (const char *)data + at, size - at < piece ? size - at : piece, &why);
	if (r == 0)
		r = ini_end(&ini, &why);
	if (r < 0 && !why.text[0])
		abort();
	mix(&result, r < 0 ? why.text : "fine");
	result.last_line = ini.line;
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct result whole, pieces;

	if (size == 0)
		return 0;
	whole = parse(data, size, size);
	pieces = parse(data, size, 1 + data[0] % 13);
	if (whole.hash != pieces.hash || whole.last_line != pieces.last_line)
		abort();
	return 0;
}
