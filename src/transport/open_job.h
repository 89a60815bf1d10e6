/* SPDX-License-Identifier: MIT */
/* One URL being opened: what open_inet, open_unix, open_vsock and open_fd read, and where their listeners go. */
#ifndef TRANSPORT_OPEN_JOB_H
#define TRANSPORT_OPEN_JOB_H

#include "base/sentence.h"
#include "contract/listener.h"
#include "protocol/url.h"

struct open_job {
	const char *text; /* the URL as written, for sentences */
	struct url url;
	int backlog;
	unsigned int sockets; /* for each address */
	struct listener *listeners;
	size_t max;
	size_t count;
	struct sentence *why;
};

/* "cannot listen on URL: …". Returns error. */
__attribute__((format(printf, 3, 4))) int open_job_refuse(struct open_job *job, int error, const char *format, ...);

/* The same with the error's own text, and a hint where there is one to give. */
int open_job_failed(struct open_job *job, int error);

/* Take fd, a bound socket, as the next listener; its URL comes from the kernel. NULL, with a sentence and -errno in
 * *ret_error, when it cannot say its name or there is no room: fd stays the caller's. */
struct listener *open_job_add(struct open_job *job, int fd, enum listener_family family, int *ret_error);

/* Close what was opened so far, without traces. */
void open_job_undo(struct open_job *job);

#endif
