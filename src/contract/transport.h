/* SPDX-License-Identifier: MIT */
/*
 * What a transport is: how bytes come and go on a descriptor. Every operation tries once and never
 * blocks (per-call MSG_DONTWAIT: a descriptor's flags are shared with all its duplicates); waiting is
 * core's, by way of the model's wait. Called from any worker, concurrently for different connections.
 */
#ifndef CONTRACT_TRANSPORT_H
#define CONTRACT_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct brood_conn;
struct listener;

/* Datagrams received or sent by one system call. */
#define TRANSPORT_BATCH 32

struct transport_ops {
	const char *name;
	bool datagram;

	/* In the process that accepts. Fills in fd, peer, peer_size of a zeroed conn (datagram: also packet,
	 * local; conn->packet.data has room for packet.limit + 1 bytes). 0, -EAGAIN (nothing there), -EMSGSIZE (a
	 * datagram longer than packet.limit: peer is filled in, the rest is gone), or the errno of accept4(2) or
	 * recvmsg(2). The descriptor is close-on-exec. IPv4-mapped peers come out as IPv4. */
	int (*accept)(struct listener *listener, struct brood_conn *conn);

	/* The same for up to count datagrams, count at most TRANSPORT_BATCH: how many conns, the first ones, are filled in; one
	 * whose packet.size is beyond packet.limit was too long. NULL: one at a time. */
	int (*accept_some)(struct listener *listener, struct brood_conn *const *conns, int count);

	/* Bytes, 0 at the end of input, -EAGAIN, or -errno. EINTR is retried. */
	ssize_t (*recv)(struct brood_conn *conn, void *buf, size_t size);

	/* The same, but waits as long as the socket does by itself; -EAGAIN also when it was interrupted. NULL: cannot. */
	ssize_t (*recv_first)(struct brood_conn *conn, void *buf, size_t size);

	/* Bytes taken (may be fewer), -EAGAIN, or -errno; never a SIGPIPE. */
	ssize_t (*send)(struct brood_conn *conn, const void *data, size_t size);

	/* Bytes sent from a file, 0 at its end, -EAGAIN, -EOPNOTSUPP, or -errno. */
	ssize_t (*sendfile)(struct brood_conn *conn, int fd, off_t offset, size_t size);

	/* True if recv would give bytes without asking the descriptor (held back or decrypted). */
	bool (*pending)(const struct brood_conn *conn);

	/* True if recv would not answer -EAGAIN: asks the descriptor. Streams only. */
	bool (*readable)(const struct brood_conn *conn);

	/* No more from us. Stream: half-close. Datagram: send what was collected. Idempotent. 0, -EAGAIN, -errno. */
	int (*finish)(struct brood_conn *conn);

	/* The same for count datagrams of one descriptor, count at most TRANSPORT_BATCH: how many, the first ones, have left.
	 * Whoever is next is to be tried alone. NULL: one at a time. */
	int (*finish_some)(struct brood_conn *const *conns, int count);

	/* Prepare a reset: what close then sends. Never fails. */
	void (*abort)(struct brood_conn *conn);

	/* Fill in conn->local, local_size. 0 or -errno. */
	int (*local)(struct brood_conn *conn);

	/* Give back the descriptor if it is the connection's own. Idempotent. */
	void (*close)(struct brood_conn *conn);
};

#endif
