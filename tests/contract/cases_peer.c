/* SPDX-License-Identifier: MIT */
/* Who speaks, and to which address. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "client.h"

static int tell_addresses(struct brood_conn *conn, void *app)
{
	struct witness *witness = app;
	struct brood_cred cred = { .pid = -1 };
	socklen_t peer_size = 0, local_size = 0;
	char question[16];
	const struct sockaddr *peer = brood_peer(conn, &peer_size);
	const struct sockaddr *local = brood_local(conn, &local_size);

	if (brood_read(conn, question, sizeof question) < 0)
		return -EIO;
	witness->count[0] = peer->sa_family;
	witness->count[1] = local->sa_family;
	witness->count[2] = (int)peer_size;
	witness->count[3] = (int)local_size;
	witness->count[4] = brood_peer_cred(conn, &cred);
	witness->count[5] = cred.pid;
	witness->count[6] = (int)brood_packet_size(conn);
	snprintf(witness->text, sizeof witness->text, "%s", brood_peer_text(conn));
	if (local->sa_family == AF_INET)
		witness->count[7] = ntohs(((const struct sockaddr_in *)(const void *)local)->sin_port);
	if (local->sa_family == AF_INET6)
		witness->count[7] = ntohs(((const struct sockaddr_in6 *)(const void *)local)->sin6_port);
	return brood_printf(conn, "told");
}

/* "127.0.0.1:PORT" of our own end. */
static void own_address(int fd, char text[64])
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} own;
	socklen_t size = sizeof own;

	CHECK(getsockname(fd, &own.any, &size) == 0);
	if (own.any.sa_family == AF_INET)
		snprintf(text, 64, "127.0.0.1:%d", ntohs(own.in.sin_port));
	else
		snprintf(text, 64, "[::1]:%d", ntohs(own.in6.sin6_port));
}

static void peer_and_local_are_what_the_client_sees(struct cell *cell)
{
	const struct witness *witness = cell->witness;
	char own[64];
	int fd;

	cell_serve(cell, &(struct brood_service){ .handler = { .handle = tell_addresses } });
	fd = client_connect(cell);
	client_say(fd, "12345");
	client_expect(fd, "told");
	CHECK_INT(witness->count[0], cell->transport->family);
	CHECK_INT(witness->count[1], cell->transport->family);
	if (cell->transport->family == AF_UNIX) {
		CHECK(strncmp(witness->text, cell->transport->datagram ? "unix:@" : "unix:", 5) == 0);
		CHECK(cell->transport->datagram || strlen(witness->text) == 5);
	} else {
		own_address(fd, own);
		CHECK_TEXT(witness->text, own);
		CHECK(strstr(witness->url[0], ":") != NULL);
		CHECK_INT(witness->count[7], atoi(strrchr(witness->url[0], ':') + 1));
	}
	client_close(fd);
}

static void credentials_are_those_of_a_unix_stream_peer(struct cell *cell)
{
	const struct witness *witness = cell->witness;
	bool has = cell->transport->family == AF_UNIX && !cell->transport->datagram;

	cell_serve(cell, &(struct brood_service){ .handler = { .handle = tell_addresses } });
	client_ask(cell, "?", "told");
	CHECK_INT(witness->count[4], has ? 0 : -EOPNOTSUPP);
	CHECK_INT(witness->count[5], has ? getpid() : -1);
}

static void packet_size_tells_the_size_of_a_datagram(struct cell *cell)
{
	cell_serve(cell, &(struct brood_service){ .handler = { .handle = tell_addresses } });
	client_ask(cell, "12345", "told");
	CHECK_INT(cell->witness->count[6], cell->transport->datagram ? 5 : -EOPNOTSUPP);
}

/* A socket for both families shows IPv4 clients as ::ffff:127.0.0.1; a handler never sees that. */
static void a_mapped_peer_comes_out_as_ipv4(struct cell *cell)
{
	const struct witness *witness = cell->witness;
	char url[64], own[64];
	int fd;

	cell_serve(
		cell, &(struct brood_service){ .listen = cell->transport->datagram ? "udp://[::]:0" : "tcp://[::]:0",
			      .handler = { .handle = tell_addresses } });
	snprintf(url, sizeof url, "tcp://127.0.0.1:%s", strrchr(witness->url[0], ':') + 1);
	fd = client_connect_to(cell, url);
	client_say(fd, "?");
	client_expect(fd, "told");
	own_address(fd, own);
	CHECK_TEXT(witness->text, own);
	CHECK_INT(witness->count[0], AF_INET);
	CHECK_INT(witness->count[1], AF_INET);
	CHECK_INT(witness->count[2], sizeof(struct sockaddr_in));
	CHECK_INT(witness->count[3], sizeof(struct sockaddr_in));
	client_close(fd);
}

const struct contract_case cases_peer[] = {
	CASE(KIND_BOTH, peer_and_local_are_what_the_client_sees),
	CASE(KIND_BOTH, credentials_are_those_of_a_unix_stream_peer),
	CASE(KIND_BOTH, packet_size_tells_the_size_of_a_datagram),
	CASE_WHERE(cell_is_inet4, KIND_BOTH, a_mapped_peer_comes_out_as_ipv4),
	{ 0 },
};
