/* SPDX-License-Identifier: MIT */
/*
 * The wire between the supervisor and one service process: a SOCK_SEQPACKET pair and messages of one size. The
 * supervisor believes nothing that it reads here: whatever is not exactly a message is -EBADMSG, and
 * descriptors that came along are closed.
 */
#ifndef SUPERVISE_CHANNEL_H
#define SUPERVISE_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sentence.h"

#define CHANNEL_VERSION 1
#define CHANNEL_FDS_MAX 64

enum channel_type {
	/* to the service process */
	CHANNEL_LISTENERS = 1, /* value: how many; their descriptors come along */
	CHANNEL_DRAIN,
	CHANNEL_STOP,
	CHANNEL_REOPEN, /* the log */
	/* to the supervisor */
	CHANNEL_READY,
	CHANNEL_FAILED, /* text: why; value: exit status to give up with, or 0: try again */
	CHANNEL_TYPES
};

struct channel_message {
	uint32_t version;
	uint32_t size;
	uint32_t type; /* enum channel_type */
	int32_t value;
	char text[SENTENCE_SIZE]; /* NUL-terminated when received */
};

/* Both ends are close-on-exec. 0 or -errno. */
int channel_open(int *ret_supervisor_fd, int *ret_service_fd);

/* Never blocks. text may be NULL. 0, or -EAGAIN when the other side does not read, -EPIPE when it is gone … */
int channel_send(int fd, enum channel_type type, int value, const char *text);

/* fds are borrowed; count <= CHANNEL_FDS_MAX. */
int channel_send_listeners(int fd, const int *fds, size_t count);

/* One message, without descriptors (-EBADMSG if there are any). Never blocks: -EAGAIN if there is none, -EPIPE when
 * the other side is gone. */
int channel_receive(int fd, struct channel_message *ret_message);

/* Waits for CHANNEL_LISTENERS. -EBADMSG if something else comes. The caller owns ret_fds. */
int channel_receive_listeners(int fd, int ret_fds[static CHANNEL_FDS_MAX], size_t *ret_count);

#endif
