/* SPDX-License-Identifier: MIT */
/*
 * The datagram transport: one packet and its sender are a connection. Whoever accepts receives; reading gives the
 * packet and then the end; what is written is collected and leaves as one datagram, from the address that the
 * client spoke to. Invariant: the descriptor is the listener's and is never closed or changed here.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "contract/conn.h"
#include "contract/listener.h"
#include "contract/transport.h"
#include "transport/address.h"
#include "transport/open.h"

/* An earlier answer's ICMP error is reported by the next call on a connected socket. It says nothing about that
 * call, so try again; so many in a row are left for the next turn of the loop. */
#define RECEIVE_TRIES 16
#define SEND_TRIES    2

/* Room for both kinds of destination address (a socket for both families gets both) and the count of drops. */
union control {
	char bytes[CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(sizeof(struct in6_pktinfo)) +
		   CMSG_SPACE(sizeof(uint32_t))];
	size_t align; /* of struct cmsghdr, which has an array without end */
};

static bool is_stale_icmp(int error)
{
	return error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH || error == EHOSTDOWN ||
	       error == ENETDOWN || error == EPROTO || error == ENOPROTOOPT;
}

/* Where an answer must come from; the port is the socket's and is asked for only when somebody wants to know. */
static void note_destination4(struct brood_conn *conn, const struct in_pktinfo *info)
{
	/* spec_dst: ours, also where the packet itself went to a broadcast address. */
	struct sockaddr_in local = { .sin_family = AF_INET, .sin_addr = info->ipi_spec_dst };

	memset(&conn->local, 0, sizeof conn->local);
	memcpy(&conn->local, &local, sizeof local);
}

static void note_destination6(struct brood_conn *conn, const struct in6_pktinfo *info)
{
	struct sockaddr_in6 local = { .sin6_family = AF_INET6, .sin6_addr = info->ipi6_addr };
	socklen_t size = sizeof local;

	/* The interface belongs to a link-local address; elsewhere it would overrule the routes. */
	if (IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr) || IN6_IS_ADDR_MULTICAST(&info->ipi6_addr))
		local.sin6_scope_id = info->ipi6_ifindex;
	memcpy(&conn->local, &local, sizeof local);
	address_normalise(&conn->local, &size);
}

static void read_control(struct brood_conn *conn, struct msghdr *message)
{
	bool has_inet = false;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			note_destination4(conn, (const void *)CMSG_DATA(c));
			has_inet = true;
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO && !has_inet) {
			note_destination6(conn, (const void *)CMSG_DATA(c));
		} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
			memcpy(&conn->packet.dropped, CMSG_DATA(c), sizeof conn->packet.dropped);
		}
	}
}

