/* SPDX-License-Identifier: MIT */
#include "limits/cidr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include "protocol/units.h"

#define SEPARATORS " ,\t\n"

/* Kinds that are written as a word and a number. The largest number is nobody's, in both. */
static const struct numbered {
	const char *word;
	uint8_t kind;
	const char *what;
} numbered[] = {
	{ "uid:", SOURCE_UID, "user" },
	{ "vsock:", SOURCE_VSOCK, "virtual machine" },
};

static int parse_number(
	const char *text, const struct numbered *kind, struct source_key *ret_block, struct sentence *why)
{
	uint64_t number = 0;
	const char *at;

	for (at = text; *at >= '0' && *at <= '9' && number < UINT32_MAX; at++)
		number = 10 * number + (uint64_t)(*at - '0');
	if (at == text || *at || number >= UINT32_MAX)
		return sentence_set(
			why, -EINVAL, "'%s%s' is no %s: write %sNUMBER", kind->word, text, kind->what, kind->word);
	*ret_block = source_of_number((enum source_kind)kind->kind, (uint32_t)number);
	return 0;
}

static int parse_address(const char *text, struct source_key *ret_block, struct sentence *why)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, text, &in.sin_addr) == 1) {
		*ret_block = source_of((const void *)&in, sizeof in, SOURCE_NO_UID);
		return 0;
	}
	if (inet_pton(AF_INET6, text, &in6.sin6_addr) != 1)
		return sentence_set(why, -EINVAL,
			"'%s' is no address: write 192.0.2.0/24, 2001:db8::/32, uid:1000 or unix", text);
	if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr))
		return sentence_set(
			why, -EINVAL, "'%s' is an IPv4 address inside of IPv6: write the IPv4 address", text);
	*ret_block = source_of((const void *)&in6, sizeof in6, SOURCE_NO_UID);
	return 0;
}

/* Bits behind the prefix: whoever wrote 10.1.2.3/8 meant 10.1.2.3, or 10.0.0.0/8, and one of them locks people out. */
static int cut(const char *address, int prefix, struct source_key *block, struct sentence *why)
{
	struct source_key network = source_cut(block, (unsigned int)prefix, (unsigned int)prefix);
	char right[SOURCE_TEXT_SIZE];

	if (memcmp(network.bytes, block->bytes, sizeof network.bytes) != 0) {
		source_text(&network, right);
		return sentence_set(why, -EINVAL, "'%s/%d' has bits behind its prefix: write %s, or %s alone",
			address, prefix, right, address);
	}
	*block = network;
	return 0;
}

/* text: of one block; it is cut at its slash. */
static int parse_block(char *text, struct source_key *ret_block, struct sentence *why)
{
	char *slash = strchr(text, '/');
	struct source_key block;
	int bits, prefix, r;

	if (strcmp(text, "unix") == 0) {
		*ret_block = (struct source_key){ .kind = SOURCE_UNIX };
		return 0;
	}
	for (size_t i = 0; i < sizeof numbered / sizeof *numbered; i++)
		if (strncmp(text, numbered[i].word, strlen(numbered[i].word)) == 0)
			return parse_number(text + strlen(numbered[i].word), &numbered[i], ret_block, why);
	if (slash)
		*slash = '\0';
	r = parse_address(text, &block, why);
	if (r < 0)
		return r;
	bits = (int)source_bits(block.kind);
	if (slash && units_int(slash + 1, 0, bits, &prefix, NULL) < 0)
		return sentence_set(why, -EINVAL,
			"'%s/%s' has no right prefix: write a number from 0 to %d behind the /", text, slash + 1,
			bits);
	if (slash)
		r = cut(text, prefix, &block, why);
	if (r == 0)
		*ret_block = block;
	return r;
}

static int add(struct cidr_list *list, const char *text, size_t size, struct sentence *why)
{
	char block[CIDR_TEXT_MAX + 1];

	if (size > CIDR_TEXT_MAX)
		return sentence_set(why, -EINVAL, "'%.20s...' is no address: it has %zu bytes", text, size);
	if (list->count == CIDR_MAX)
		return sentence_set(why, -E2BIG, "more than %d blocks: write larger ones", CIDR_MAX);
	memcpy(block, text, size);
	block[size] = '\0';
	return parse_block(block, &list->block[list->count++], why);
}

int cidr_parse(const char *text, struct cidr_list *ret_list, struct sentence *why)
{
	struct cidr_list list = { 0 };

	for (const char *at = text ? text : ""; *at;) {
		size_t size = strcspn(at, SEPARATORS);
		int r = size > 0 ? add(&list, at, size, why) : 0;

		if (r < 0)
			return r;
		at += size;
		at += strspn(at, SEPARATORS);
	}
	*ret_list = list;
	return 0;
}

bool cidr_contains(const struct cidr_list *list, const struct source_key *key)
{
	for (size_t i = 0; i < list->count; i++)
		if (source_begins_with(key, &list->block[i]))
			return true;
	return false;
}
