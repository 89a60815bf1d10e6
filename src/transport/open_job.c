/* SPDX-License-Identifier: MIT */
/*
 * What all kinds of URL have in common while they are opened: sentences, and turning a bound socket into a
 * listener. Called by open.c and its kinds only.
 */
#include "transport/open_job.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "transport/address.h"
#include "transport/open.h"

int open_job_refuse(struct open_job *job, int error, const char *format, ...)
{
	char reason[SENTENCE_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof reason, format, args);
	va_end(args);
	return sentence_set(job->why, error, "cannot listen on %.200s: %.280s", job->text, reason);
}

static const char *hint(const struct open_job *job, int error)
{
	bool inet = job->url.scheme == URL_TCP || job->url.scheme == URL_UDP;
	bool has_port = inet || job->url.scheme == URL_VSOCK;

	if (inet && error == -EACCES && job->url.port < 1024)
		return " (ports below 1024 are for root, or need CAP_NET_BIND_SERVICE)";
	if (has_port && error == -EADDRINUSE)
		return " (another program listens there; port 0 lets the kernel choose a free one)";
	if (job->url.abstract && error == -EADDRINUSE)
		return " (another program has that name: stop it, or choose another name)";
	if (inet && error == -EADDRNOTAVAIL)
		return " (this machine does not have that address)";
	if (error == -ENOBUFS)
		return " (more sockets than a service may have)";
	if (error == -EMFILE)
		return " (raise ulimit -n)";
	return "";
}

int open_job_failed(struct open_job *job, int error)
{
	return open_job_refuse(job, error, "%s%s", strerror(-error), hint(job, error));
}

/* address_text, as a URL: the schemes of Unix and vsock differ a little from the names of their addresses. */
static void name(struct listener *listener, const union conn_address *address, socklen_t size)
{
	static const char *const schemes[] = {
		[LISTENER_TCP] = "tcp://",
		[LISTENER_UDP] = "udp://",
		[LISTENER_UNIX] = "unix:",
		[LISTENER_UNIXGRAM] = "unixgram:",
		[LISTENER_VSOCK] = "vsock://",
	};
	char text[LISTENER_URL_SIZE];
	const char *rest = text;
	struct buf url;

	address_text(&address->any, size, text, sizeof text);
	if (listener->family == LISTENER_UNIX || listener->family == LISTENER_UNIXGRAM)
		rest += strlen("unix:");
	else if (listener->family == LISTENER_VSOCK)
		rest += strlen("vsock:");
	buf_init(&url, listener->url, sizeof listener->url);
	buf_puts(&url, schemes[listener->family]);
	buf_puts(&url, rest);
}

struct listener *open_job_add(struct open_job *job, int fd, enum listener_family family, int *ret_error)
{
	struct listener *listener = &job->listeners[job->count];
	union conn_address address;
	socklen_t size = sizeof address;

	if (job->count == job->max) {
		*ret_error = open_job_failed(job, -ENOBUFS);
		return NULL;
	}
	if (getsockname(fd, &address.any, &size) < 0) {
		*ret_error = open_job_failed(job, -errno);
		return NULL;
	}
	*listener = (struct listener){
		.fd = fd,
		.family = family,
		.transport = family == LISTENER_UDP || family == LISTENER_UNIXGRAM ? &transport_datagram
										   : &transport_stream,
		.lock_fd = -1,
	};
	name(listener, &address, size);
	job->count++;
	return listener;
}

void open_job_undo(struct open_job *job)
{
	while (job->count > 0)
		open_close(&job->listeners[--job->count], true);
}
