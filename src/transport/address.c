/* SPDX-License-Identifier: MIT */
/*
 * What an address is called. Invariant: the text is printable ASCII or bytes above it, never a control
 * byte. Called by the transports (normalise), by opening (bound URLs) and by core (peer text).
 */
#include "transport/address.h"

#include <arpa/inet.h>
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
static void put_inet(struct buf *text, const struct sockaddr_in *in)
{
	uint32_t host = ntohl(in->sin_addr.s_addr);

	for (int shift = 24; shift >= 0; shift -= 8) {
		buf_putu(text, host >> shift & 0xff);
		if (shift > 0)
			buf_putc(text, '.');
	}
	buf_putc(text, ':');
	buf_putu(text, ntohs(in->sin_port));
}

static void put_inet6(struct buf *text, const struct sockaddr_in6 *in6)
{
	char host[INET6_ADDRSTRLEN];

	inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
	buf_putc(text, '[');
	buf_puts(text, host);
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