static ssize_t receive(int fd, struct msghdr *message)
{
	socklen_t name_size = message->msg_namelen;
	size_t control_size = message->msg_controllen;
	ssize_t n;

	for (int tries = 0; tries < RECEIVE_TRIES; tries++) {
		message->msg_namelen = name_size;
		message->msg_controllen = control_size;
		n = recvmsg(fd, message, MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
		if (n >= 0)
			return n;
		if (errno != EINTR && !is_stale_icmp(errno))
			return -errno;
	}
	return -EAGAIN;
}

/* What one message is received with, or sent. */
struct parcel {
	union control control;
	struct iovec data;
};

static void prepare_to_receive(
	const struct listener *listener, struct brood_conn *conn, struct parcel *parcel, struct msghdr *message)
{
	parcel->data = (struct iovec){ .iov_base = conn->packet.data, .iov_len = conn->packet.limit + 1 };
	*message = (struct msghdr){
		.msg_name = &conn->peer,
		.msg_namelen = sizeof conn->peer,
		.msg_iov = &parcel->data,
		.msg_iovlen = 1,
	};
	/* Never for Unix sockets: room for control data is room for descriptors that a client sends along,
	 * and they would stay open here. Without room the kernel throws them away. */
	if (listener->family == LISTENER_UDP) {
		message->msg_control = &parcel->control;
		message->msg_controllen = sizeof parcel->control;
	}
}

/* size: as the sender sent it, not as it fitted. */
static void take_received(
	const struct listener *listener, struct brood_conn *conn, struct msghdr *message, size_t size)
{
	conn->fd = listener->fd;
	conn->peer_size = message->msg_namelen;
	/* What control data need not say: finish relies on the one, the kernel leaves out the other while it is 0. */
	conn->local.any.sa_family = AF_UNSPEC;
	conn->packet.dropped = 0;
	if (message->msg_namelen == 0 && listener->family == LISTENER_UNIXGRAM)
		conn->peer.any.sa_family = AF_UNIX;
	address_normalise(&conn->peer, &conn->peer_size);
	read_control(conn, message);
	conn->packet.size = size;
}

static int datagram_accept(struct listener *listener, struct brood_conn *conn)
{
	struct parcel parcel;
	struct msghdr message;
	ssize_t n;

	prepare_to_receive(listener, conn, &parcel, &message);
	n = receive(listener->fd, &message);
	if (n < 0)
		return (int)n;
	take_received(listener, conn, &message, (size_t)n);
	return (size_t)n > conn->packet.limit ? -EMSGSIZE : 0;
}

/* An error that somebody else's answer has left here is reported once, and says nothing about those who wait. */
static int receive_some(int fd, struct mmsghdr *messages, int count)
{
	int n;

	for (int tries = 0; tries < RECEIVE_TRIES; tries++) {
		n = recvmmsg(fd, messages, (unsigned int)count, MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC, NULL);
		if (n >= 0)
			return n;
		if (errno != EINTR && !is_stale_icmp(errno))
			return -errno;
	}
	return -EAGAIN;
}

static int datagram_accept_some(struct listener *listener, struct brood_conn *const *conns, int count)
{
	struct parcel parcels[TRANSPORT_BATCH];
	struct mmsghdr messages[TRANSPORT_BATCH];
	int n;

	for (int i = 0; i < count; i++)
		prepare_to_receive(listener, conns[i], &parcels[i], &messages[i].msg_hdr);
	n = receive_some(listener->fd, messages, count);
	for (int i = 0; i < n; i++)
		take_received(listener, conns[i], &messages[i].msg_hdr, messages[i].msg_len);
	return n;
}

static ssize_t datagram_recv(struct brood_conn *conn, void *buf, size_t size)
{
	struct conn_packet *packet = &conn->packet;
	size_t left = packet->size - packet->read;

	if (size > left)
		size = left;
	memcpy(buf, packet->data + packet->read, size);
	packet->read += size;
	return (ssize_t)size;
}

static ssize_t datagram_send(struct brood_conn *conn, const void *data, size_t size)
{
	struct conn_packet *packet = &conn->packet;

	if (size > packet->limit - packet->reply_size)
		return -EMSGSIZE;
	if (size > 0)
		memcpy(packet->reply + packet->reply_size, data, size);
	packet->reply_size += size;
	packet->wrote = true;
	return (ssize_t)size;
}

static ssize_t datagram_sendfile(struct brood_conn *conn, int fd, off_t offset, size_t size)
{
	(void)conn, (void)fd, (void)offset, (void)size;
	return -EOPNOTSUPP;
}

static bool datagram_pending(const struct brood_conn *conn)
{
	(void)conn;
	return true;
}

static void add_control(
	struct msghdr *message, union control *control, int level, int type, const void *data, size_t size)
{
	struct cmsghdr *c = (struct cmsghdr *)(void *)control->bytes;

	memset(control, 0, sizeof *control);
	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(c), data, size);
	message->msg_control = control;
	message->msg_controllen = CMSG_SPACE(size);
}

/* Answer from the address that was spoken to: a client that asked one address takes no answer from another. An IPv4
 * address is fine on a socket for both families, although conn->peer is no longer written the IPv6 way. */
