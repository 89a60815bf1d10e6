/* SPDX-License-Identifier: MIT */
/*
 * tcp:// and udp://: which addresses a host means, and one socket for each. No host, or [::], means both families
 * on one socket; any other literal means its own family alone; a name means all its addresses, on one port.
 */
#include "transport/open_inet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "contract/conn.h"
#include "transport/open.h"
#include "transport/open_reuseport.h"

#define ADDRESSES_MAX 8

/* The kernel's port for the first address may be taken on the second: then both try another one. */
#define SAME_PORT_TRIES 16

struct addresses {
	size_t count;
	bool one_is_enough; /* the second is for machines without IPv6 */
	union conn_address address[ADDRESSES_MAX];
};

static in_port_t *port_of(union conn_address *address)
{
	return address->any.sa_family == AF_INET6 ? &((struct sockaddr_in6 *)(void *)address)->sin6_port
						  : &((struct sockaddr_in *)(void *)address)->sin_port;
}

static socklen_t size_of(const union conn_address *address)
{
	return address->any.sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

static bool is_every_address6(const union conn_address *address)
{
	const struct sockaddr_in6 *in6 = (const void *)address;

	return address->any.sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr);
}

static void every_address(struct addresses *addresses)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in in = { .sin_family = AF_INET };

	memcpy(&addresses->address[0], &in6, sizeof in6);
	memcpy(&addresses->address[1], &in, sizeof in);
	addresses->count = 2;
	addresses->one_is_enough = true;
}

static bool contains(const struct addresses *addresses, const union conn_address *address)
{
	for (size_t i = 0; i < addresses->count; i++)
		if (memcmp(&addresses->address[i], address, sizeof *address) == 0)
			return true;
	return false;
}

/* Literals take the same way: the resolver knows them without asking anybody. */
static int resolve(struct open_job *job, struct addresses *addresses)
{
	struct addrinfo hints = { .ai_socktype = job->url.scheme == URL_TCP ? SOCK_STREAM : SOCK_DGRAM };
	struct addrinfo *list;
	int r = getaddrinfo(job->url.host, NULL, &hints, &list);

	if (r != 0)
		return open_job_refuse(job, r == EAI_MEMORY ? -ENOMEM : -EADDRNOTAVAIL, "host '%s': %s",
			job->url.host, r == EAI_SYSTEM ? strerror(errno) : gai_strerror(r));
	for (const struct addrinfo *i = list; i && addresses->count < ADDRESSES_MAX; i = i->ai_next) {
		union conn_address address;

		if (i->ai_family != AF_INET && i->ai_family != AF_INET6)
			continue;
		memset(&address, 0, sizeof address);
		memcpy(&address, i->ai_addr, i->ai_addrlen);
		if (!contains(addresses, &address))
			addresses->address[addresses->count++] = address;
	}
	freeaddrinfo(list);
	if (addresses->count == 0)
		return open_job_refuse(job, -EADDRNOTAVAIL, "host '%s' has no address", job->url.host);
	return 0;
}

static int set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof value) < 0 ? -errno : 0;
}

/* Bound to one address of ours, a socket hears of no other, and answers from it: then being told of it with each datagram, and
 * saying it with each answer, is a tenth of what an answer costs, for nothing. */
static bool is_one_address(const union conn_address *bound)
{
	const struct sockaddr_in *in = (const void *)bound;
	const struct sockaddr_in6 *in6 = (const void *)bound;

	if (bound->any.sa_family == AF_INET)
		return in->sin_addr.s_addr != htonl(INADDR_ANY) && in->sin_addr.s_addr != htonl(INADDR_BROADCAST) &&
		       !IN_MULTICAST(ntohl(in->sin_addr.s_addr));
	return bound->any.sa_family == AF_INET6 && !IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr) &&
	       !IN6_IS_ADDR_MULTICAST(&in6->sin6_addr);
}

