/* SPDX-License-Identifier: MIT */
/*
 * Who a client is as far as limits are concerned: a network, a user of this machine, a virtual machine. Invariant: two keys
 * of the same source are the same 20 bytes (bits behind the prefix are zero), so they can be hashed and compared.
 * Peers come with IPv4-mapped addresses made plain (transport/address.h). Pure.
 */
#ifndef LIMITS_SOURCE_H
#define LIMITS_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum source_kind {
	SOURCE_UNKNOWN, /* nobody in particular: no limit per source can apply */
	SOURCE_INET,
	SOURCE_INET6,
	SOURCE_UNIX, /* somebody on this machine, by a datagram that does not say who */
	SOURCE_UID,
	SOURCE_VSOCK,
};

#define SOURCE_BYTES 16

struct source_key {
	uint8_t kind;   /* enum source_kind */
	uint8_t prefix; /* bits that count */
	uint8_t zero[2];
	uint8_t bytes[SOURCE_BYTES]; /* network byte order */
};

#define SOURCE_NO_UID    UINT32_MAX
#define SOURCE_TEXT_SIZE 64

/* The whole address. uid: of a Unix peer, or SOURCE_NO_UID. Takes any bytes for an address. */
struct source_key source_of(const struct sockaddr *address, socklen_t size, uint32_t uid);
struct source_key source_of_number(enum source_kind kind, uint32_t number); /* SOURCE_UID, SOURCE_VSOCK */

/* What of it makes a source: the first bits of an IP address, all of anything else. */
struct source_key source_cut(const struct source_key *key, unsigned int prefix4, unsigned int prefix6);

/* Limits per source apply: it is one, and can be told from others. */
bool source_is_somebody(const struct source_key *key);

unsigned int source_bits(uint8_t kind); /* of a whole address of this kind; 0 if it has none */
bool source_begins_with(const struct source_key *key, const struct source_key *block);

/* "192.0.2.0/24", "192.0.2.1", "2001:db8::/64", "uid:1000", "unix", "vsock:3": as it is written in lists; or "unknown". Takes any
 * bytes. */
void source_text(const struct source_key *key, char text[SOURCE_TEXT_SIZE]);

#endif
