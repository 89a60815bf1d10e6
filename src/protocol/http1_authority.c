/* SPDX-License-Identifier: MIT */
/*
 * Decides what is a host and a port. Invariant: no '@' passes, so what one server takes for user information no other
 * takes for the host (RFC 9110, 4.2.4). Called for Host and for targets.
 */
#include "protocol/http1_authority.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "protocol/http1_scan.h"

#define PORT_MAX 65535

/* "[::1]". RFC 3986 also knows "[v1.…]", addresses of the future, which nobody has: refused. */
static const char *end_of_literal(const char *at, const char *end)
{
	const char *bracket = memchr(at, ']', (size_t)(end - at));
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;
	size_t size;

	if (!bracket)
		return NULL;
	size = (size_t)(bracket - at - 1);
	if (size >= sizeof text || memchr(at + 1, '\0', size))
		return NULL;
	memcpy(text, at + 1, size);
	text[size] = '\0';
	return inet_pton(AF_INET6, text, &address) == 1 ? bracket + 1 : NULL;
}

/* A registered name; an IPv4 address is one, too. */
static const char *end_of_name(const char *at, const char *end)
{
	for (;;) {
		at = http1_scan_run(at, end, HTTP1_SCAN_HOST);
		if (at == end || *at != '%')
			return at;
		if (end - at < 3 || !http1_scan_is(at[1], HTTP1_SCAN_HEX) || !http1_scan_is(at[2], HTTP1_SCAN_HEX))
			return NULL;
		at += 3;
	}
}

static const char *end_of_host(const char *at, const char *end)
{
	const char *host_end;

	if (at == end)
		return NULL;
	host_end = *at == '[' ? end_of_literal(at, end) : end_of_name(at, end);
	return host_end == at ? NULL : host_end;
}

/* at: after the colon. */
static bool is_port(const char *at, const char *end, unsigned int min)
{
	unsigned int port = 0;

	for (; at < end && http1_scan_is(*at, HTTP1_SCAN_DIGIT) && port <= PORT_MAX; at++)
		port = port * 10 + (unsigned int)(*at - '0');
	return at == end && port >= min && port <= PORT_MAX;
}

bool http1_authority_fits(const char *at, size_t size)
{
	const char *end = at + size;
	const char *host_end = end_of_host(at, end);

	return host_end && (host_end == end || (*host_end == ':' && is_port(host_end + 1, end, 0)));
}

bool http1_authority_has_port(const char *at, size_t size)
{
	const char *end = at + size;
	const char *host_end = end_of_host(at, end);

	return host_end && host_end < end && *host_end == ':' && is_port(host_end + 1, end, 1);
}
