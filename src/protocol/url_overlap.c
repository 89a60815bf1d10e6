/* SPDX-License-Identifier: MIT */
/*
 * Decides which two listeners cannot stand beside each other, as the kernel decides it: tcp://:80 wants every address and
 * so tcp://127.0.0.1:80, too. Invariant: what is said to overlap does; not everything that does can be said. Called by
 * the command, to find in a configuration what would otherwise look like another program's port.
 */
#include "protocol/url_overlap.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

/* A host that is understood without asking anybody. */
struct literal {
	enum { OF_NAME, OF_V4, OF_V6, OF_BOTH } family;
	bool every; /* address of its family */
	struct in_addr v4;
	struct in6_addr v6;
};

/* An IPv6 address with a zone stays a name: it is only ever the same as itself. */
static struct literal read_host(const char *host)
{
	struct literal literal = { .family = OF_NAME };

	if (strcasecmp(host, "localhost") == 0)
		host = "127.0.0.1";
	if (host[0] == '\0') {
		literal.family = OF_BOTH;
	} else if (inet_pton(AF_INET, host, &literal.v4) == 1) {
		literal.family = OF_V4;
		literal.every = literal.v4.s_addr == INADDR_ANY;
	} else if (inet_pton(AF_INET6, host, &literal.v6) == 1) {
		/* Both families on one socket: see transport/open_inet.c. */
		literal.family = IN6_IS_ADDR_UNSPECIFIED(&literal.v6) ? OF_BOTH : OF_V6;
	}
	return literal;
}

static bool hosts_overlap(const char *a, const char *b)
{
	struct literal left = read_host(a), right = read_host(b);

	if (left.family == OF_BOTH || right.family == OF_BOTH || strcasecmp(a, b) == 0)
		return true;
	if (left.family != right.family)
		return false;
	if (left.family == OF_V4)
		return left.every || right.every || left.v4.s_addr == right.v4.s_addr;
	return left.family == OF_V6 && IN6_ARE_ADDR_EQUAL(&left.v6, &right.v6);
}

static bool contexts_overlap(const char *a, const char *b)
{
	return strcmp(a, b) == 0 || strcmp(a, "any") == 0 || strcmp(b, "any") == 0;
}

static bool is_path(const struct url *url)
{
	return (url->scheme == URL_UNIX || url->scheme == URL_UNIXGRAM) && !url->abstract;
}

bool url_overlap(const struct url *a, const struct url *b)
{
	/* Both kinds of Unix socket share the file system, but each has abstract names of its own. */
	if (is_path(a) && is_path(b))
		return strcmp(a->path, b->path) == 0;
	if (a->scheme != b->scheme)
		return false;
	if (a->scheme == URL_UNIX || a->scheme == URL_UNIXGRAM)
		return a->abstract && b->abstract && strcmp(a->path, b->path) == 0;
	if (a->scheme == URL_FD)
		return strcmp(a->host, b->host) == 0;
	if (a->port != b->port || a->port == 0)
		return false;
	return a->scheme == URL_VSOCK ? contexts_overlap(a->host, b->host) : hosts_overlap(a->host, b->host);
}
