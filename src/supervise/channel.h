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
	CHANNEL_GO,            /* accept from now on: follows READY, and may come late */
	CHANNEL_YIELD,         /* accept nothing more, leave the queues alone; answered by QUIET */
	CHANNEL_LEAVE, /* drain, but for the listeners that were passed on; value: a bit for each, in the order sent */
	CHANNEL_DRAIN,
	CHANNEL_STOP,
	CHANNEL_RESIZE,    /* value: workers; answered by RESIZED */
	CHANNEL_LOG_LEVEL, /* value: enum brood_level */
	CHANNEL_REOPEN,    /* a log, as text says; value 1: its descriptor comes along; answered by REOPENED */
	/* to the supervisor */
	CHANNEL_READY,
	CHANNEL_QUIET,
	CHANNEL_RESIZED,  /* value: 0, or negative errno; text: why not */
	CHANNEL_REOPENED, /* value: 0, or negative errno; text: why not */
	CHANNEL_FAILED,   /* text: why; value: exit status to give up with, or 0: try again */
	CHANNEL_DEATH,    /* of a worker; value: its pid; text: see deaths_write */
	CHANNEL_TERM,     /* somebody else told it to end, by TERM or QUIT: what is it to do? */
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

/* CHANNEL_REOPEN. log_fd is borrowed: a service process may lack the right, or the way, to open the file itself. */
int channel_send_log(int fd, int log_fd);

/* The same for the file of its access log. */
int channel_send_access_log(int fd, int log_fd);
bool channel_is_access_log(const struct channel_message *message);

/* One message, without descriptors (-EBADMSG if there are any). Never blocks: -EAGAIN if there is none, -EPIPE when
 * the other side is gone. */
int channel_receive(int fd, struct channel_message *ret_message);

/* The same for a service process, whom a log may reach: *ret_log_fd is its own then, and -1 otherwise. CHANNEL_REOPEN of value
 * 1 without one: our table of descriptors was full, and the log is lost on the way. */
int channel_receive_order(int fd, struct channel_message *ret_message, int *ret_log_fd);

/* Waits for CHANNEL_LISTENERS. -EBADMSG if something else comes. The caller owns ret_fds. */
int channel_receive_listeners(int fd, int ret_fds[static CHANNEL_FDS_MAX], size_t *ret_count);

#endif