static void add_source(struct msghdr *message, union control *control, const union conn_address *local)
{
	if (local->any.sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)local;
		struct in_pktinfo info = { .ipi_spec_dst = in->sin_addr };

		add_control(message, control, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
	} else if (local->any.sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)local;
		struct in6_pktinfo info = { .ipi6_ifindex = in6->sin6_scope_id };

		if (!IN6_IS_ADDR_MULTICAST(&in6->sin6_addr))
			info.ipi6_addr = in6->sin6_addr;
		add_control(message, control, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
	}
}

static int transmit(int fd, const struct msghdr *message)
{
	for (int tries = 0; tries < SEND_TRIES; tries++) {
		if (sendmsg(fd, message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			return 0;
		if (errno != EINTR && !is_stale_icmp(errno))
			break;
	}
	/* A Unix socket says ENOTCONN when there is no address to send to. */
	return errno == ENOTCONN ? -EDESTADDRREQ : -errno;
}

static void prepare_to_send(struct brood_conn *conn, struct parcel *parcel, struct msghdr *message)
{
	parcel->data = (struct iovec){ .iov_base = conn->packet.reply, .iov_len = conn->packet.reply_size };
	*message = (struct msghdr){
		.msg_name = conn->peer_size > 0 ? &conn->peer : NULL,
		.msg_namelen = conn->peer_size,
		.msg_iov = &parcel->data,
		.msg_iovlen = 1,
	};
	add_source(message, &parcel->control, &conn->local);
}

static int datagram_finish(struct brood_conn *conn)
{
	struct parcel parcel;
	struct msghdr message;
	int r;

	if (conn->finished || !conn->packet.wrote)
		return 0;
	prepare_to_send(conn, &parcel, &message);
	r = transmit(conn->fd, &message);
	if (r < 0)
		return r;
	conn->finished = true;
	return 0;
}

static int datagram_finish_some(struct brood_conn *const *conns, int count)
{
	struct parcel parcels[TRANSPORT_BATCH];
	struct mmsghdr messages[TRANSPORT_BATCH];
	int n;

	for (int i = 0; i < count; i++)
		prepare_to_send(conns[i], &parcels[i], &messages[i].msg_hdr);
	n = sendmmsg(conns[0]->fd, messages, (unsigned int)count, MSG_DONTWAIT | MSG_NOSIGNAL);
	for (int i = 0; i < n; i++)
		conns[i]->finished = true;
	return n > 0 ? n : 0;
}

static void datagram_abort(struct brood_conn *conn)
{
	conn->packet.reply_size = 0;
	conn->packet.wrote = false;
}

/* What accept learned, completed by what the socket knows. */
static int datagram_local(struct brood_conn *conn)
{
	union conn_address bound;
	socklen_t size = sizeof bound;
	in_port_t port;

	if (getsockname(conn->fd, &bound.any, &size) < 0)
		return -errno;
	if (bound.any.sa_family != AF_INET && bound.any.sa_family != AF_INET6) {
		memcpy(&conn->local, &bound, size);
		conn->local_size = size;
		return 0;
	}
	/* Both families have their port in the same place. */
	port = ((const struct sockaddr_in *)(const void *)&bound)->sin_port;
	if (conn->local.any.sa_family == AF_INET || conn->local.any.sa_family == AF_INET6) {
		((struct sockaddr_in *)(void *)&conn->local)->sin_port = port;
		conn->local_size = conn->local.any.sa_family == AF_INET ? sizeof(struct sockaddr_in)
									: sizeof(struct sockaddr_in6);
		return 0;
	}
	memcpy(&conn->local, &bound, size);
	conn->local_size = size;
	address_normalise(&conn->local, &conn->local_size);
	return 0;
}

static void datagram_close(struct brood_conn *conn)
{
	conn->fd = -1;
}

const struct transport_ops transport_datagram = {
	.name = "datagram",
	.datagram = true,
	.accept = datagram_accept,
	.accept_some = datagram_accept_some,
	.recv = datagram_recv,
	.send = datagram_send,
	.sendfile = datagram_sendfile,
	.pending = datagram_pending,
	.finish = datagram_finish,
	.finish_some = datagram_finish_some,
	.abort = datagram_abort,
	.local = datagram_local,
	.close = datagram_close,
};
