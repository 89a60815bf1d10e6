/* SPDX-License-Identifier: MIT */
#include "limits/source.h"

#include <arpa/inet.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <string.h>

#include "base/buf.h"

_Static_assert(sizeof(struct source_key) == 20, "keys are hashed and compared whole: no padding");

unsigned int source_bits(uint8_t kind)
{
	switch (kind) {
	case SOURCE_INET:
	case SOURCE_UID:
	case SOURCE_VSOCK:
		return 32;
	case SOURCE_INET6:
		return 128;
	default:
		return 0;
	}
}

static struct source_key key_of(enum source_kind kind, const void *bytes, size_t size)
{
	struct source_key key = { .kind = (uint8_t)kind, .prefix = (uint8_t)(8 * size) };

	memcpy(key.bytes, bytes, size);
	return key;
}

struct source_key source_of_number(enum source_kind kind, uint32_t number)
{
	uint32_t ordered = htonl(number);

	return key_of(kind, &ordered, sizeof ordered);
}

/* Copied before it is looked at: address is only as aligned as its caller's buffer. */
struct source_key source_of(const struct sockaddr *address, socklen_t size, uint32_t uid)
{
	union {
		sa_family_t family;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_vm vm;
	} peer = { 0 };

	memcpy(&peer, address, size < sizeof peer ? size : sizeof peer);
	if (size >= sizeof peer.in && peer.family == AF_INET)
		return key_of(SOURCE_INET, &peer.in.sin_addr, sizeof peer.in.sin_addr);
	if (size >= sizeof peer.in6 && peer.family == AF_INET6)
		return key_of(SOURCE_INET6, &peer.in6.sin6_addr, sizeof peer.in6.sin6_addr);
	if (size >= sizeof peer.vm && peer.family == AF_VSOCK)
		return source_of_number(SOURCE_VSOCK, peer.vm.svm_cid);
	if (size >= sizeof peer.family && peer.family == AF_UNIX)
		return uid == SOURCE_NO_UID ? key_of(SOURCE_UNIX, "", 0) : source_of_number(SOURCE_UID, uid);
	return (struct source_key){ .kind = SOURCE_UNKNOWN };
}

struct source_key source_cut(const struct source_key *key, unsigned int prefix4, unsigned int prefix6)
{
	struct source_key cut = *key;
	unsigned int prefix = cut.prefix;

	if (key->kind == SOURCE_INET && prefix4 < prefix)
		prefix = prefix4;
	if (key->kind == SOURCE_INET6 && prefix6 < prefix)
		prefix = prefix6;
	cut.prefix = (uint8_t)prefix;
	for (unsigned int i = 0; i < SOURCE_BYTES; i++) {
		unsigned int counted = prefix > 8 * i ? prefix - 8 * i : 0;

		if (counted < 8)
			cut.bytes[i] &= (uint8_t)(0xff00 >> counted);
	}
	return cut;
}

bool source_is_somebody(const struct source_key *key)
{
	return source_bits(key->kind) > 0;
}

bool source_begins_with(const struct source_key *key, const struct source_key *block)
{
	struct source_key cut;

	if (block->kind == SOURCE_UNIX)
		return key->kind == SOURCE_UNIX || key->kind == SOURCE_UID;
	if (key->kind != block->kind || key->prefix < block->prefix)
		return false;
	cut = source_cut(key, block->prefix, block->prefix);
	return memcmp(cut.bytes, block->bytes, sizeof cut.bytes) == 0;
}

static void put_address(struct buf *text, int family, const struct source_key *key)
{
	char address[INET6_ADDRSTRLEN];

	inet_ntop(family, key->bytes, address, sizeof address);
	buf_puts(text, address);
	if (key->prefix < source_bits(key->kind)) {
		buf_putc(text, '/');
		buf_putu(text, key->prefix);
	}
}

static void put_number(struct buf *text, const char *word, const struct source_key *key)
{
	uint32_t ordered;

	memcpy(&ordered, key->bytes, sizeof ordered);
	buf_puts(text, word);
	buf_putu(text, ntohl(ordered));
}

void source_text(const struct source_key *key, char text[SOURCE_TEXT_SIZE])
{
	struct buf buf;

	buf_init(&buf, text, SOURCE_TEXT_SIZE);
	switch (key->kind) {
	case SOURCE_INET:
		put_address(&buf, AF_INET, key);
		break;
	case SOURCE_INET6:
		put_address(&buf, AF_INET6, key);
		break;
	case SOURCE_UNIX:
		buf_puts(&buf, "unix");
		break;
	case SOURCE_UID:
		put_number(&buf, "uid:", key);
		break;
	case SOURCE_VSOCK:
		put_number(&buf, "vsock:", key);
		break;
	default:
		buf_puts(&buf, "unknown");
	}
}
