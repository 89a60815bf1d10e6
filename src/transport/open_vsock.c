/* SPDX-License-Identifier: MIT */
/* vsock://cid:port, "any" or no cid for every one this machine has, port 0 for the kernel's choice. */
#include "transport/open_vsock.h"

#include <errno.h>
#include <linux/vm_sockets.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int parse_cid(struct open_job *job, unsigned int *ret_cid)
{
	const char *host = job->url.host;
	unsigned long cid;
	char *end;

	if (host[0] == '\0' || strcmp(host, "any") == 0) {
		*ret_cid = VMADDR_CID_ANY;
		return 0;
	}
	errno = 0;
	cid = strtoul(host, &end, 10);
	if (host[0] < '0' || host[0] > '9' || *end != '\0' || errno != 0 || cid > UINT32_MAX)
		return open_job_refuse(job, -EINVAL, "'%s' is no context id: a number, or \"any\"", host);
	*ret_cid = (unsigned int)cid;
	return 0;
}

int open_vsock(struct open_job *job)
{
	struct sockaddr_vm address = {
		.svm_family = AF_VSOCK,
		.svm_port = job->url.port == 0 ? VMADDR_PORT_ANY : job->url.port,
	};
	int r = parse_cid(job, &address.svm_cid);
	int fd;

	if (r < 0)
		return r;
	fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return open_job_failed(job, -errno);
	if (bind(fd, (const void *)&address, sizeof address) < 0 || listen(fd, job->backlog) < 0)
		r = open_job_failed(job, -errno);
	if (r == 0 && open_job_add(job, fd, LISTENER_VSOCK, &r))
		return 0;
	close(fd);
	return r;
}