void open_inet_report(int fd, sa_family_t domain, const union conn_address *bound)
{
	set(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
	if (bound && is_one_address(bound))
		return;
	/* A socket for both families gets both: only the IPv4 way tells our own address of a broadcast. */
	if (domain == AF_INET6)
		set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	set(fd, IPPROTO_IP, IP_PKTINFO, 1);
}

static int prepare(const struct open_job *job, int fd, const union conn_address *address)
{
	int r = 0;

	if (address->any.sa_family == AF_INET6)
		r = set(fd, IPPROTO_IPV6, IPV6_V6ONLY, !is_every_address6(address));
	if (r < 0)
		return r;
	if (job->url.scheme == URL_UDP) {
		open_inet_report(fd, address->any.sa_family, address);
		return 0;
	}
	/* A restart must not wait for old connections in TIME_WAIT. Not for UDP: there it would let a second
	 * server take our packets. */
	r = set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	/* Accepted sockets inherit it: writes are whole answers, nothing is gained by holding them back. */
	return r < 0 ? r : set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

/* joins: others of ours have that address. */
static int open_socket(struct open_job *job, union conn_address *address, bool joins)
{
	bool tcp = job->url.scheme == URL_TCP;
	/* accept4(2) knows no MSG_DONTWAIT, so a listener is O_NONBLOCK; what it accepts is not. */
	int type = tcp ? SOCK_STREAM | SOCK_NONBLOCK : SOCK_DGRAM;
	socklen_t size = size_of(address);
	int fd = socket(address->any.sa_family, type | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return -errno;
	r = prepare(job, fd, address);
	if (r == 0 && joins)
		r = open_reuseport_allow(fd);
	if (r == 0 && bind(fd, &address->any, size) < 0)
		r = -errno;
	if (r == 0 && tcp && listen(fd, job->backlog) < 0)
		r = -errno;
	if (r == 0 && getsockname(fd, &address->any, &size) < 0)
		r = -errno;
	if (r == 0 && open_job_add(job, fd, tcp ? LISTENER_TCP : LISTENER_UDP, &r))
		return 0;
	close(fd);
	return r;
}

/* The first is bound as one that suffers no other: so it is told of a program that listens there already. */
static int open_siblings(struct open_job *job, union conn_address *address)
{
	size_t first = job->count - 1;
	int r = open_reuseport_allow(job->listeners[first].fd);

	for (unsigned int i = 1; i < job->sockets && r == 0; i++)
		r = open_socket(job, address, true);
	return r < 0 ? r : open_reuseport_keep(job->listeners[first].fd, job->sockets);
}

/* All sockets of one address: its port is chosen with the first. */
static int open_one(struct open_job *job, union conn_address *address)
{
	int r = 0;

	if (job->sockets > 1 && job->max - job->count < job->sockets)
		return -ENOBUFS;
	r = open_socket(job, address, false);
	return r == 0 && job->sockets > 1 ? open_siblings(job, address) : r;
}

static bool family_missing(int error)
{
	return error == -EAFNOSUPPORT || error == -EADDRNOTAVAIL || error == -EPROTONOSUPPORT ||
	       error == -ENOPROTOOPT;
}

/* All on one port: the kernel's choice for the first if there is none. */
static int open_all(struct open_job *job, struct addresses *addresses)
{
	in_port_t port = htons((uint16_t)job->url.port);
	int error = 0;

	for (size_t i = 0; i < addresses->count && job->count < job->max; i++) {
		union conn_address *address = &addresses->address[i];
		int r;

		*port_of(address) = port;
		r = open_one(job, address);
		if (r == 0 && addresses->one_is_enough)
			return 0;
		if (r == 0)
			port = *port_of(address);
		else if (family_missing(r) && addresses->count > 1)
			error = r;
		else
			return r;
	}
	return job->count > 0 ? 0 : error;
}

int open_inet(struct open_job *job)
{
	struct addresses addresses = { .count = 0 };
	int r = 0;

	if (job->url.host[0] == '\0')
		every_address(&addresses);
	else
		r = resolve(job, &addresses);
	if (r < 0)
		return r;
	for (int tries = 0; tries < SAME_PORT_TRIES; tries++) {
		r = open_all(job, &addresses);
		if (r != -EADDRINUSE || job->url.port != 0)
			break;
		open_job_undo(job);
	}
	return r < 0 ? open_job_failed(job, r) : 0;
}
