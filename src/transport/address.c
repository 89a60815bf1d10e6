/* SPDX-License-Identifier: MIT */
/*
 * What an address is called. Invariant: the text is printable ASCII or bytes above it, never a control
 * byte. Called by the transports (normalise), by opening (bound URLs) and by core (peer text).
 */
#include "transport/address.h"

#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "base/buf.h"

void address_normalise(union conn_address *address, socklen_t *size)
{
	struct sockaddr_in6 mapped;
	struct sockaddr_in plain = { .sin_family = AF_INET };

	if (*size < sizeof mapped || address->any.sa_family != AF_INET6)
		return;
	memcpy(&mapped, address, sizeof mapped);
	if (!IN6_IS_ADDR_V4MAPPED(&mapped.sin6_addr))
		return;
	plain.sin_port = mapped.sin6_port;
	memcpy(&plain.sin_addr, mapped.sin6_addr.s6_addr + 12, sizeof plain.sin_addr);
	memset(address, 0, sizeof mapped);
	memcpy(address, &plain, sizeof plain);
	*size = sizeof plain;
}

/* Not by inet_ntop, which is printf underneath: once per connection that is worth avoiding. */
static void put_octets(struct buf *text, const uint8_t octets[4])
{
	for (unsigned int i = 0; i < 4; i++) {
		if (i > 0)
			buf_putc(text, '.');
		buf_putu(text, octets[i]);
	}
}

static void put_inet(struct buf *text, const struct sockaddr_in *in)
{
	put_octets(text, (const void *)&in->sin_addr);
	buf_putc(text, ':');
	buf_putu(text, ntohs(in->sin_port));
}

#define GROUPS 8

struct zeros {
	unsigned int begin, end;
};

/* What "::" stands for: of two groups or more, the longest run, the first of equals. None: at the end. */
static struct zeros longest_zeros(const struct in6_addr *host)
{
	struct zeros longest = { GROUPS, GROUPS };

	for (unsigned int begin = 0; begin < GROUPS; begin++) {
		unsigned int end = begin;

		while (end < GROUPS && host->s6_addr16[end] == 0)
			end++;
		if (end - begin >= 2 && end - begin > longest.end - longest.begin)
			longest = (struct zeros){ begin, end };
		begin = end;
	}
	return longest;
}

/* ::192.0.2.1 and ::ffff:192.0.2.1, but ::1. */
static bool ends_in_ipv4(const struct in6_addr *host, struct zeros zeros)
{
	return zeros.begin == 0 && (zeros.end == 6 || (zeros.end == 5 && host->s6_addr16[5] == 0xffff));
}

static void put_group(struct buf *text, unsigned int group)
{
	int shift = 12;

	while (shift > 0 && group >> shift == 0)
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		buf_putc(text, "0123456789abcdef"[group >> shift & 15]);
}

/* As RFC 5952 wants it, and inet_ntop writes it. */
static void put_host6(struct buf *text, const struct in6_addr *host)
{
	const struct zeros zeros = longest_zeros(host);

	for (unsigned int i = 0; i < GROUPS; i++) {
		if (i == zeros.begin) {
			buf_puts(text, "::");
			i = zeros.end;
		} else if (i > 0) {
			buf_putc(text, ':');
		}
		if (i == 6 && ends_in_ipv4(host, zeros)) {
			put_octets(text, host->s6_addr + 12);
			return;
		}
		if (i < GROUPS)
			put_group(text, ntohs(host->s6_addr16[i]));
	}
}

static void put_inet6(struct buf *text, const struct sockaddr_in6 *in6)
{
	buf_putc(text, '[');
	put_host6(text, &in6->sin6_addr);
	if (in6->sin6_scope_id != 0) {
		buf_putc(text, '%');
		buf_putu(text, in6->sin6_scope_id);
	}
	buf_puts(text, "]:");
	buf_putu(text, ntohs(in6->sin6_port));
}

static void put_escaped(struct buf *text, const char *bytes, size_t size)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)bytes[i];

		if (byte >= ' ' && byte != 0x7f)
			buf_putc(text, bytes[i]);
		else
			buf_put(text, (char[]){ '\\', 'x', hex[byte >> 4], hex[byte & 15] }, 4);
	}
}

static void put_unix(struct buf *text, const struct sockaddr_un *un, socklen_t address_size)
{
	size_t size = address_size - offsetof(struct sockaddr_un, sun_path);

	buf_puts(text, "unix:");
	if (size == 0)
		return;
	if (un->sun_path[0] != '\0') {
		put_escaped(text, un->sun_path, strnlen(un->sun_path, size));
		return;
	}
	/* An abstract name is all bytes up to the size, NULs included. */
	buf_putc(text, '@');
	put_escaped(text, un->sun_path + 1, size - 1);
}

static void put_vsock(struct buf *text, const struct sockaddr_vm *vm)
{
	buf_puts(text, "vsock:");
	if (vm->svm_cid == VMADDR_CID_ANY)
		buf_puts(text, "any");
	else
		buf_putu(text, vm->svm_cid);
	buf_putc(text, ':');
	buf_putu(text, vm->svm_port);
}

void address_text(const struct sockaddr *address, socklen_t address_size, char *text, size_t text_size)
{
	struct buf buf;

	buf_init(&buf, text, text_size);
	if (address->sa_family == AF_INET && address_size >= sizeof(struct sockaddr_in))
		put_inet(&buf, (const void *)address);
	else if (address->sa_family == AF_INET6 && address_size >= sizeof(struct sockaddr_in6))
		put_inet6(&buf, (const void *)address);
	else if (address->sa_family == AF_UNIX && address_size >= sizeof(sa_family_t))
		put_unix(&buf, (const void *)address, address_size);
	else if (address->sa_family == AF_UNIX)
		buf_puts(&buf, "unix:");
	else if (address->sa_family == AF_VSOCK && address_size >= sizeof(struct sockaddr_vm))
		put_vsock(&buf, (const void *)address);
	else
		buf_puts(&buf, "unknown");
}
